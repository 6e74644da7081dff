"""Serve the dashboard with a production server, on the next free port."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path

import waitress

from dashboard.access import Access
from dashboard.roof import open_roof
from pipeline.errors import SettingsError

_TRIES = 20
THREADS = 8
"""Requests answered at once: a page loads some dozens of thumbnails beside its callbacks."""


def serve(
    directories: Sequence[Path],
    host: str,
    port: int,
    *,
    open_browser: bool = False,
    allow_actions: bool = False,
) -> None:
    """Serve the libraries in `directories` until Ctrl-C or SIGTERM; the first is made where there is none.

    Says in one line where; opens a browser where there is a display. Runs are started from
    the page on this machine alone, or where `allow_actions` says so. Raises SettingsError
    when neither the port nor the next ones are free.
    """
    # Started in the background of a shell, a program ignores Ctrl-C, and so would every run
    # that is started from the page: none could be stopped.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    application = open_roof(directories, Access.listening_on(host, allow_actions), warm=True)
    listener = _listen(host, port)
    server = waitress.create_server(
        application, sockets=[listener], threads=THREADS, channel_timeout=300
    )
    address = f"http://{_shown(host)}:{listener.getsockname()[1]}"
    print(f"Likeness is serving on {address}  (Ctrl-C stops it)", flush=True)
    if open_browser and _has_display():
        threading.Timer(0.5, webbrowser.open, [address]).start()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        server.run()
    finally:
        stop(server)
        print("Stopped serving.", flush=True)


def stop(server) -> None:
    """End a waitress server for good.

    It wakes its loop by a byte written to a descriptor, whose number after `close` may be
    that of another file: of a database, whose head the byte would destroy.
    """
    server.task_dispatcher.shutdown()
    server.pull_trigger = lambda: None
    server.close()


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket on the port, or on the first free one of the next."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, min(port + _TRIES, 65536)):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(128)
            return listener
        except OSError as error:
            listener.close()
            reason = error.strerror
    raise SettingsError(
        f"Cannot listen on {host}, ports {port} to {candidate} ({reason}). Choose another with --port."
    )


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _has_display() -> bool:
    if os.environ.get("CI") or os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _interrupt(*_) -> None:
    raise KeyboardInterrupt
