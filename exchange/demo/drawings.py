"""What the demo's lots look like: for each category a scene by day and one in the evening; and the sketch of a site.

Everything is drawn, nothing is a photo of a place; each drawing says 演示 DEMO. The same category gives the same bytes
every time, so that all lots of it share them.

Belongs here: the scenes. Does not belong here: how lots come to them (`exchange.demo.showcase`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Final, TypeAlias

from exchange.categories import Category
from exchange.demo.canvas import DAY, EVENING, HEIGHT, INK, WHITE, WIDTH, Canvas, Mood, Point
from exchange.lot_pictures import Picture

RED: Final = (196, 48, 43)
GLASS: Final = (190, 220, 236)
ROAD: Final = (128, 132, 136)
BRICK: Final = (176, 96, 72)
STEEL: Final = (96, 112, 128)

Scene: TypeAlias = Callable[[Canvas], None]


def drawings(category: Category) -> list[Picture]:
    """Return the drawings of a category: by day, and in the evening."""
    return [_drawn(mood, SCENES[category], category.value) for mood in (DAY, EVENING)]


@cache
def site_sketch() -> Picture:
    """Return the sketch of a site, the same for all lots."""
    return _drawn(DAY, _site, "site")


def _drawn(mood: Mood, scene: Scene, seed: str) -> Picture:
    canvas = Canvas(mood, Random(f"{seed} {mood.shade}"))
    scene(canvas)
    return canvas.picture()


def _land(canvas: Canvas) -> None:
    canvas.hills(250, 90, canvas.mood.far)
    canvas.hills(300, 50, canvas.mood.near)
    canvas.ground(300, (156, 178, 108))
    for row in range(4):
        top, bottom = 300 + row * 70, 370 + row * 75
        for column in range(6):
            left, right = column * 150 + row * 8, column * 150 + 142 + row * 8
            green = 130 + canvas.chance.randrange(60)
            shade = (110 + canvas.chance.randrange(70), green, 70)
            canvas.polygon([(left, top), (right, top), (right + 10, bottom), (left - 10, bottom)], shade)
    border: list[Point] = [(308, 372), (600, 372), (622, 518), (290, 518)]
    canvas.polygon(border, (206, 188, 136))
    canvas.line([*border, border[0]], RED, 5)
    for x, y in border:
        canvas.box(x - 3, y - 40, 6, 42, WHITE)
        canvas.box(x, y - 40, 30, 18, RED)
    canvas.polygon([(690, 300), (730, 300), (900, 600), (760, 600)], ROAD)
    canvas.line([(710, 300), (830, 600)], WHITE, 3)


def _mining(canvas: Canvas) -> None:
    canvas.hills(230, 130, canvas.mood.far)
    canvas.ground(290, (170, 150, 118))
    for level in range(6):
        grey = 168 - level * 18
        across, upright = 400 - level * 58, 150 - level * 22
        canvas.disc(430, 440 + level * 8, across, upright, (grey, grey - 16, grey - 38))
    canvas.box(560, 452, 110, 26, (52, 56, 60))
    canvas.box(574, 398, 78, 56, (238, 178, 48))
    canvas.box(618, 408, 28, 26, GLASS)
    canvas.line([(580, 420), (500, 350), (440, 430)], (238, 178, 48), 14)
    canvas.polygon([(424, 424), (462, 432), (446, 470), (412, 456)], STEEL)
    for _ in range(40):
        x, y = canvas.chance.randrange(80, 800), canvas.chance.randrange(500, 580)
        canvas.disc(x, y, 8, 5, (110, 100, 90))


def _forest(canvas: Canvas) -> None:
    canvas.disc(720, 110, 46, 46, (255, 240, 190))
    for base, rise, colour in (
        (250, 150, canvas.mood.far),
        (330, 110, (96, 140, 110)),
        (400, 80, (78, 122, 88)),
    ):
        canvas.hills(base, rise, colour)
    for row in range(4):
        for _ in range(14):
            x = canvas.chance.randrange(-20, WIDTH + 20)
            canvas.tree(x, 400 + row * 60 + canvas.chance.randrange(30), 110 + row * 36, is_conifer=True)


def _rural(canvas: Canvas) -> None:
    canvas.hills(240, 110, canvas.mood.far)
    for row in range(8):
        y = 270 + row * 42
        water = (150 + row * 8, 192, 176) if row % 2 else (132, 172, 92)
        swing = 34 * (1 if row % 3 else -1)
        canvas.polygon(
            [(0, y), (320, y + swing), (620, y - swing / 2), (WIDTH, y + 10), (WIDTH, HEIGHT), (0, HEIGHT)],
            water,
        )
        canvas.line([(0, y), (320, y + swing), (620, y - swing / 2), (WIDTH, y + 10)], (112, 132, 78), 4)
    canvas.box(110, 292, 170, 92, (240, 232, 214))
    canvas.polygon([(90, 296), (195, 232), (300, 296)], (92, 92, 100))
    canvas.box(176, 326, 38, 58, BRICK)
    canvas.windows(126, 316, 1, 1, (54, 48), GLASS)
    canvas.windows(232, 316, 1, 1, (54, 48), GLASS)
    for x in (60, 330, 372):
        canvas.tree(x, 384, 120)


def _equity(canvas: Canvas) -> None:
    canvas.hills(420, 60, canvas.mood.far)
    canvas.ground(480, (182, 186, 190))
    for left, top, width, colour in (
        (80, 220, 130, (138, 158, 176)), (230, 130, 150, (104, 134, 164)), (400, 70, 160, (70, 106, 146)),
        (580, 170, 130, (120, 146, 168)), (730, 260, 110, (150, 164, 178)),
    ):  # fmt: skip
        canvas.box(left, top, width, 410 - top + 100, colour)
        rows, columns = (480 - top) // 34, width // 30
        canvas.windows(left + 12, top + 18, columns, rows, (28, 32), (222, 236, 244))
    canvas.box(440, 430, 80, 80, INK)
    canvas.polygon([(0, 540), (WIDTH, 520), (WIDTH, HEIGHT), (0, HEIGHT)], ROAD)
    for x in (40, 220, 560, 720, 860):
        canvas.tree(x, 530, 92)


def _vehicle(canvas: Canvas) -> None:
    canvas.hills(360, 90, canvas.mood.far)
    canvas.ground(430, (162, 166, 170))
    canvas.box(0, 500, WIDTH, 6, WHITE)
    body = (44, 92, 148) if canvas.mood is DAY else (158, 44, 44)
    canvas.disc(450, 506, 330, 18, (112, 116, 120))
    canvas.polygon(
        [(140, 480), (150, 400), (270, 380), (360, 300), (570, 300), (660, 384), (760, 404), (770, 480)], body
    )
    canvas.polygon([(298, 382), (368, 316), (450, 316), (450, 382)], GLASS)
    canvas.polygon([(468, 382), (468, 316), (560, 316), (624, 382)], GLASS)
    canvas.line([(458, 384), (458, 478)], INK, 2)
    canvas.box(480, 410, 46, 9, INK)
    canvas.box(736, 412, 32, 20, (255, 226, 150))
    canvas.box(142, 412, 24, 20, RED)
    for x in (270, 640):
        canvas.disc(x, 480, 62, 62, (34, 36, 40))
        canvas.disc(x, 480, 34, 34, (200, 204, 208))
        canvas.disc(x, 480, 10, 10, INK)


def _confiscated(canvas: Canvas) -> None:
    canvas.box(0, 0, WIDTH, HEIGHT, (222, 224, 220))
    canvas.polygon([(0, 470), (WIDTH, 470), (WIDTH, HEIGHT), (0, HEIGHT)], (176, 176, 170))
    for shelf in range(3):
        y = 180 + shelf * 130
        for column in range(7):
            height = 54 + canvas.chance.randrange(40)
            brown = 176 + canvas.chance.randrange(40)
            left = 70 + column * 112
            canvas.box(left, y - height, 92, height, (brown, brown - 46, brown - 96))
            canvas.box(left + 38, y - height, 16, height, (230, 212, 172))
            canvas.box(left + 12, y - height + 12, 24, 16, WHITE)
        canvas.box(40, y, 820, 14, STEEL)
    for x in (40, 300, 580, 846):
        canvas.box(x, 70, 14, 430, STEEL)
    canvas.box(330, 430, 240, 96, (204, 152, 96))
    canvas.line([(330, 430), (570, 526)], RED, 12)
    canvas.line([(330, 526), (570, 430)], RED, 12)


def _emission(canvas: Canvas) -> None:
    canvas.hills(330, 120, canvas.mood.far)
    canvas.hills(420, 60, canvas.mood.near)
    canvas.ground(450, (134, 164, 104))
    for x, size in ((130, 230), (300, 180), (790, 200)):
        canvas.line([(x, 470), (x, 470 - size)], WHITE, 7)
        for dx, dy in ((0, -84), (74, 40), (-74, 40)):
            canvas.line([(x, 470 - size), (x + dx * size / 240, 470 - size + dy * size / 240)], WHITE, 6)
    canvas.box(450, 380, 240, 120, (150, 158, 166))
    for x in (480, 560, 640):
        canvas.polygon([(x - 16, 380), (x - 10, 210), (x + 10, 210), (x + 16, 380)], (184, 190, 196))
        canvas.box(x - 11, 230, 22, 14, RED)
        for puff in range(3):
            canvas.disc(x + puff * 26, 190 - puff * 30, 18 + puff * 9, 12 + puff * 6, (240, 244, 246))
    canvas.windows(466, 420, 6, 2, (36, 34), GLASS)
    for x in (60, 230, 390, 730, 850):
        canvas.tree(x, 540, 120)


def _property(canvas: Canvas) -> None:
    canvas.hills(420, 90, canvas.mood.far)
    canvas.ground(490, (150, 172, 116))
    for left, top, width, colour in (
        (110, 150, 220, (226, 206, 178)),
        (370, 90, 200, (214, 186, 156)),
        (610, 190, 200, (232, 216, 192)),
    ):
        canvas.box(left, top, width, 510 - top, colour)
        canvas.box(left, top - 16, width, 16, BRICK)
        rows = (470 - top) // 46
        canvas.windows(left + 18, top + 22, width // 48, rows, (46, 44), GLASS)
        for row in range(rows):
            canvas.box(left + 14, top + 48 + row * 44, width - 28, 4, WHITE)
        canvas.box(left + width / 2 - 20, 466, 40, 44, INK)
    canvas.polygon([(380, HEIGHT), (440, 510), (500, 510), (580, HEIGHT)], (204, 200, 192))
    for x in (60, 345, 590, 850):
        canvas.tree(x, 540, 130)


def _other(canvas: Canvas) -> None:
    canvas.hills(380, 80, canvas.mood.far)
    canvas.ground(430, (96, 142, 172))
    canvas.ground(500, (170, 170, 166))
    colours = (RED, (38, 108, 148), (222, 150, 44), (66, 128, 92), STEEL)
    for column in range(6):
        for level in range(1 + canvas.chance.randrange(4)):
            colour = canvas.chance.choice(colours)
            left, top = 60 + column * 92, 480 - level * 40
            canvas.box(left, top, 86, 38, colour)
            for rib in range(6):
                canvas.line([(left + 9 + rib * 14, top + 5), (left + 9 + rib * 14, top + 33)], INK, 1)
    canvas.line([(700, 520), (700, 150), (820, 150), (820, 520)], (222, 120, 44), 12)
    canvas.line([(560, 170), (880, 170)], (222, 120, 44), 12)
    canvas.line([(700, 150), (760, 100), (820, 150)], (222, 120, 44), 8)
    canvas.line([(620, 172), (620, 300)], INK, 2)
    canvas.box(578, 300, 86, 38, RED)


def _site(canvas: Canvas) -> None:
    """A sketch of where the thing lies: roads, a river, blocks, and its own outline."""
    canvas.box(0, 0, WIDTH, HEIGHT, (244, 242, 234))
    for left in range(-20, WIDTH, 150):
        for top in range(-10, HEIGHT, 120):
            if canvas.chance.random() < 0.75:
                tone = canvas.chance.choice(((226, 222, 208), (214, 228, 204), (232, 224, 214)))
                canvas.box(left, top, 130, 100, tone)
    bend = canvas.chance.randrange(60, 160)
    canvas.line([(0, 470), (260, 420 + bend / 3), (560, 500), (WIDTH, 430)], (158, 200, 226), 46)
    for road in ([(0, 215), (WIDTH, 235)], [(275, 0), (300, HEIGHT)], [(690, 0), (640, HEIGHT)]):
        canvas.line([*road], (198, 196, 190), 30)
        canvas.line([*road], WHITE, 24)
    left, top = 370 + canvas.chance.randrange(30), 270
    outline: list[Point] = [
        (left, top),
        (left + 190, top + 12),
        (left + 200, top + 120),
        (left + 60, top + 138),
        (left - 14, top + 90),
    ]
    canvas.polygon(outline, (246, 206, 196))
    canvas.line([*outline, outline[0]], RED, 6)
    canvas.polygon([(836, 40), (858, 106), (836, 92), (814, 106)], INK)
    canvas.line([(60, 560), (210, 560)], INK, 5)
    for x in (60, 135, 210):
        canvas.line([(x, 548), (x, 568)], INK, 4)


SCENES: Final[dict[Category, Scene]] = {
    Category.LAND: _land,
    Category.MINING: _mining,
    Category.FOREST: _forest,
    Category.RURAL: _rural,
    Category.EQUITY: _equity,
    Category.VEHICLE: _vehicle,
    Category.CONFISCATED: _confiscated,
    Category.EMISSION: _emission,
    Category.PROPERTY: _property,
    Category.OTHER: _other,
}
