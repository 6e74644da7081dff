"""Serve the dashboard with a production server, on the next free port."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

import waitress
from waitress import wasyncore

from dashboard import logs
from dashboard.access import ANNOTATE, READ, RUN, Access
from dashboard.access.names import ANY, LOCAL, addresses, of_this_machine
from dashboard.access.rights import RIGHTS
from dashboard.app import MAX_REQUEST
from dashboard.pools import QUICK, THREADS, Plan, Pools, few_heaps, multiply_alone
from dashboard.roof import planned
from pipeline import interrupts
from pipeline.errors import SettingsError

_TRIES = 20
_ENDING = 5.0  # seconds that a loop is given to end


def serve(
    directories: Sequence[Path],
    host: str,
    port: int,
    access: Access | None = None,
    *,
    prefix: str = "",
    open_browser: bool = False,
) -> None:
    """Serve the libraries in `directories` until Ctrl-C or SIGTERM; the first is made where there is none.

    Says where and to whom; opens a browser where there is a display. access: who may come
    in; None: as `Access.listening_on` has it. Raises SettingsError when neither the port nor
    the next ones are free.
    """
    access = access or Access.listening_on(host)
    logs.start()
    few_heaps()
    multiply_alone()
    # Started in the background of a shell, a program ignores Ctrl-C, and so would every run
    # that is started from the page: none could be stopped.
    interrupts.listen(even_ignored={signal.SIGINT})
    application, plan = planned(directories, access, warm=True, prefix=prefix)
    listener = _listen(host, port)
    server = create(application, plan, trusted=access.trusted, sockets=[listener])
    address, *more = told(host, listener.getsockname()[1], access, prefix)
    print(f"Likeness is serving on {address}  (Ctrl-C stops it)", *more, sep="\n", flush=True)
    if open_browser and _has_display():
        threading.Timer(0.5, webbrowser.open, [address]).start()
    try:
        server.run()
        interrupts.take()  # waitress has: its loop ends
    finally:
        stop(server)
        print("Stopped serving.", flush=True)


def create(application: Callable, plan: Plan, *, trusted: bool = False, **listening):
    """A waitress server for an application, with a pool for each kind of request.

    listening: `sockets`, or `host` and `port`, as waitress takes them. Its `run` serves until
    `stop`, which may be called by any thread.
    """
    connections: dict = {}
    server = waitress.create_server(
        logs.Logged(application, trusted), connections, threads=THREADS[QUICK], ident="Likeness",
        channel_timeout=300, connection_limit=1_000, max_request_body_size=MAX_REQUEST,
        # A server for this machine alone refuses what they come with, one behind a proxy needs them.
        clear_untrusted_proxy_headers=False,
        # With select() a connection whose descriptor is above 1,023 ends the loop: databases, mapped files
        # and a thousand connections are soon there.
        asyncore_use_poll=True, **listening,
    )
    server.task_dispatcher = Pools(server.task_dispatcher, plan)
    server.run = _Loop(server, connections)
    return server


class _Loop:
    """A server's loop. It ends where it runs: descriptors that another thread closes under it
    are an error there, or by then another file's."""

    def __init__(self, server, connections: dict):
        self._run, self._trigger, self._connections = server.run, server.trigger, connections
        self._lock, self._waking = threading.Lock(), threading.Lock()
        self._running, self._ended = False, False
        self._over = threading.Event()

    def __call__(self) -> None:
        with self._lock:
            if self._ended:
                return
            self._running = True
        try:
            self._run()
        finally:
            self._over.set()

    def end(self) -> None:
        """Close all connections; the loop, where it runs, then has nothing left to wait for."""
        with self._lock:
            first, self._ended = not self._ended, True
        if self._running and not self._over.is_set():
            if first:
                with self._waking:
                    self._trigger.pull_trigger(self._close)
            self._over.wait(_ENDING)
        wasyncore.close_all(self._connections)

    def _close(self) -> None:
        with self._waking:  # awake already, the loop would close what the byte to wake it is written to
            wasyncore.close_all(self._connections)


def told(host: str, port: int, access: Access, prefix: str = "") -> list[str]:
    """Where a server can be reached, an address to open first, and by whom."""
    if access.local:
        names = [f"[{host}]" if ":" in host else host]
    elif host in ANY:
        names = [f"[{name}]" if ":" in name else name for name in addresses()] or [socket.gethostname()]
    else:
        names = [f"[{host}]" if ":" in host else host]
    first, *others = [f"http://{name}:{port}{prefix}" for name in names]
    if access.local:
        return [first, "Only this machine can reach it."]
    lines = [first]
    if others:
        lines.append(f"Also on {', '.join(others)}")
    named = sorted(access.names - {LOCAL, host} - of_this_machine())
    if named:
        lines.append(f"It answers to the names {', '.join(named)} and to addresses in figures.")
    who = "Whoever knows the password" if access.door else "WITHOUT A PASSWORD: everybody who can reach it"
    may = {READ: "look and search", ANNOTATE: "annotate", RUN: "add folders and update"}
    rights = [may[right] for right in RIGHTS if right in access.rights]
    return [*lines, f"{who} may {', '.join(rights)}."]


def stop(server) -> None:
    """End a waitress server for good, its loop and its connections; any thread may.

    It wakes its loop by a byte written to a descriptor, whose number after the end may be
    that of another file: of a database, whose head the byte would destroy.
    """
    server.task_dispatcher.shutdown()
    server.pull_trigger = lambda: None
    server.run.end()


def check_host(host: str) -> None:
    """SettingsError where a host is none of this machine's names, before anything else is asked for."""
    try:
        socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no such host"
        raise SettingsError(f"Cannot listen on {host} ({reason}). Choose another with --host.") from None


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


def _has_display() -> bool:
    if os.environ.get("CI") or os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
