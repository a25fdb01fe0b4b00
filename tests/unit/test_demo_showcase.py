"""What the demo's lots show: drawings that come out the same every time, papers that are what they say."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from PIL import Image

from exchange.categories import Category
from exchange.demo.papers import rules_pdf
from exchange.demo.regions import demo_place
from exchange.demo.showcase import exhibits
from exchange.demo.templates import read_demo_lots
from exchange.lot_documents import PDF, TEXT, document_type
from exchange.lot_files import FileKind
from exchange.whereabouts import place_problems


@pytest.mark.parametrize("category", [Category.LAND, Category.VEHICLE])
def test_a_category_is_drawn_the_same_every_time(category: Category) -> None:
    shown, again = exhibits(category), exhibits(category)
    assert shown == again
    photos = [one.prepared for one in shown if one.prepared.kind is FileKind.PHOTO]
    assert len({photo.content for photo in photos}) == 3
    for photo in photos:
        with Image.open(BytesIO(photo.content)) as image, Image.open(BytesIO(photo.thumbnail)) as small:
            assert image.size == (photo.width, photo.height) and small.width == 480
    assert [one.prepared.media_type for one in shown[3:]] == [PDF, TEXT]


def test_every_category_has_a_scene_of_its_own() -> None:
    assert len({exhibits(category)[0].prepared.content for category in Category}) == len(Category)


def test_the_pdf_says_truly_where_its_parts_stand() -> None:
    pdf = rules_pdf()
    assert document_type(pdf) == PDF
    begins = int(pdf.rpartition(b"startxref\n")[2].split()[0])
    assert pdf[begins:].startswith(b"xref\n")
    places = [int(found) for found in re.findall(rb"(\d{10}) 00000 n", pdf)]
    assert [pdf[place:].split(b"\n")[0] for place in places] == [
        b"%d 0 obj" % n for n in range(1, len(places) + 1)
    ]


def test_every_demo_lot_lies_somewhere() -> None:
    places = {one.key: demo_place(one.region, one.key) for one in read_demo_lots().templates}
    assert all(place_problems(place) == [] for place in places.values())
    assert len({(place.latitude_e6, place.longitude_e6) for place in places.values()}) == len(places)
