"""Addresses of the dashboard that nobody typed, by the thousand: `python -m tests.fuzz_pages LIBRARY 20000`.

Outside the suite. Every other input is the address of a page, its parameters drawn from all
that pages read and their values from all that they may mean, then spoiled: a page stands there
or a sentence, never an error, and soon. The rest are addresses of what the browser fetches beside
pages, and acts, as of somebody who may do everything: never an error 5xx. Give a copy of a LIBRARY:
acts write. Faults are printed with
their number (`--first N 1` does it again).
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote, urlencode

from dashboard import acts
from dashboard.access import Access
from dashboard.app import PAGES, create_app, render
from dashboard.reads import Reads
from pipeline.library import Library

_LATE = 20.0  # seconds for one page, on a busy machine

_KEYS = (
    "a", "b", "by", "collection", "color", "columns", "count", "dim", "focus", "grain", "group", "hide", "image", "images", "k",
    "least", "map", "metric", "mode", "mutual", "nodes", "order", "sort", "upload", "value", "view", "weights", "where", "minus",
    "words", "palette", "these", "tag", "label", "folder", "cluster", "turn", "mirror", "crop", "sift", "efficientnet", "box",
    "text", "q", "start", "around", "x", "y", "zoom", "page", "tour", "seen", "like", "unlike", "ids", "rated", "id",
)  # fmt: skip
_FIELDS = (
    "act", "args", "ids", "name", "set", "where", "sort", "columns", "start", "count", "id", "hidden", "only", "by", "grain", "x", "y",
    "line", "polygon", "categories", "address", "tag", "map", "cluster", "image", "value", "new", "collection", "of", "into",
)
_VALUES = (
    "1", "2", "3,4,5", "0", "-1", "99999999", "9" * 40, "1.5", "1e400", "-1e400", "nan", "inf", "1_0", "١", "², ³", "true", "on", "",
    "color", "sift", "efficientnet", "combined", "../../x", "color\0", "dress", "red dress", "#c8452b", "#c8452b=1,#fff=nan", "#xyz",
    "label=dress", "label=dress,(none)", "date>=2020-05;color=red,pink;size<5MB", "size<", ">=", "a=b=c", ";;;", "taken>=99999", "color=",
    "file~", "file~%", "x>1e999", "size>=-1", "date>=2020-13-45", "date<=9999-12-31", "date>=0000-01-01", "width=1..2", "near=1", "~", "!",
    "1~90~m~100.50.400.300", "1~", "1~~~", "1~x", "90", "45", "100,100,100,100", "0,0,1000,1000", "1,1,1,1", "-1,0,5,5", "2d", "3d", "closest",
    "discover", "distinct", "hamming", "manhattan", "cosine", "a\nb", "a\r\nb", "<b>x</b>", "\u202e", "😀", "\ufffd", "\x7f", "'; DROP TABLE x", "%",
    "[1]", "{}", "null", "undefined", "tag", "collection", "cluster", "agreement", "distortion", "rating", "map-sift", "1" * 5_000, "a," * 3_000,
    "0.5,0.5,0.6,0.6", "nan,nan,nan,nan", "1,2,3", "AAAA", "_" * 50, "=", "__class__", "size", "path", "desc", "-date", "label:asc",
)  # fmt: skip


def value_of(chance: random.Random) -> str:
    """A value: one of those above, two of them, or one with letters changed."""
    text = chance.choice(_VALUES)
    match chance.randrange(5):
        case 0: text += chance.choice(",;~=. ") + chance.choice(_VALUES)
        case 1 if text:
            at = chance.randrange(len(text))
            text = text[:at] + chr(chance.choice((chance.randrange(128), chance.randrange(0x2FFF)))) + text[at + 1 :]
    return text


def params_of(chance: random.Random) -> dict[str, str]:
    """One to five parameters."""
    return {chance.choice(_KEYS): value_of(chance) for _ in range(chance.randint(1, 5))}


def json_of(chance: random.Random, depth: int = 0) -> object:
    """JSON of any kind."""
    match chance.randrange(9 if depth < 3 else 6):
        case 0: return chance.choice((None, True, 0, -1, 3, 2**70, 1.5, float("nan"), 1e308))
        case 1 | 2 | 3: return value_of(chance)
        case 4: return chance.choice(_KEYS)
        case 5: return chance.randrange(3_000)
        case 6: return [json_of(chance, depth + 1) for _ in range(chance.randrange(5))]
        case _: return {chance.choice(_FIELDS): json_of(chance, depth + 1) for _ in range(chance.randrange(5))}


def page_shown(reads: Reads, chance: random.Random) -> str:
    """What stands at an address of a page."""
    page = chance.choice(PAGES)
    shown, _, _ = render(reads, page.PATH, "?" + urlencode(params_of(chance)))
    assert shown is not None
    return "page"


def fetched(client, rules: list, chance: random.Random) -> str:
    """What a route answers, by its hundreds."""
    rule = chance.choice(rules if chance.random() < 0.7 else [rule for rule in rules if rule.rule == "/act"])
    path = rule.rule
    for name in rule.arguments:
        start, end = path.index("<"), path.index(">") + 1
        given = str(chance.randrange(3_000)) if chance.random() < 0.4 else quote(value_of(chance)[:200], safe="/" if "path:" in path[start:end] else "")
        path = path[:start] + (given or "1") + path[end:]
    method = chance.choice(sorted(rule.methods & {"GET", "POST"}))
    said = {name: json_of(chance) for name in chance.sample(_FIELDS, 6)} if chance.random() < 0.8 else json_of(chance)
    if rule.rule == "/act":
        said = {"act": chance.choice(list(acts.ACTS)), "args": said}
    sent = chance.choice(({"json": said}, {"json": said}, {"data": params_of(chance)}, {"data": value_of(chance).encode()}))
    answer = client.open(
        f"{path}?{urlencode(params_of(chance))}", method=method, base_url="http://127.0.0.1", headers={"Origin": "http://127.0.0.1"},
        **(sent if method == "POST" else {}),
    )
    answer.get_data()
    assert answer.status_code < 500, (method, path[:200], sent, answer.status_code)
    return f"{answer.status_code // 100}xx"


def main() -> None:
    """Print what became of the inputs, and exit with 1 where one became none of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("count", type=int, help="inputs")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    given = parser.parse_args()
    library = Library(given.library)
    reads, app = Reads(library), create_app(library, access=Access())
    app.server.config["PROPAGATE_EXCEPTIONS"] = True
    rules = [rule for rule in app.server.url_map.iter_rules() if not rule.rule.startswith("/_") and rule.methods & {"GET", "POST"}]
    client, counts, faults, slowest = app.server.test_client(), Counter(), {}, 0.0
    for number in range(given.first, given.first + given.count):
        chance, started = random.Random(number), time.monotonic()
        try:
            counts[fetched(client, rules, chance) if number % 2 else page_shown(reads, chance)] += 1
            assert time.monotonic() - started < _LATE, "late"
        except Exception as error:
            faults[number] = f"{type(error).__name__}: {error}"[:300]
        slowest = max(slowest, time.monotonic() - started)
    print(dict(counts), f"slowest {slowest:.1f} s, {len(faults)} faults")
    for number, what in faults.items():
        print(number, what)
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
