"""A picture by its web address, fetched without letting the address reach into this network.

A server that fetches what it is told can be told to fetch from itself, from the machines
beside it or from a cloud's metadata service. So each address is resolved once, every
answer must be public, the connection goes to the very number that was checked (a second
lookup could give another), and each redirect is checked like the first address. Proxies
of the environment are not used: they would resolve the name again. Bytes and seconds
are limited over all steps together; the content is judged by the decoder alone.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

from dashboard.uploads.public import Number, is_public
from pipeline.errors import QueryError

LIMIT = 25 * 2**20
"""Largest picture, bytes, as for an upload."""
SECONDS = 15.0
"""How long all of it may take, name lookup and redirects included."""
REDIRECTS = 3

_PORTS = {"http": 80, "https": 443}
_FIRST_FREE_PORT = 1024  # lower ones but the two above belong to mail and the like
_LONGEST = 2_048  # characters of an address
_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")  # of a host (RFC 1035), or a number of IPv6
_STEP = 65_536

@dataclass(frozen=True)
class WebPicture:
    """What lay at an address, not decoded yet, and the name its path ends with."""

    data: bytes
    name: str


def lookup(host: str, port: int) -> list[str]:
    """The numbers that a host name stands for."""
    return [found[4][0] for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def fetch(
    address: str,
    *,
    limit: int = LIMIT,
    seconds: float = SECONDS,
    permitted: Callable[[Number], bool] = is_public,
    resolve: Callable[[str, int], Sequence[str]] = lookup,
) -> WebPicture:
    """The bytes behind a web address; raises QueryError with one sentence when there are none to have.

    permitted: which numbers may be connected to. resolve: host name and port → numbers.
    """
    until = time.monotonic() + seconds
    try:
        for _ in range(REDIRECTS + 1):
            place = _Place.of(address)
            numbers = _numbers(place, permitted, resolve, until)
            data, onward = _get(place, numbers, limit, until)
            if onward is None:
                return WebPicture(data, _name(place))
            address = _joined(address, onward)
    except TimeoutError:
        raise QueryError(f"That address took longer than {seconds:g} seconds.") from None
    raise QueryError("That address leads on and on; give the image's own.")


@dataclass(frozen=True)
class _Place:
    """A checked address, taken apart."""

    scheme: str
    host: str
    port: int
    target: str

    @classmethod
    def of(cls, address: str) -> _Place:
        address = address.strip()
        if len(address) > _LONGEST or any(letter <= " " or letter == "\x7f" for letter in address):
            raise QueryError("That is not a web address.")
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port
            name = host.encode("idna").decode() if host and ":" not in host else host
            target = _ascii(parts.path or "/") + (f"?{_ascii(parts.query)}" if parts.query else "")
        except ValueError:  # of a port, brackets, half a character, or a name that cannot be one
            raise QueryError("That is not a web address.") from None
        if parts.scheme not in _PORTS:
            raise QueryError("Only addresses that begin with http:// or https:// can be fetched.")
        if not name or not _NAME.fullmatch(name):
            raise QueryError("That is not a web address.")
        if parts.username is not None or parts.password is not None:
            raise QueryError("An address with a user name or password is not fetched.")
        port = _PORTS[parts.scheme] if port is None else port
        if port not in _PORTS.values() and port < _FIRST_FREE_PORT:
            raise QueryError(f"Port {port} is not one that images come from.")
        return cls(parts.scheme, name, port, target)


def _joined(address: str, onward: str) -> str:
    """Where a redirect leads; raises QueryError where that is no address."""
    try:
        return urljoin(address, onward)
    except ValueError:
        raise QueryError("That address leads on to what is none.") from None


def _ascii(text: str) -> str:
    """Letters beyond ASCII as the percent codes a request line has for them."""
    return "".join(c if c < "\x7f" else "".join(f"%{byte:02X}" for byte in c.encode()) for c in text)


def _numbers(place: _Place, permitted, resolve, until: float) -> list[str]:
    """What the host name stands for, all of it permitted."""
    try:
        found = _in_time(lambda: list(resolve(place.host, place.port)), until)
        numbers = [ipaddress.ip_address(text) for text in found]
    except (OSError, UnicodeError, ValueError) as error:
        if isinstance(error, TimeoutError):
            raise
        raise QueryError(f"There is no host {place.host}.") from None
    if not numbers:
        raise QueryError(f"There is no host {place.host}.")
    # One that is not public among them is reason enough: who answers so is up to something.
    if not all(permitted(number) for number in numbers):
        raise QueryError(f"{place.host} is not on the open internet; only public addresses are fetched.")
    return [str(number) for number in numbers]


def _in_time(work: Callable, until: float):
    """The result of `work`, which cannot be given a time limit of its own."""
    done: list = []

    def run() -> None:
        try:
            done.append((work(), None))
        except Exception as error:  # for the thread that waits
            done.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_left(until))
    if not done:
        raise TimeoutError
    value, error = done[0]
    if error is not None:
        raise error
    return value


def _get(place: _Place, numbers: list[str], limit: int, until: float) -> tuple[bytes, str | None]:
    """The body at a place, or where it leads on to."""
    connection = http.client.HTTPConnection(place.host, place.port)
    connection.default_port = _PORTS[place.scheme]  # which the Host header leaves out: some sign it
    wire = None
    try:
        wire = connection.sock = _connected(place, numbers, until)
        connection.putrequest("GET", place.target, skip_accept_encoding=True)
        connection.putheader("Accept", "image/*,*/*;q=0.5")
        connection.putheader("User-Agent", "Likeness")
        connection.putheader("Connection", "close")
        connection.endheaders()
        response = connection.getresponse()
        if response.status in (301, 302, 303, 307, 308):
            onward = response.getheader("Location")
            if not onward:
                raise QueryError(f"{place.host} leads on without saying where.")
            return b"", onward
        if response.status != 200:
            raise QueryError(f"{place.host} answered {response.status} instead of an image.")
        return _body(response, limit), None
    except TimeoutError:
        raise
    except ssl.SSLCertVerificationError as error:
        why = (error.verify_message or "no valid certificate").rstrip(".")
        raise QueryError(f"{place.host} cannot prove that it is the host of that name ({why}).") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise QueryError(f"{place.host} could not be reached, or broke off.") from None
    finally:
        if wire is not None:
            wire.end()


def _body(response: http.client.HTTPResponse, limit: int) -> bytes:
    told = response.length  # None where the answer does not say
    data = bytearray()
    while (told or 0) <= limit and len(data) <= limit:
        part = response.read(min(_STEP, limit + 1 - len(data)))
        if not part:
            if told is not None and len(data) < told:
                raise http.client.IncompleteRead(bytes(data))
            return bytes(data)
        data += part
    raise QueryError(f"What lies at that address is larger than {limit // 2**20} MB.")


def _connected(place: _Place, numbers: list[str], until: float) -> _Timed:
    """A connection to the first of the numbers that takes one."""
    error: OSError = OSError("no address")
    for number in numbers:
        try:
            plain = socket.create_connection((number, place.port), timeout=_left(until))
        except TimeoutError:
            raise
        except OSError as reason:
            error = reason
            continue
        if place.scheme == "http":
            return _Timed(plain, until)
        try:
            plain.settimeout(_left(until))
            secure = ssl.create_default_context().wrap_socket(plain, server_hostname=place.host)
        except (OSError, ValueError):
            plain.close()
            raise
        return _Timed(secure, until)
    raise error


class _Timed:
    """A socket as http.client uses one, whose every step ends at the same moment.

    A time limit of the socket's own begins anew with each byte that drips in.
    """

    def __init__(self, connection: socket.socket, until: float):
        self._connection = connection
        self._until = until

    def sendall(self, data: bytes) -> None:
        """Send all of it in what time is left."""
        self._connection.settimeout(_left(self._until))
        self._connection.sendall(data)

    def makefile(self, *_, **__) -> io.BufferedReader:
        """What comes in, as a file."""
        return io.BufferedReader(_Incoming(self._connection, self._until))

    def close(self) -> None:
        """Nothing: http.client closes as soon as the head is read, and goes on reading the body."""

    def end(self) -> None:
        """End the connection."""
        self._connection.close()


class _Incoming(io.RawIOBase):
    """The bytes that come in."""

    def __init__(self, connection: socket.socket, until: float):
        self._connection = connection
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        self._connection.settimeout(_left(self._until))
        return self._connection.recv_into(buffer)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _name(place: _Place) -> str:
    """The file name at the end of the path, or the host."""
    name = unquote(PurePosixPath(place.target.partition("?")[0]).name)
    return "".join(letter for letter in name if letter.isprintable())[:80] or place.host
