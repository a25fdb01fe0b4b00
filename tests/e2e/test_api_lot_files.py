"""Photos, documents and notices of lots over HTTP: who may do what, and how files are handed out."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

from exchange.people import Role
from tests.e2e.test_api_lots import LOT
from tests.served import API, Person, Served

PDF = b"%PDF-1.4\n%%EOF\n"


def photo() -> bytes:
    written = BytesIO()
    Image.new("RGB", (800, 500), (30, 90, 160)).save(written, "JPEG")
    return written.getvalue()


async def sent(person: Person, lot: int, name: str, content: bytes, **query: Any) -> tuple[int, Any]:
    options = {"data": content, "params": query, "headers": {"X-File-Name": quote(name)}}
    return await person.ask("POST", f"/lots/{lot}/files", **options)


@pytest.fixture
async def host(floor: Served) -> Person:
    return await floor.program("host", Role.HOST)


async def test_files_are_published_handed_out_and_removed(floor: Served, host: Person) -> None:
    lot = (await host.post("/lots", LOT))["lot"]
    visitor = await floor.nobody()
    status, picture = await sent(host, lot, "东侧.jpg", photo(), caption_zh="东侧", caption_en="East")
    assert (status, picture["caption"]["en"], picture["width"]) == (201, "East", 800)
    text = "说明\n".encode() * 200_000
    for name, content in (("规则.pdf", PDF), ("说明.txt", text)):
        assert (await sent(host, lot, name, content))[0] == 201
    listed = (await visitor.get(f"/lots/{lot}/files"))["files"]
    assert [one["name"] for one in listed] == ["东侧.jpg", "规则.pdf", "说明.txt"]
    for one, manner, policy in (
        (listed[0], "inline", "sandbox"),
        (listed[1], "inline", "default-src 'none'"),
        (listed[2], "attachment", "sandbox"),
    ):
        async with visitor.http.get(f"{API}/files/{one['id']}") as answer:
            assert answer.status == 200 and len(await answer.read()) == one["size"]
            assert answer.headers["Content-Type"] == one["media_type"]
            assert answer.headers["Content-Disposition"] == f"{manner}; filename*=UTF-8''{quote(one['name'])}"
            assert answer.headers["Content-Security-Policy"].startswith(policy)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"].startswith("public, max-age=")
            etag = answer.headers["ETag"]
            assert etag == f'"{one["sha256"]}"'
        async with visitor.http.get(f"{API}/files/{one['id']}", headers={"If-None-Match": etag}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
    async with visitor.http.get(f"{API}/files/{picture['id']}/thumbnail") as answer:
        assert answer.headers["Content-Type"] == "image/jpeg"
        with Image.open(BytesIO(await answer.read())) as small:
            assert small.size == (480, 300)
    address = f"/files/{picture['id']}"
    assert (await host.ask("DELETE", address, {"reason": "  "}))[1]["code"] == "INVALID"
    status, gone = await host.ask("DELETE", address, {"reason": "wrong lot"})
    assert status == 200 and gone["removed_reason"] == "wrong lot"
    for path in (address, f"{address}/thumbnail", f"/files/{listed[1]['id']}/thumbnail", "/files/999"):
        assert (await visitor.ask("GET", path))[1]["code"] == "FILE_UNKNOWN"
    assert len((await visitor.get(f"/lots/{lot}/files?removed=true"))["files"]) == 2
    assert len((await host.get(f"/lots/{lot}/files?removed=true"))["files"]) == 3


async def test_what_is_not_taken_is_said(floor: Served, host: Person) -> None:
    lot = (await host.post("/lots", LOT))["lot"]
    for content, code in (
        (b"", "FILE_EMPTY"),
        (b"GIF89a\0", "FILE_TYPE_UNKNOWN"),
        (photo()[:300], "PICTURE_DAMAGED"),
    ):
        assert (await sent(host, lot, "x.jpg", content))[1]["code"] == code
    assert (await sent(host, 999, "x.pdf", PDF))[1]["code"] == "LOT_UNKNOWN"
    bidder, nobody = await floor.program("anna", Role.BIDDER), await floor.nobody()
    assert (await sent(bidder, lot, "x.pdf", PDF))[1]["code"] == "NOT_ALLOWED"
    assert (await sent(nobody, lot, "x.pdf", PDF))[1]["code"] == "NOT_SIGNED_IN"


async def test_notices_are_published_by_staff_and_read_by_anyone(floor: Served, host: Person) -> None:
    lot = (await host.post("/lots", LOT | {"place": {
        "latitude_e6": 25_694_000, "longitude_e6": 100_160_000, "address": {"zh": "大理", "en": "Dali"},
    }}))["lot"]  # fmt: skip
    admin, visitor = await floor.program("admin", Role.ADMIN), await floor.nobody()
    assert (await visitor.get(f"/lots/{lot}"))["place"]["address"]["en"] == "Dali"
    words = {"title_zh": "答疑", "title_en": "Answers", "body_zh": "可以", "body_en": "Yes"}
    first = await host.post(f"/lots/{lot}/notices", words)
    change = await host.post(f"/lots/{lot}/notices", words | {"kind": "change", "corrects": first["id"]})
    assert change["corrects"] == first["id"]
    assert (await host.ask("POST", "/notices", words))[1]["code"] == "NOT_ALLOWED"
    of_centre = await admin.post("/notices", words)
    assert (await admin.ask("POST", "/lots/999/notices", words))[1]["code"] == "LOT_UNKNOWN"
    assert (await admin.ask("POST", "/notices", words | {"corrects": 1}))[1]["code"] == "NOTICE_UNKNOWN"
    assert (await host.ask("POST", f"/lots/{lot}/notices", words | {"kind": "result"}))[1][
        "code"
    ] == "INVALID"
    page = await visitor.get("/notices", params={"lot": lot})
    assert [one["kind"] for one in page["notices"]] == ["announcement", "clarification", "change"]
    page = await visitor.get("/notices", params={"limit": 2})
    assert [one["id"] for one in page["notices"]] == [of_centre["id"], change["id"]] and page["has_more"]
    page = await visitor.get("/notices", params={"limit": 2, "before": change["id"]})
    assert [one["id"] for one in page["notices"]] == [first["id"], 1] and not page["has_more"]
    assert await visitor.get(f"/notices/{first['id']}") == first
    assert (await visitor.ask("GET", "/notices/999"))[1]["code"] == "NOTICE_UNKNOWN"
