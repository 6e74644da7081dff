"""Fetching a picture by its address: from a real server, and from none it must not reach."""

from __future__ import annotations

import ipaddress
import socket
import socketserver
import threading
import time
from contextlib import contextmanager

import pytest

from dashboard.uploads.web import fetch, is_public, lookup
from pipeline.errors import QueryError
from tests import certificates

HERE = ipaddress.ip_address("127.0.0.1")


@contextmanager
def served(answer):
    """A server that lets `answer(path, send)` write what it likes; gives port and asked paths."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[str] = []

    def talk(connection: socket.socket) -> None:
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(4096) or b"\r\n\r\n"
            asked.append(head.split(b" ")[1].decode())
            try:
                answer(asked[-1], connection.sendall)
            except OSError:
                pass  # the other side had enough

    def listen() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=[connection], daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    yield listener.getsockname()[1], asked
    listener.close()


def ok(body: bytes, *lines: str) -> bytes:
    head = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *lines, "", ""]
    return "\r\n".join(head).encode() + body


def onward(where: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode()


def here(host: str, port: int) -> list[str]:
    """A name service in which every name is this machine."""
    return ["127.0.0.1"]


def from_here(address: str, **given):
    given.setdefault("resolve", here)
    return fetch(address, permitted=lambda number: number == HERE, **given)


def test_a_picture_comes_whole_with_its_name_whatever_its_type_says():
    body = bytes(range(256)) * 2_000
    with served(lambda path, send: send(ok(body, "Content-Type: text/html"))) as (port, asked):
        picture = from_here(f"http://pictures.example:{port}/a%20b/caf\u00e9.jpg?size=2#top")
    assert picture.data == body and picture.name == "caf\u00e9.jpg"
    assert asked == ["/a%20b/caf%C3%A9.jpg?size=2"]


def test_redirects_are_followed_three_times_and_no_further():
    def answer(path, send):
        steps = int(path[1:])
        send(onward(f"/{steps - 1}") if steps else ok(b"there"))

    with served(answer) as (port, asked):
        assert from_here(f"http://a.example:{port}/3").data == b"there"
        asked.clear()
        with pytest.raises(QueryError, match="on and on"):
            from_here(f"http://a.example:{port}/4")
        assert asked == ["/4", "/3", "/2", "/1"]


@pytest.mark.parametrize(
    "inner", ["http://[::1]:{port}/", "http://inner.example:{port}/", "//inner.example:{port}/"]
)
def test_a_redirect_inward_is_refused_without_a_connection(inner):
    def names(host, port):
        return ["127.0.0.1"] if host == "outer.example" else ["::1"]

    with (
        served(lambda path, send: send(onward(inner.format(port=port)))) as (port, asked),
        pytest.raises(QueryError, match="open internet"),
    ):
        from_here(f"http://outer.example:{port}/start", resolve=names)
    assert asked == ["/start"]


@pytest.mark.parametrize("where", ["file:///etc/hostname", "ftp://a.example/x", "gopher://a.example"])
def test_a_redirect_to_another_scheme_is_refused(where):
    with served(lambda path, send: send(onward(where))) as (port, _), pytest.raises(QueryError, match="http"):
        from_here(f"http://a.example:{port}/")


@pytest.mark.parametrize("where", ["//[::1", "http://[:]/", "//[::\xd9]/", "http://a.example:x/"])
def test_a_redirect_to_what_is_no_address_is_told(where):
    with served(lambda path, send: send(onward(where))) as (port, asked):
        with pytest.raises(QueryError, match="leads on to what is none|not a web address"):
            from_here(f"http://a.example:{port}/")
    assert asked == ["/"]


def test_a_mistake_of_ours_while_a_name_is_looked_up_is_no_lack_of_time():
    with pytest.raises(ZeroDivisionError):
        from_here("http://a.example/", resolve=lambda host, port: [str(1 // 0)])


def test_a_name_is_looked_up_once_and_what_was_checked_is_connected_to():
    """A name service that answers otherwise the second time (rebinding) gains nothing."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    with served(lambda path, send: send(ok(b"fine"))) as (port, _):
        assert from_here(f"http://a.example:{port}/", resolve=lambda *_: next(answers)).data == b"fine"
    assert next(answers) == ["10.0.0.1"]


def test_one_forbidden_number_among_several_is_enough():
    with (
        served(lambda path, send: send(ok(b"fine"))) as (port, asked),
        pytest.raises(QueryError, match="open internet"),
    ):
        from_here(f"http://a.example:{port}/", resolve=lambda *_: ["127.0.0.1", "192.168.1.1"])
    assert asked == []


def test_proxies_of_the_environment_are_not_asked(monkeypatch):
    with served(lambda path, send: send(ok(b"from the proxy"))) as (proxy, asked):
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        with served(lambda path, send: send(ok(b"itself"))) as (port, _):
            assert from_here(f"http://a.example:{port}/").data == b"itself"
    assert asked == []


def drip(send, head: bytes) -> None:
    for byte in head:
        send(bytes([byte]))
    while True:
        time.sleep(0.05)
        send(b"x")


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
def test_a_server_that_drips_is_left_in_time(head):
    with served(lambda path, send: drip(send, head)) as (port, _):
        started = time.monotonic()
        with pytest.raises(QueryError, match="longer than 0.6 seconds"):
            from_here(f"http://a.example:{port}/", seconds=0.6)
        assert time.monotonic() - started < 10  # the server would go on for ever


def test_time_runs_over_all_redirects_together_and_the_lookup():
    def answer(path, send):
        time.sleep(0.4)
        send(onward("/next"))

    with served(answer) as (port, _), pytest.raises(QueryError, match="longer"):
        from_here(f"http://a.example:{port}/", seconds=1)
    with pytest.raises(QueryError, match="longer"):
        from_here("http://a.example/", seconds=0.2, resolve=lambda *_: time.sleep(5) or [])


def test_more_than_the_limit_is_refused_told_or_untold():
    def endless(path, send):
        send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            send(bytes(10_000))

    def chunked(path, send):
        send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            send(b"1000\r\n" + bytes(0x1000) + b"\r\n")

    def told(path, send):
        send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        time.sleep(5)

    for answer in (endless, chunked, told):
        with served(answer) as (port, _), pytest.raises(QueryError, match="larger than 1 MB"):
            from_here(f"http://a.example:{port}/", limit=2**20, seconds=60)
    with served(lambda path, send: send(ok(bytes(2**20)))) as (port, _):
        assert len(from_here(f"http://a.example:{port}/", limit=2**20).data) == 2**20


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("", "http://"),
        ("picture.jpg", "http://"),
        ("file:///etc/passwd", "http://"),
        ("javascript:alert(1)", "http://"),
        ("http://", "not a web address"),
        ("http://a.example:99999/", "not a web address"),
        ("http://[::1/", "not a web address"),
        ("http://a.example/\r\nHost: b", "not a web address"),
        ("http://a.example/a b", "not a web address"),
        ("http://me:secret@a.example/", "password"),
        ("http://me@a.example/", "password"),
        ("http://a.example:25/", "Port 25"),
        ("http://a.example:22/", "Port 22"),
        ("http://" + "a" * 3_000, "not a web address"),
        ("http://" + "a" * 80 + ".example/", "not a web address"),
        ("http://" + "a." * 140 + "example/", "not a web address"),
        ("http://a.example/?q=\ud800", "not a web address"),
        ("http://\ud800.example/", "not a web address"),
        ("http://a.example\\/", "not a web address"),
        ("http://a%2eexample/", "not a web address"),
        ("http://[fe80::1%25lo]/", "not a web address"),
    ],
)
def test_addresses_that_are_none_are_told_in_one_sentence(address, told):
    with pytest.raises(QueryError, match=told) as error:
        from_here(address)
    assert len(str(error.value)) < 120 and "\n" not in str(error.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "[::1]",
                                  "0.0.0.0", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"])
def test_this_machine_is_refused_under_every_name(host):
    with served(lambda path, send: send(ok(b"secret"))) as (port, asked), pytest.raises(QueryError):
        fetch(f"http://{host}:{port}/", resolve=lookup)
    assert asked == []


@pytest.mark.parametrize(
    "number",
    [
        "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "127.9.9.9", "169.254.169.254",
        "0.0.0.0", "0.1.2.3", "100.64.0.1", "192.0.0.170", "192.0.2.1", "198.18.0.1", "198.51.100.7",
        "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::",
        "::1", "::127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "fe80::1", "fec0::1", "fc00::1",
        "fd00:ec2::254", "ff02::1", "100::1", "2001:db8::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1", "64:ff9b:1::101:101", "64:ff9b:1:ffff::808:808", "64:ff9b:2::1", "2002:101:101::1",
        "2001:0:4136:e378:8000:63bf:fefe:fefe", "2001:2::1", "2001:20::1", "3fff::1", "5f00::1", "::1.1.1.1",
        "::ffff:0:101:101", "1::1", "4000::1", "2002:7f00:1::", "2002:c0a8:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)
def test_numbers_inside_are_not_public(number):
    assert not is_public(ipaddress.ip_address(number))


@pytest.mark.parametrize(
    "number",
    ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"],
)
def test_numbers_of_the_open_internet_are(number):
    assert is_public(ipaddress.ip_address(number))


def broken(noise: bytes):
    return served(lambda path, send: send(noise))


def unknown(host: str, port: int) -> list[str]:
    """A name service that knows no name; a real one may take longer to say so than a fetch may."""
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_what_is_no_answer_is_told():
    with (
        served(lambda path, send: send(b"HTTP/1.1 404 Not Found\r\n\r\n")) as (port, _),
        pytest.raises(QueryError, match="answered 404"),
    ):
        from_here(f"http://a.example:{port}/")
    for noise in (b"SSH-2.0-x\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"):
        with broken(noise) as (port, _), pytest.raises(QueryError, match="broke off"):
            from_here(f"http://a.example:{port}/")
    with pytest.raises(QueryError, match="no host"):
        fetch("http://no-such-host.invalid/", resolve=unknown)


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    """A server with a certificate for a.example that it has made itself: port, what it was asked, the certificate."""
    context, certificate = certificates.serving(tmp_path_factory.mktemp("certificate"), "a.example")
    asked: list[bytes] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                with context.wrap_socket(self.request, server_side=True) as secure:
                    asked.append(secure.recv(10_000))
                    secure.sendall(ok(b"picture"))
            except OSError:
                pass  # the other side did not believe it

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], asked, certificate
        server.shutdown()


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_asked(certified):
    port, asked, _ = certified
    with pytest.raises(QueryError, match="cannot prove.*self-signed"):
        from_here(f"https://a.example:{port}/picture.jpg")
    assert asked == []


def test_a_certificate_counts_for_its_own_name_alone(certified, monkeypatch):
    port, asked, certificate = certified
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert from_here(f"https://a.example:{port}/picture.jpg").data == b"picture" and len(asked) == 1
    with pytest.raises(QueryError, match="cannot prove.*b.example"):
        from_here(f"https://b.example:{port}/picture.jpg")
    assert len(asked) == 1


def test_a_server_that_cannot_prove_who_it_is_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def talk() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(b"HTTP/1.1 400 This is no TLS\r\n\r\n")

        threading.Thread(target=talk, daemon=True).start()
        with pytest.raises(QueryError, match="broke off"):
            from_here(f"https://a.example:{listener.getsockname()[1]}/")
