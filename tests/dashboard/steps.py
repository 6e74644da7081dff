"""A person at a page, whose steps are counted: a click, a key, a name typed, a turn of the wheel by a screen."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


class Steps:
    """What a person does on a page, counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def click(self, what: Locator, **more) -> None:
        self.count += 1
        what.click(**more)

    def tap(self, what: Locator) -> None:
        self.count += 1
        what.tap()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.count += 1
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.count += 1
        self.page.keyboard.type(text)

    def choose(self, field: Locator, value: str) -> None:
        self.count += 1
        field.select_option(value)

    def give(self, field: Locator, file: str) -> None:
        self.count += 1
        field.set_input_files(file)

    def roll(self, until: str) -> None:
        """Turn the wheel, a screen at a time, until a condition in the page is true."""
        for _ in range(200):
            if self.page.evaluate(until):
                return
            self.count += 1
            self.page.mouse.wheel(0, self.page.viewport_size["height"] - 120)
            self.page.wait_for_timeout(300)
        raise AssertionError(f"{until} did not become true")
