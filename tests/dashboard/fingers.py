"""Fingers on a page, as Chromium has them from a screen."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

Place = tuple[float, float]
"""px of the window."""


class Fingers:
    """One finger or several, which stay where they are put down until they are moved or lifted."""

    def __init__(self, page: Page) -> None:
        self._screen = page.context.new_cdp_session(page)

    def _put(self, kind: str, places: tuple[Place, ...]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        self._screen.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def down(self, *places: Place) -> None:
        self._put("touchStart", places)

    def move(self, *places: Place) -> None:
        self._put("touchMove", places)

    def up(self) -> None:
        self._put("touchEnd", ())

    def tap(self, place: Place) -> None:
        self.down(place)
        self.up()

    def draw(self, *ways: tuple[Place, Place], steps: int = 6) -> None:
        """Each finger from one place to another, all at once."""
        self.down(*(start for start, _ in ways))
        for step in range(1, steps + 1):
            share = step / steps
            self.move(*((x + share * (to_x - x), y + share * (to_y - y)) for (x, y), (to_x, to_y) in ways))
        self.up()

    def spread(self, place: Place, before: float, after: float) -> None:
        """Two fingers around a place, so far from one another before and after, px."""
        x, y = place
        self.draw(*(((x + side * before / 2, y), (x + side * after / 2, y)) for side in (-1, 1)))


def middle(what: Locator) -> Place:
    """Of an element, but near its upper edge where it is high."""
    box = what.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + min(box["height"] / 2, 20)
