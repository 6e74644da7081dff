"""Pictures from https addresses: only from a server that proves to be the one that was named."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trustme

from pipeline.errors import QueryError
from tests.dashboard import test_web_picture
from tests.dashboard.test_web_picture import from_here, ok

HOST, BODY = "pictures.example", bytes(range(256)) * 40


@pytest.fixture
def trusted(tmp_path, monkeypatch) -> trustme.CA:
    """An authority that this machine trusts, and no other."""
    authority = trustme.CA()
    file = tmp_path / "authorities.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    return authority


@contextmanager
def served(certificate: trustme.LeafCert) -> Iterator[tuple[int, list[bytes]]]:
    """A server with a certificate that answers with BODY; its port, and what it was asked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def talk(plain: socket.socket) -> None:
        with plain:
            try:
                with context.wrap_socket(plain, server_side=True) as secure:
                    asked.append(secure.recv(4096))
                    secure.sendall(ok(BODY, "Connection: close"))
            except OSError:
                pass  # the other side did not trust it

    def listen() -> None:
        while True:
            try:
                talk(listener.accept()[0])
            except OSError:
                return

    threading.Thread(target=listen, daemon=True).start()
    yield listener.getsockname()[1], asked
    listener.close()


def test_a_picture_comes_from_a_server_that_is_trusted_under_its_name(trusted):
    with served(trusted.issue_cert(HOST)) as (port, asked):
        assert from_here(f"https://{HOST}:{port}/a.jpg").data == BODY
    assert len(asked) == 1


def _impostors(authority: trustme.CA) -> dict[str, trustme.LeafCert]:
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    return {
        "of nobody trusted": trustme.CA().issue_cert(HOST),
        "for another name": authority.issue_cert("elsewhere.example"),
        "for the number alone": authority.issue_cert("127.0.0.1"),
        "run out": authority.issue_cert(HOST, not_after=yesterday),
    }


@pytest.mark.parametrize("kind", ["of nobody trusted", "for another name", "for the number alone", "run out"])
def test_a_server_that_is_not_the_one_named_is_not_even_asked(trusted, kind):
    with served(_impostors(trusted)[kind]) as (port, asked):
        with pytest.raises(QueryError, match=f"{HOST} could not be reached"):
            from_here(f"https://{HOST}:{port}/a.jpg")
    assert asked == []


def test_a_link_onward_is_held_to_the_same(trusted):
    def onward(path: str, send) -> None:
        send(f"HTTP/1.1 302 Found\r\nLocation: https://{HOST}:{port}/b.jpg\r\nContent-Length: 0\r\n\r\n".encode())

    with served(trustme.CA().issue_cert(HOST)) as (port, asked), test_web_picture.served(onward) as (first, _):
        with pytest.raises(QueryError, match="could not be reached"):
            from_here(f"http://start.example:{first}/a.jpg")
    assert asked == []
