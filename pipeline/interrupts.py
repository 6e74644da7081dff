"""Ctrl-C and SIGTERM: a command that is told to end does end.

Python raises an exception wherever its main thread happens to be. In a destructor, in what the
collector or a library in C calls back, it is passed over there, and the work would go on to its
end as though nobody had asked; code that fails in any way where it is met makes another error of
it. So it is raised again, a few times a second, until it is on its way up or somebody has taken it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager

_NUMBERS = (signal.SIGINT, signal.SIGTERM)
_AGAIN = 0.2
"""Seconds until it is looked whether it has been heard: the longest that it can be passed over by chance."""

_told: type[KeyboardInterrupt] | None = None
"""How the command was told to end, while nobody has taken it."""


class Terminated(KeyboardInterrupt):
    """SIGTERM: a service manager tells the command to end, as a person does with Ctrl-C."""


def listen(even_ignored: Container[int] = ()) -> None:
    """From now on Ctrl-C raises KeyboardInterrupt in the main thread, SIGTERM `Terminated`; a second SIGTERM
    ends the process at once. A signal that the process was started to ignore it goes on to ignore, unless named."""
    sys.unraisablehook = _passed_over
    _handle(_tell, even_ignored)


def end_at_once(status: Callable[[], int] | None = None) -> None:
    """From now on both signals end the process where it is: nothing has begun that could be lost, or all is
    done. status: asked for the process's own by then; None: that of a program ended so, after a word."""

    def end(number: int, frame) -> None:
        if status is None:
            os.write(2, b"Stopped.\n")
        os._exit(128 + number if status is None else status())

    take()
    _handle(end)


def told() -> bool:
    """Whether the command was told to end and nobody has taken it yet."""
    return _told is not None


def take() -> type[KeyboardInterrupt] | None:
    """Say that it has been heard: whoever calls ends the command. How it was told to end; None: it was not."""
    global _told
    heard, _told = _told, None
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)
    return heard


def status(kind: type[BaseException]) -> int:
    """The status of a command that was ended so."""
    return 128 + (signal.SIGTERM if issubclass(kind, Terminated) else signal.SIGINT)


def check() -> None:
    """Raise it again where it was passed over."""
    if _told is not None:
        raise _told


@contextmanager
def kept() -> Iterator[None]:
    """After the block signals do what they did before it, whatever a library has put in their place."""
    before = {number: signal.getsignal(number) for number in _NUMBERS}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():  # else nobody could have
            for number, handler in before.items():
                signal.signal(number, handler)


def _handle(handler: Callable, even_ignored: Container[int] = ()) -> None:
    for number in _NUMBERS:
        if number in even_ignored or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _tell(number: int, frame) -> None:
    global _told
    _told = KeyboardInterrupt
    if number == signal.SIGTERM:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _told = Terminated
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _tell_again)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN, _AGAIN)
    raise _told


def _tell_again(number: int, frame) -> None:
    """Raise it unless what runs now runs because of it: a `finally`, an `except`, the end of a `with`."""
    error = sys.exc_info()[1]
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    if error is None:
        check()


def _passed_over(unraisable) -> None:
    """Say nothing of an interrupt that could not be raised where it was met: it comes again."""
    if not (told() and isinstance(unraisable.exc_value, KeyboardInterrupt)):
        sys.__unraisablehook__(unraisable)
