"""How long work tells of itself: a reporter is passed in, nothing prints on its own."""

from __future__ import annotations

import sys
from typing import ClassVar, Protocol

from tqdm import tqdm


def counted(count: int, noun: str) -> str:
    """`1 image`, `2,310 images`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


class Progress(Protocol):
    """What a long step calls."""

    def start(self, stage: str, total: int) -> None:
        """A stage of `total` units begins."""

    def advance(self, units: int = 1, failed: int = 0) -> None:
        """So many units are done, so many of them failed."""

    def say(self, text: str) -> None:
        """One sentence the person should read."""


class Share:
    """Tells of `units` of a stage that has begun by the share of its work that is done."""

    def __init__(self, progress: Progress, units: int):
        self._progress, self._units, self._done = progress, units, 0

    def reach(self, share: float) -> None:
        """Go on to a share, 0–1; one that was passed already is no step back."""
        done = round(min(share, 1.0) * self._units)
        if done > self._done:
            self._progress.advance(done - self._done)
            self._done = done


class Silent:
    """Says nothing; for tests and for servers."""

    def start(self, stage: str, total: int) -> None: ...

    def advance(self, units: int = 1, failed: int = 0) -> None: ...

    def say(self, text: str) -> None: ...


class Console:
    """A progress bar with rate and time left on stderr, sentences between the bars."""

    _shown: ClassVar[Console | None] = None

    def __init__(self) -> None:
        self._bar: tqdm | None = None
        Console._shown = self

    @classmethod
    def end(cls) -> None:
        """Close the bar that this process shows, if any, before something else is printed."""
        if cls._shown is not None:
            cls._shown.close()

    def start(self, stage: str, total: int) -> None:
        self.close()
        self._bar = tqdm(
            total=total, desc=f"{stage:<12}", unit="", file=sys.stderr, dynamic_ncols=True,
            bar_format="{desc} {percentage:3.0f}%|{bar:24}| {n_fmt}/{total_fmt}  "
            "{rate_noinv_fmt}  {elapsed}<{remaining}",
        )

    def advance(self, units: int = 1, failed: int = 0) -> None:
        if self._bar is not None:
            self._bar.update(units)

    def say(self, text: str) -> None:
        self.close()
        print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the bar that is open, if any."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
