"""Whether a page can be used by all: what axe finds on it, and whether a phone holds it."""

from __future__ import annotations

from collections.abc import Sequence

from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page

_FADED = ".is-old, .search-results.working, .facets[aria-busy], .map-clusters[aria-busy=true]"
"""What is paler as long as an answer is on its way."""
_STILL = "document.getAnimations().every(one => !(one instanceof CSSTransition))"
_WATCH = """faded => {
    if (window.watchesPale) window.watchesPale.disconnect();
    window.hasPaled = false;
    window.watchesPale = new MutationObserver(() => { window.hasPaled = window.hasPaled || !!document.querySelector(faded); });
    window.watchesPale.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["class", "aria-busy"] });
}"""
"""Notes whether anything becomes paler from now on."""
_LOOKS = 20
_LAID_OUT = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"
PHONE = 390  # px


def faults(page: Page, within: str | None = None, rules: Sequence[str] = ()) -> list[tuple[str, str]]:
    """The serious and critical faults of a browser's page, or of a part of it by a selector:
    (rule, the first element at fault). rules: these alone."""
    asked: dict = {"resultTypes": ["violations"]}  # telling of all that is right takes three times as long
    if rules:
        asked["runOnly"] = {"type": "rule", "values": list(rules)}
    for _ in range(_LOOKS):  # again where an answer was asked for meanwhile
        page.evaluate(_WATCH, _FADED)
        page.wait_for_function(f"!document.querySelector('{_FADED}') && {_STILL}")
        page.evaluate("window.hasPaled = false")
        told = Axe().run(page, within, asked)["violations"]
        if not page.evaluate("window.hasPaled"):
            break
    return [
        (fault["id"], fault["nodes"][0]["html"][:200]) for fault in told if fault["impact"] in ("serious", "critical")
    ]


def faults_of_all(page: Page) -> list[tuple]:
    """Those of a page that stands, in light and in dark, and by how much a phone is too narrow for it, which it
    is laid out for in the end."""
    found: list[tuple] = []
    for scheme, rules in (("light", ()), ("dark", ("color-contrast",))):  # nothing else differs between them
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_function("scheme => document.documentElement.dataset.bsTheme === scheme", arg=scheme)
        found += [(scheme, *fault) for fault in faults(page, rules=rules)]
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.wait_for_function(f"document.documentElement.clientWidth <= {PHONE}")
    page.evaluate(_LAID_OUT)
    if (width := page.evaluate("document.documentElement.scrollWidth")) > PHONE:
        found.append(("phone", f"{width} px wide"))
    return found
