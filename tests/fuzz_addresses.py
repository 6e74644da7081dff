"""Web addresses and servers that mean harm, by the thousand: `python -m tests.fuzz_addresses 20000`.

Outside the suite. Every other input is an address: pieces of URLs put together, with letters
changed, under a name service that answers with numbers inside and outside. The rest are
answers of a server, damaged: heads, lengths, redirects, chunks. For each, the reader has to
give bytes within the limit or one sentence, in time, and to connect to nothing but what was
permitted. Faults are printed with their number (`--first N 1` does it again).
"""

from __future__ import annotations

import argparse
import ipaddress
import random
import re
import socket
import threading
import time
from collections import Counter
from contextlib import suppress

from dashboard.uploads.web import fetch, is_public
from pipeline.errors import QueryError

LIMIT = 20_000
"""Largest picture here, bytes."""
SECONDS = 0.5
_LATE = 3.0  # seconds, on a busy machine
_HERE = ipaddress.ip_address("127.0.0.1")

_HOST = re.compile(r"[a-zA-Z0-9._:-]+")

_SCHEMES = ("http", "https", "HTTP", "file", "ftp", "javascript", "data", "gopher", "", "http:", "blob:http", "\thttp", "ｈttp")
_MARKS = ("://", ":", ":/", ":///", "://///", ":\\\\", "//", "")
_USERS = ("", "", "", "me@", "me:pass@", "@", ":@", "a.example@", "a%40", "a.example#@", "a.example\\@")
_HOSTS = (
    "a.example", "127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "017700000001", "[::1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[fe80::1%25lo]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "169.254.169.254", "0", "0.0.0.0", "[::]",
    "10.0.0.1.", "a.example.", "①②⑦.⓪.⓪.①", "127。0。0。1", "ex\u00adample", "xn--a", "xn--", "a" * 64, "a." * 140, "..", ".", "-",
    "[", "]", "[::1", "::1", "%31%32%37.0.0.1", "a_b", "ß.example", "\u202e.example", "\ud800", "a\0b", "[v1.a]", "",
)  # fmt: skip
_PORTS = ("", "", "", ":80", ":443", ":22", ":25", ":0", ":-1", ":65536", ":99999999999", ":８０", ": 80", ":80:80", ":x", ":", ":6379")
_TARGETS = (
    "", "/", "/a.jpg", "/é.png", "/a b", "/%", "/%zz", "/%0d%0aHost:%20b", "/\r\nHost: b", "?q", "?q=\ud800", "#part", "/../../etc/passwd",
    "/" + "a" * 3_000, "//b.example/", "/\\b.example", "/a\tb", "/a\u2028b", "/%00", "/;a=b?c#d?e",
)  # fmt: skip
_NUMBERS = (
    "127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0", "::1", "fd00::1", "fe80::1%lo", "::ffff:10.0.0.1",
    "64:ff9b:1::a00:1", "64:ff9b::a00:1", "2002:7f00:1::", "100.64.0.1", "224.0.0.1", "1.1.1.1", "2606:4700::1111", "no number", "",
)  # fmt: skip

_ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\n\r\nhello",
    b"HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nhello\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 301 Moved\r\nLocation: /again\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://b.example/\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
    b"HTTP/1.1 307 Found\r\nLocation: //[::1]:6379/\r\n\r\n",
    b"HTTP/1.1 308 Found\r\nLocation:\r\n\r\n",
    b"HTTP/1.1 404 Not Found\r\n\r\n", b"HTTP/1.1 999 x\r\n\r\n", b"HTTP/9.9 200\r\n\r\n", b"SSH-2.0-x\r\n", b"\0" * 400, b"",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 150 + b"\r\nhello",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\n\r\n" + b"z" * (LIMIT + 9),
)  # fmt: skip


def address_of(number: int) -> str:
    """Address `number`: a piece of each kind, then up to three letters changed."""
    chance = random.Random(number)
    text = "".join(map(chance.choice, (_SCHEMES, _MARKS, _USERS, _HOSTS, _PORTS, _TARGETS)))
    if chance.random() < 0.5:  # one that gets further than the scheme
        text = f"http://{chance.choice(_USERS)}{chance.choice(_HOSTS)}{chance.choice(_PORTS)}{chance.choice(_TARGETS)}"
    if chance.random() < 0.3:  # one that is in order
        text = f"{chance.choice(('http', 'https'))}://a.example{chance.choice(_PORTS[:5])}/a.jpg?b"
    letters = list(text)
    for _ in range(chance.choice((0, 0, 1, 2, 3))):
        at = chance.randrange(len(letters) + 1)
        match chance.randrange(3):
            case 0: letters[at : at + 1] = [chr(chance.choice((chance.randrange(128), chance.randrange(0x3000))))]
            case 1: del letters[at : at + chance.randrange(1, 5)]
            case 2: letters[at:at] = letters[: chance.randrange(12)]
    return "".join(letters)


def answer_of(number: int) -> bytes:
    """Answer `number` of a server: one of those above with up to four changes."""
    chance = random.Random(number)
    data = bytearray(chance.choice(_ANSWERS))
    for _ in range(chance.choice((0, 1, 1, 2, 4))):
        at = chance.randrange(min(len(data), 120) + 1)
        match chance.randrange(5):
            case 0: data[at : at + 1] = bytes([chance.randrange(256)])
            case 1: del data[at : at + chance.randrange(1, 20)]
            case 2: data[at:at] = data[at : at + 40] * chance.randrange(1, 60)
            case 3: data[at:at] = chance.choice((b"\r\n", b"\r\n\r\n", b"\n", b":", b"\0", b"9" * 30, b"\xff\xfe"))
            case 4: del data[at:]
    return bytes(data)


class Server:
    """Answers everybody with `answer`, and counts who came."""

    def __init__(self):
        self.answer, self.came = b"", 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            self.came += 1
            with connection, suppress(OSError):
                connection.settimeout(_LATE)
                connection.recv(4096)
                connection.sendall(self.answer)


def addressed(number: int) -> str:
    """What became of an address; raises what should not have come. Nothing inside may be connected to."""
    chance = random.Random(-number - 1)
    numbers = chance.sample(_NUMBERS[-4:-2] if chance.random() < 0.5 else _NUMBERS, chance.randint(0, 2))
    inside = [one for one in numbers if not _is_open(one)]

    def permitted(found) -> bool:
        # Nothing is connected to here: of what would be, all must be public and none inside.
        if is_public(found) and not inside:
            raise QueryError("let through")
        return is_public(found)

    def resolve(host: str, port: int) -> list[str]:
        assert 0 < port < 65536 and _HOST.fullmatch(host), (host, port)
        return numbers

    try:
        fetch(address_of(number), limit=LIMIT, seconds=SECONDS, permitted=permitted, resolve=resolve)
    except QueryError as error:
        assert "\n" not in str(error) and str(error).isprintable() and len(str(error)) < 320, repr(str(error))
        assert not inside or "could not be reached" not in str(error), "connected though a number is inside"
        return "let through" if str(error) == "let through" else "sentence"
    raise AssertionError("something was fetched from nowhere")


def _is_open(text: str) -> bool:
    try:
        return is_public(ipaddress.ip_address(text))
    except ValueError:
        return False


def answered(number: int, server: Server) -> str:
    """What became of a server's answer; raises what should not have come."""
    server.answer, before = answer_of(number), server.came
    started = time.monotonic()
    try:
        picture = fetch(
            f"http://a.example:{server.port}/a.jpg", limit=LIMIT, seconds=SECONDS,
            permitted=lambda found: found == _HERE, resolve=lambda host, port: ["127.0.0.1" if host == "a.example" else "::1"],
        )
        assert len(picture.data) <= LIMIT and picture.name.isprintable()
        said = "bytes"
    except QueryError as error:
        assert "\n" not in str(error) and str(error).isprintable() and len(str(error)) < 320, repr(str(error))
        said = "sentence"
    assert time.monotonic() - started < SECONDS + _LATE, "late"
    assert server.came - before <= 4, "more connections than redirects allow"
    return said


def main() -> None:
    """Print what became of the inputs, and exit with 1 where one became none of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, help="inputs")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    given = parser.parse_args()
    server, counts, faults = Server(), Counter(), {}
    for number in range(given.first, given.first + given.count):
        kind = "answers" if number % 2 else "addresses"
        try:
            counts[kind, answered(number, server) if number % 2 else addressed(number)] += 1
        except Exception as error:
            faults[number] = f"{kind}: {type(error).__name__}: {error}"
    print({" ".join(key): count for key, count in sorted(counts.items())}, f"{len(faults)} faults")
    for number, what in faults.items():
        print(number, what, repr(address_of(number)) if number % 2 == 0 else answer_of(number)[:120])
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
