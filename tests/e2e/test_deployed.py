"""The files of deploy/ at work: a real nginx with our configuration before a real exchange, and a real scrape."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateways.client import ApiClient
from tests.architecture.test_deploy import DASHBOARD, DEPLOY, RULES, documents, program
from tests.exchange_process import READY_SECONDS, ExchangeProcess
from tests.kept_numbers import free_port
from tests.live import host, lot_form

MAIN = """
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/conf.d/*.conf;
}}
"""
OF_OTHERS = {"up", "ALERTS"}
"""Metrics that Prometheus makes itself."""
PARTS = ("_bucket", "_count", "_sum")


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeProcess]:
    running = ExchangeProcess(
        tmp_path_factory.mktemp("deployed"), "--no-demo", "--set", "trusted_proxies=127.0.0.1"
    )
    running.start()
    try:
        yield running
    finally:
        running.kill()


class Front:
    """A running nginx: its addresses, and the certificate that its clients trust."""

    def __init__(self, folder: Path, exchange: ExchangeProcess) -> None:
        self.folder = folder
        self.plain_port, self.port = free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self._certificate()
        self.trusting = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
        (folder / "conf.d").mkdir()
        site = (DEPLOY / "nginx" / "luochui.conf").read_text(encoding="utf-8")
        site = re.sub(r".*listen \[::\].*\n", "", site)
        site = site.replace("listen 80;", f"listen 127.0.0.1:{self.plain_port};")
        site = site.replace("listen 443 ", f"listen 127.0.0.1:{self.port} ")
        site = site.replace("/etc/ssl/luochui", str(folder))
        (folder / "conf.d" / "luochui.conf").write_text(site)
        upstream = (DEPLOY / "nginx" / "luochui-upstream.conf").read_text(encoding="utf-8")
        # A gateway that is gone stands before the one that is there: bound, so that nobody else listens there.
        self.gone = socket.socket()
        self.gone.bind(("127.0.0.1", 0))
        gone = f"127.0.0.1:{self.gone.getsockname()[1]}"
        both = f"server {gone} max_fails=1 fail_timeout=1s;\n    server 127.0.0.1:{exchange.port}"
        (folder / "conf.d" / "luochui-upstream.conf").write_text(
            upstream.replace("server 127.0.0.1:8080", both)
        )
        is_root = folder.stat().st_uid == 0
        (folder / "nginx.conf").write_text(
            MAIN.format(folder=folder, user="user root root;" if is_root else "")
        )
        self.command = [
            program("nginx"),
            "-e",
            f"{folder}/error.log",
            "-p",
            str(folder),
            "-c",
            f"{folder}/nginx.conf",
        ]

    def _certificate(self) -> None:
        subprocess.run(
            [program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-days", "2", "-subj", "/CN=auction.example", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", self.folder / "privkey.pem", "-out", self.folder / "fullchain.pem"],
            check=True, capture_output=True,
        )  # fmt: skip


@asynccontextmanager
async def front(folder: Path, exchange: ExchangeProcess) -> AsyncIterator[tuple[Front, Any]]:
    """Start nginx, give it with its process, and end it."""
    made = Front(folder, exchange)
    checked = subprocess.run([*made.command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr, checked.stderr
    nginx = await asyncio.create_subprocess_exec(*made.command, "-g", "daemon off;")
    try:
        async with asyncio.timeout(READY_SECONDS):
            while not await _listens(made.port):
                assert nginx.returncode is None, (folder / "error.log").read_text()
                await asyncio.sleep(0.02)
        yield made, nginx
    finally:
        if nginx.returncode is None:
            nginx.terminate()
        await nginx.wait()
        made.gone.close()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def opened_lot(exchange: ExchangeProcess) -> tuple[int, str]:
    """Open a lot and return it with the token of a bidder who is admitted."""
    async with ApiClient(exchange.url, token=exchange.operator_token) as api:
        form = {"login": f"b-{secrets.token_hex(4)}", "name": "b", "roles": ["bidder"]}
        (bidder,) = await api.create_accounts([form])
        lot = await api.publish_lot(lot_form("behind nginx", 0))
        await api.admit(lot, [bidder["id"]])
    headers = {"Authorization": f"Bearer {exchange.operator_token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        live = await session.ws_connect(f"{exchange.url}/api/v1/live", protocols=("luochui.v1.json",))
        assert (await answer_to(live, host(lot, "open")))["type"] == "receipt"
        await live.close()
    return lot, bidder["token"]


async def answer_to(live: aiohttp.ClientWebSocketResponse, frame: dict[str, Any]) -> dict[str, Any]:
    frame = frame | {"id": secrets.token_hex(16)}
    await live.send_json(frame)
    async with asyncio.timeout(60):
        while True:
            answer: dict[str, Any] = await live.receive_json()
            if answer.get("id") == frame["id"]:
                return answer


async def test_nginx_with_our_configuration_carries_a_bid(exchange: ExchangeProcess, tmp_path: Path) -> None:
    lot, token = await opened_lot(exchange)
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "203.0.113.9"}
    async with (
        front(tmp_path, exchange) as (site, nginx),
        aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(ssl=site.trusting)) as session,
    ):
        async with session.get(f"http://127.0.0.1:{site.plain_port}/lots/1", allow_redirects=False) as moved:
            assert (moved.status, moved.headers["Location"]) == (301, "https://127.0.0.1/lots/1")
        for _ in range(6):
            async with session.get(f"{site.url}/") as page:
                assert page.status == 200, "the gateway that is gone is passed over"
                assert "max-age" in page.headers["Strict-Transport-Security"]
                assert "Content-Security-Policy" in page.headers
        for inside in ("/metrics", "/readyz", "/livez"):
            async with session.get(site.url + inside) as hidden:
                assert hidden.status == 404
        live = await session.ws_connect(f"{site.url}/api/v1/live", protocols=("luochui.v1.json",))
        assert (await live.receive_json())["type"] == "hello"
        bid = {"type": "bid", "lot": lot, "amount": 1_000}
        assert (await answer_to(live, bid))["type"] == "receipt"
        # A reload, as after a gateway was taken out, keeps connections that are open.
        nginx.send_signal(signal.SIGHUP)
        async with session.get(f"{site.url}/api/v1/lots/{lot}") as shown:
            assert shown.status == 200
        again = await answer_to(live, bid)
        assert again["type"] == "refusal" and again["code"] != "LOT_UNKNOWN"
        await live.close()


async def test_everything_that_rules_and_dashboard_draw_is_measured(exchange: ExchangeProcess) -> None:
    def scraped() -> str:
        with urllib.request.urlopen(f"{exchange.url}/metrics", timeout=60) as answer:
            return str(answer.read().decode())

    text = await asyncio.to_thread(scraped)
    measured = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    measured |= {name + part for name in measured for part in PARTS if f"# TYPE {name} histogram" in text}
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    drawn = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    (rules,) = documents(RULES)
    alarms = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    for expression in drawn + alarms:
        names = set(re.findall(r"\b((?:luochui|process)_\w+|up|ALERTS)\b(?=[\s{)\[]|$)", expression))
        outside_strings = re.sub(r'"[^"]*"', "", expression)
        names = {name for name in names if re.search(rf"\b{name}\b", outside_strings)}
        assert names, expression
        assert names <= measured | OF_OTHERS, expression


def test_prometheus_itself_finds_no_fault_with_what_is_measured(exchange: ExchangeProcess) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    with urllib.request.urlopen(f"{exchange.url}/metrics", timeout=60) as answer:
        text = answer.read()
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    faults = [line for line in checked.stderr.decode().splitlines() if not line.startswith("process_")]
    assert faults == []
