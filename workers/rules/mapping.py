"""A flat drawing of a few places: Web Mercator, so that tiles of a map fit under it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

# Pixels of a tile's side, at every zoom.
TILE = 256
CLOSEST = 17
# What a drawing of one place shows at least, as a share of the world's width: about a kilometre in France.
SMALLEST = 1.5 / 40_000


@dataclass(frozen=True)
class Spot:
    """A place on Earth, in degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True)
class Tile:
    """A picture of a map: its number at a zoom, and where it lies on the drawing."""

    zoom: int
    x: int
    y: int
    left: float
    top: float
    size: float


@dataclass(frozen=True)
class Drawing:
    """A rectangle of the world, in shares of its width from its upper left corner, drawn ``width`` × ``height``."""

    left: float
    top: float
    share: float
    width: int
    height: int

    def place(self, spot: Spot) -> tuple[float, float]:
        """Where a spot lies on the drawing, from its upper left corner, to a tenth."""
        x, y = _flat(spot)
        scale = self.width / self.share
        return round((x - self.left) * scale, 1), round((y - self.top) * scale, 1)

    def tiles(self) -> list[Tile]:
        """The tiles that cover the drawing, at the zoom that is about as sharp as it."""
        zoom = min(CLOSEST, max(0, round(math.log2(self.width / self.share / TILE))))
        many, scale = 2**zoom, self.width / self.share
        columns = range(math.floor(self.left * many), math.floor((self.left + self.share) * many) + 1)
        tall = self.share * self.height / self.width
        rows = range(math.floor(self.top * many), math.floor((self.top + tall) * many) + 1)
        return [
            Tile(
                zoom,
                x,
                y,
                round((x / many - self.left) * scale, 1),
                round((y / many - self.top) * scale, 1),
                round(scale / many, 1),
            )
            for x in columns
            for y in rows
            if 0 <= x < many and 0 <= y < many
        ]


def drawing_of(spots: Iterable[Spot], *, width: int, height: int, margin: float = 0.08) -> Drawing | None:
    """The smallest drawing with every spot on it and a margin around; ``None`` of nothing."""
    flat = [_flat(spot) for spot in spots]
    if not flat:
        return None
    xs, ys = [x for x, _y in flat], [y for _x, y in flat]
    ratio = width / height
    share = max(max(xs) - min(xs), (max(ys) - min(ys)) * ratio, SMALLEST) / (1 - 2 * margin)
    middle_x, middle_y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    return Drawing(middle_x - share / 2, middle_y - share / ratio / 2, share, width, height)


def _flat(spot: Spot) -> tuple[float, float]:
    """Web Mercator, from 0 to 1 to the east and to the south."""
    latitude = math.radians(min(max(spot.latitude, -85.05), 85.05))
    return (spot.longitude + 180) / 360, (1 - math.asinh(math.tan(latitude)) / math.pi) / 2
