"""Serve the dashboard with a production server, on the next free port."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import webbrowser

import waitress

from dashboard.app import create_app
from pipeline.errors import SettingsError
from pipeline.library import Library

_TRIES = 20
THREADS = 8
"""Requests answered at once: a page loads some dozens of thumbnails beside its callbacks."""


def serve(library: Library, host: str, port: int, *, open_browser: bool = False) -> None:
    """Serve until Ctrl-C or SIGTERM. Says in one line where; opens a browser where there is a display.

    Raises SettingsError when neither the port nor the next ones are free.
    """
    listener = _listen(host, port)
    server = waitress.create_server(
        create_app(library).server, sockets=[listener], threads=THREADS, channel_timeout=300
    )
    address = f"http://{_shown(host)}:{listener.getsockname()[1]}"
    print(f"Likeness is serving on {address}  (Ctrl-C stops it)", flush=True)
    if open_browser and _has_display():
        threading.Timer(0.5, webbrowser.open, [address]).start()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        server.run()
    finally:
        server.close()
        print("Stopped serving.", flush=True)


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
