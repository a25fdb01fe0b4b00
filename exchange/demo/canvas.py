"""What the demo's drawings are drawn on: a canvas in two light moods, hills, trees and houses, and the demo's mark.

Belongs here: shapes that several drawings need. Does not belong here: what a drawing shows (`exchange.demo.drawings`).
"""

from __future__ import annotations

from io import BytesIO
from random import Random
from typing import Final, TypeAlias

from msgspec import Struct
from PIL import Image, ImageDraw, ImageFont

from exchange.lot_pictures import THUMBNAIL_SIDE, Picture

WIDTH: Final = 900
HEIGHT: Final = 600
SCALE: Final = 2
"""Everything is drawn larger and brought down, which makes edges smooth."""

Colour: TypeAlias = tuple[int, int, int]
Point: TypeAlias = tuple[float, float]

WHITE: Final = (255, 255, 255)
INK: Final = (38, 50, 56)
MARK_ROWS: Final = (
    "0000000000000002000806000e020006fff8008008008008007ff02002003802000c7ff8004218004218004218067ff8"
    "0642180442180c7ff80c00001818e018703011c01c000000",
    "0000000000000000000000000ffff00ffff00000000000000000000000003ffffc3ffffc0018000018000318c0061860"
    "0618600c18300c183018181830181810180001f80000f000",
)
"""The signs 演 and 示, 24 by 24 dots each, a row after the other: fonts with Chinese are not everywhere."""

SIGN_DOTS: Final = 24


class Mood(Struct, frozen=True):
    """The light of a drawing."""

    sky_top: Colour
    sky_bottom: Colour
    far: Colour
    near: Colour
    shade: float


DAY: Final = Mood((118, 176, 222), (232, 243, 250), (150, 182, 178), (122, 168, 116), 1.0)
EVENING: Final = Mood((236, 160, 116), (253, 232, 204), (168, 146, 152), (132, 138, 98), 0.88)


class Canvas:
    """A drawing of WIDTH by HEIGHT, with chance that always falls the same way."""

    def __init__(self, mood: Mood, chance: Random) -> None:
        self.mood = mood
        self.chance = chance
        size = (WIDTH * SCALE, HEIGHT * SCALE)
        top, bottom = (Image.new("RGB", size, colour) for colour in (mood.sky_top, mood.sky_bottom))
        self._image = Image.composite(bottom, top, Image.linear_gradient("L").resize(size))
        self._draw = ImageDraw.Draw(self._image)

    def polygon(self, points: list[Point], colour: Colour) -> None:
        """Fill a shape."""
        self._draw.polygon([(x * SCALE, y * SCALE) for x, y in points], self.lit(colour))

    def box(self, left: float, top: float, width: float, height: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.polygon(
            [(left, top), (left + width, top), (left + width, top + height), (left, top + height)], colour
        )

    def disc(self, x: float, y: float, across: float, upright: float, colour: Colour) -> None:
        """Fill an ellipse around a point, by its half axes."""
        corners = (x - across, y - upright, x + across, y + upright)
        self._draw.ellipse([value * SCALE for value in corners], self.lit(colour))

    def line(self, points: list[Point], colour: Colour, width: float = 2) -> None:
        """Draw a line."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw.line(scaled, self.lit(colour), round(width * SCALE), joint="curve")

    def lit(self, colour: Colour) -> Colour:
        """Return a colour in the light of the mood."""
        shade = self.mood.shade
        return (round(colour[0] * shade), round(colour[1] * shade), round(colour[2] * shade))

    def hills(self, base: float, rise: float, colour: Colour) -> None:
        """Draw a range of hills down to the lower edge."""
        points: list[Point] = [(0, HEIGHT), (0, base)]
        points += [(x, base - rise * self.chance.random()) for x in range(60, WIDTH, 90)]
        self.polygon([*points, (WIDTH, base), (WIDTH, HEIGHT)], colour)

    def ground(self, top: float, colour: Colour) -> None:
        """Draw level ground."""
        self.box(0, top, WIDTH, HEIGHT - top, colour)

    def tree(self, x: float, foot: float, size: float, *, is_conifer: bool = False) -> None:
        """Draw a tree that stands on a point."""
        self.box(x - size * 0.05, foot - size * 0.35, size * 0.1, size * 0.35, (104, 78, 58))
        green = (58 + self.chance.randrange(30), 112 + self.chance.randrange(34), 70)
        if not is_conifer:
            self.disc(x, foot - size * 0.62, size * 0.32, size * 0.38, green)
            return
        for level in range(3):
            top, half = foot - size * (1 - level * 0.22), size * (0.16 + level * 0.08)
            self.polygon([(x, top), (x + half, top + size * 0.38), (x - half, top + size * 0.38)], green)

    def windows(self, left: float, top: float, columns: int, rows: int, step: Point, colour: Colour) -> None:
        """Draw rows of windows."""
        for column in range(columns):
            for row in range(rows):
                self.box(left + column * step[0], top + row * step[1], step[0] * 0.55, step[1] * 0.55, colour)

    def picture(self) -> Picture:
        """Return the drawing with the demo's mark in its corner, and a small one."""
        image = self._image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        _mark(image)
        small = image.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE * HEIGHT // WIDTH))
        return Picture(_jpeg(image), "image/jpeg", WIDTH, HEIGHT, _jpeg(small))


def _jpeg(image: Image.Image) -> bytes:
    written = BytesIO()
    image.save(written, "JPEG", quality=86)
    return written.getvalue()


def _mark(image: Image.Image) -> None:
    """Write 演示 DEMO into the lower right corner."""
    plate = Image.new("RGB", (176, 40), INK)
    for place, rows in enumerate(MARK_ROWS):
        sign = Image.frombytes("1", (SIGN_DOTS, SIGN_DOTS), bytes.fromhex(rows))
        plate.paste(WHITE, (12 + place * 28, 8), sign)
    ImageDraw.Draw(plate).text((82, 7), "DEMO", WHITE, ImageFont.load_default(24))
    image.paste(plate, (image.width - plate.width - 16, image.height - plate.height - 16))
