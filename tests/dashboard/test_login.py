"""The way in: the password, sessions, tries, and what programs say."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress

import pytest
from playwright.sync_api import Error, expect
from werkzeug.test import Client

from dashboard.access import Access
from dashboard.access.password import FIRST_WAIT, FREE_TRIES, LONGEST_WAIT, SESSION, TRIES_OF_ALL, Door, Tries
from dashboard.roof import open_roof

PASSWORD = "öffne dich"
HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}


class Clock:
    """Time that passes when it is told to."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def client_of(data, **given) -> Client:
    return Client(open_roof(data if isinstance(data, list) else [data],
                            Access.listening_on("0.0.0.0", password=PASSWORD, **given)))


def enter(client: Client, password: str = PASSWORD, path: str = "/login", **more):
    return client.post(path, data={"password": password, "next": "/search?image=3"}, **more)


def test_without_the_password_nothing_is_told(made_library):
    client = client_of(made_library)
    for path in ("/thumb/1", "/image/1", "/_dash-layout", "/map/overview/combined", "/export/csv?tag=x", "/version",
                 "/login-not", "/loginx/1"):
        assert client.get(path).status_code == 401, path
    assert client.post("/_dash-update-component", json={}).status_code == 401
    answer = client.get("/search?image=3", headers=HTML)
    assert answer.status_code == 303 and answer.location == "/login?next=%2Fsearch%3Fimage%3D3"
    assert client.get("/assets/../thumb/1").status_code == 404
    assert client.get("/healthz").text == "ok\n"


def test_the_password_opens_a_session_that_ends_when_one_leaves(made_library):
    client = client_of(made_library)
    assert enter(client, "open sesame").status_code == 401
    assert client.get("/thumb/1").status_code == 401
    answer = enter(client)
    assert answer.status_code == 303 and answer.location == "/search?image=3"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/;" in cookie and "Secure" not in cookie
    assert client.get("/thumb/1").status_code == 200
    left = client.post("/logout")
    assert left.status_code == 303 and left.location == "/login"
    stolen = Client(client.application)
    stolen.set_cookie("likeness-80", re.search("=([^;]+)", cookie)[1])
    assert stolen.get("/thumb/1").status_code == 401 == client.get("/thumb/1").status_code


def test_behind_tls_the_cookie_is_for_tls_alone_and_for_every_library(made_library, unopened_library, tmp_path):
    shutil.copytree(unopened_library, tmp_path / "b")
    access = Access.listening_on("127.0.0.1", names=["images.example"], password=PASSWORD, trusted=True)
    client = Client(open_roof([made_library, tmp_path / "b"], access, prefix="/likeness"))
    through = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "images.example", "X-Forwarded-For": "203.0.113.7"}
    answer = enter(client, path="/likeness/in/b/login", headers=through)
    assert answer.status_code == 303 and answer.location.endswith("/likeness/in/b/search?image=3")
    assert "Secure" in answer.headers["Set-Cookie"] and "Path=/likeness;" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)",
                                    "evil", "/login?next=/login", "/a\r\nSet-Cookie: x=y", "//[evil", ""])
def test_signing_in_leads_nowhere_else(made_library, onward):
    client = client_of(made_library)
    answer = client.post("/login", data={"password": PASSWORD, "next": onward})
    assert answer.status_code == 303 and re.fullmatch(r"/[^/\\]?[^\\:\r\n]*", answer.location)
    assert "evil" not in answer.location and "x=y" not in answer.headers.get("Set-Cookie", "")


def test_a_program_says_the_token_or_where_there_is_none_the_password(made_library):
    def asked(client, token):
        return client.get("/thumb/1", headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")})

    with_token = client_of(made_library, token="t0ken")
    assert asked(with_token, "t0ken").status_code == 200
    refused = asked(with_token, PASSWORD)
    assert refused.status_code == 401 and refused.headers["WWW-Authenticate"].startswith("Bearer")
    plain = Client(open_roof([made_library], Access.listening_on("0.0.0.0", password="sesame")))
    assert asked(plain, "sesame").status_code == 200
    for _ in range(FREE_TRIES):
        assert asked(plain, "guess").status_code == 401
    answer = asked(plain, "sesame")
    assert answer.status_code == 429 and 0 < int(answer.headers["Retry-After"]) <= FIRST_WAIT


def test_wrong_tries_cost_more_and_more_time(made_library):
    clock = Clock()
    tries = Tries(clock)
    waits = []
    for _ in range(14):
        tries.failed("203.0.113.7")
        waits.append(tries.wait("203.0.113.7"))
        clock.now += waits[-1]
    assert waits[: FREE_TRIES - 1] == [0] * (FREE_TRIES - 1)
    assert waits[FREE_TRIES - 1 : FREE_TRIES + 2] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert waits[-1] == LONGEST_WAIT
    clock.now -= waits[-1]
    assert tries.wait("203.0.113.8") == 0
    tries.failed("2001:db8:1:2::1")
    for _ in range(FREE_TRIES):
        tries.failed("2001:db8:1:2:ffff::9")  # who has one address of a /64 has all
    assert tries.wait("2001:db8:1:2::7") > 0 == tries.wait("2001:db8:1:3::7")
    for number in range(TRIES_OF_ALL):
        tries.failed(f"198.51.{number}.1")
    assert tries.wait("192.0.2.1") > 0
    clock.now += LONGEST_WAIT + 1
    assert tries.wait("192.0.2.1") == 0


def test_a_session_ends_by_itself():
    clock = Clock()
    door = Door(PASSWORD, clock=clock)
    key = door.open()
    assert door.is_open(key) and not door.is_open(key[:-1]) and not door.is_open("")
    clock.now += SESSION - 1
    assert door.is_open(key)
    clock.now += 2
    assert not door.is_open(key)
    door.open()
    assert len(door._sessions) == 1  # who ended is not remembered


def go(page, address: str) -> None:
    """To an address, though the page may be on its way to the sign-in by itself: each answer that sends it there ends
    what is on its way, until it stands there and asks no more."""
    for _ in range(20):
        try:
            page.goto(address)
            page.wait_for_load_state()
            if "next=%2Fsearch" not in page.url:
                return
        except Error:
            continue


@pytest.mark.browser
@pytest.mark.parametrize("scheme, size", [("light", (1440, 900)), ("dark", (390, 844))])
def test_one_signs_in_and_out_in_the_browser(browser, serving, library, scheme, size, tmp_path):
    address = serving(library, Access.listening_on("0.0.0.0", password=PASSWORD))
    context = browser.new_context(color_scheme=scheme, viewport=dict(zip(("width", "height"), size)))
    page = context.new_page()
    errors = []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto(f"{address}/search?image=3")
    expect(page).to_have_url(re.compile(r"/login\?next="))
    page.screenshot(path=tmp_path / "login.png")
    box = page.locator("form").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= size[0]
    assert not errors
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{address}/search?image=3")
    expect(page.locator("#search-query img")).to_be_visible()
    # The session ends while the page is open: what is asked next leads to the sign-in, and back to it.
    assert context.request.post(f"{address}/logout").ok
    go(page, f"{address}/compare")
    expect(page).to_have_url(re.compile(r"/login\?next=%2Fcompare"))
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{address}/compare"))
    expect(page.locator("#page .compare, #page .empty-state").first).to_be_visible()
    page.wait_for_function("document.title && !document.querySelector('[aria-busy=true], [data-dash-is-loading=true]')")
    assert context.request.post(f"{address}/logout").ok
    # Later: the page may be left before an answer to this very call is here, or has been left for what it asked by itself.
    with suppress(Error):
        page.evaluate("setTimeout(() => likeness.act('tag', {name: 'x', ids: [1]}))")
    expect(page).to_have_url(re.compile(r"/login\?next=%2Fcompare"))
    expect(page.locator(".toast.show")).to_have_count(0)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{address}/compare"))
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/login$"))
    page.goto(f"{address}/detail?image=3")
    expect(page.get_by_label("Password")).to_be_visible()
    context.close()
