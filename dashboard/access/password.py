"""The password, the sessions of those who knew it, and how often one may try.

The password itself is kept as a keyed digest, and so is every session's key: neither a
dump of the memory nor a comparison that ends early tells them.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from ipaddress import ip_address, ip_network

SESSION = 30 * 86_400
"""Seconds that a session lasts."""

_MOST_SESSIONS = 10_000
_MOST_ADDRESSES = 10_000

FREE_TRIES = 5
"""Wrong passwords from one address before it has to wait."""
FIRST_WAIT = 4.0
"""Seconds until the next try after these; each further one doubles it."""
LONGEST_WAIT = 900.0
TRIES_OF_ALL = 200
"""Wrong passwords from all addresses together within `LONGEST_WAIT`: a guesser who has many."""


class Door:
    """Who is let in. Safe to share between threads and between the libraries of a server."""

    def __init__(
        self, password: str, token: str | None = None, clock: Callable[[], float] = time.monotonic
    ):
        """token: what programs say instead; without one they say the password."""
        self._salt = secrets.token_bytes(32)
        self._password = self._digest(password)
        self._token = self._digest(token or password)
        self._sessions: OrderedDict[bytes, float] = OrderedDict()  # digest of a key → until when
        self._lock = threading.Lock()
        self._clock = clock
        self.tries = Tries(clock)

    def knows(self, password: str) -> bool:
        """Whether this is the password; takes as long for one that is nearly right."""
        return hmac.compare_digest(self._digest(password), self._password)

    def knows_token(self, token: str) -> bool:
        """Whether this is what a program says."""
        return hmac.compare_digest(self._digest(token), self._token)

    def open(self) -> str:
        """The key of a new session."""
        key = secrets.token_urlsafe(32)
        now = self._clock()
        with self._lock:
            self._sessions[self._digest(key)] = now + SESSION
            # The oldest come first, and all last equally long.
            while len(self._sessions) > _MOST_SESSIONS or next(iter(self._sessions.values())) <= now:
                self._sessions.popitem(last=False)
        return key

    def is_open(self, key: str) -> bool:
        """Whether this is the key of a session that goes on."""
        with self._lock:
            return self._sessions.get(self._digest(key), 0.0) > self._clock()

    def close(self, key: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(self._digest(key), None)

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._salt, text.encode("utf-8", "surrogatepass"), sha256)


class Tries:
    """Wrong passwords, counted by where they come from: each costs more time than the last."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()  # count, when the next may come
        self._of_all: OrderedDict[int, float] = OrderedDict()
        self._number = 0

    def wait(self, address: str) -> float:
        """Seconds until somebody at an address may try again; 0: now."""
        now = self._clock()
        with self._lock:
            _, following = self._wrong.get(_neighborhood(address), (0, 0.0))
            while self._of_all and next(iter(self._of_all.values())) < now - LONGEST_WAIT:
                self._of_all.popitem(last=False)
            crowded = len(self._of_all) >= TRIES_OF_ALL
            of_all = next(iter(self._of_all.values())) + LONGEST_WAIT if crowded else 0.0
            return max(0.0, following - now, of_all - now)

    def failed(self, address: str) -> None:
        """Note a wrong password."""
        where, now = _neighborhood(address), self._clock()
        with self._lock:
            count, following = self._wrong.pop(where, (0, 0.0))
            count = 1 if now > following + LONGEST_WAIT else count + 1
            over = count - FREE_TRIES
            pause = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(over, 20)) if over >= 0 else 0.0
            self._wrong[where] = count, now + pause
            self._number += 1
            self._of_all[self._number] = now
            for kept, most in ((self._wrong, _MOST_ADDRESSES), (self._of_all, TRIES_OF_ALL)):
                while len(kept) > most:
                    kept.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Forget the wrong ones from an address."""
        with self._lock:
            self._wrong.pop(_neighborhood(address), None)


def _neighborhood(address: str) -> str:
    """An IPv4 address, or the /64 that an IPv6 one lies in: who has one has all of it."""
    try:
        number = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if number.version == 4:
        return str(number)
    mapped = number.ipv4_mapped
    return str(mapped) if mapped else str(ip_network((int(number), 64), strict=False))
