"""What nobody typed, sent to the dashboard by the thousand: `python -m tests.fuzz_pages LIBRARY 20000`.

Outside the suite. A third of the inputs are addresses of pages, their parameters drawn from all that pages
read and their values from all that they may mean, then spoiled: a page stands there or a sentence, never an
error, and soon. A third are addresses of what the browser fetches beside pages, and acts; a third callbacks of
Dash, as of somebody who may do everything, half of them with values of the kinds that they take and half with
others: never an error 5xx nor one of the program in the log, and no file is opened through a name that leads upward. Give a copy of a LIBRARY: acts write. Faults are printed with their
number (`--first N 1` does it again).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote, urlencode

from pydantic import TypeAdapter

from dashboard import acts
from dashboard.access import Access, asked
from dashboard.access.rights import RIGHTS
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


def callback_asked(app, client, chance: random.Random) -> str:
    """What a callback answers: what it should, or that it takes no values of such kinds."""
    name = chance.choice([name for name, entry in app.callback_map.items() if "callback" in entry])
    entry = app.callback_map[name]
    taken = iter([kind for _, kind in asked.kinds(entry["callback"])] if chance.random() < 0.6 else ())
    inputs, state = ([_given(part, next(taken, None), chance) for part in entry[kind]] for kind in ("inputs", "state"))
    changed = [f"{one['id']}.{one['property']}" for one in inputs if isinstance(one, dict)]
    body = {"output": name, "inputs": inputs, "state": state, "changedPropIds": changed[:1]}
    if "." in name:
        parts = [one.rpartition(".")[::2] for one in name.strip(".").split("...")]
        outputs = [[] if of.startswith("{") else {"id": of, "property": kind} for of, kind in parts]
        body["outputs"] = outputs if name.startswith("..") else outputs[0]
    told, log = _Told(), logging.getLogger("dashboard.app")
    log.addHandler(told)
    try:
        answer = client.post("/_dash-update-component", json=body, base_url="http://127.0.0.1", headers={"Origin": "http://127.0.0.1"})
    finally:
        log.removeHandler(told)
    assert answer.status_code < 500, (name, body, answer.status_code)
    grave = [error for error in told.errors if not isinstance(error, _RunStarted)]
    assert not grave, (name, body, grave)
    return f"callback {answer.status_code // 100}xx"


def _given(part: dict, taken: TypeAdapter | None, chance: random.Random) -> dict | list:
    """A value for an input of a callback, of the kind that it takes where that is given; of a pattern, for some
    components that fit it."""
    name, kind = part["id"], part["property"]
    schema = taken.json_schema() if taken else {}
    if name.startswith("{"):
        made = []
        for _ in range(chance.randrange(3)):
            one = {key: value if isinstance(value, str) else value_of(chance) for key, value in json.loads(name).items()}
            value = _fitting(schema["items"], schema, chance) if "items" in schema else _sent(kind, chance)
            made.append({"id": one, "property": kind, "value": one if kind == "id" else value})
        return made
    value = _fitting(schema, schema, chance) if schema else _sent(kind, chance)
    if name == "route":
        value = {"path": chance.choice([page.PATH for page in PAGES] + list(_VALUES)), "search": f"?{urlencode(params_of(chance))}"}
    return {"id": name, "property": kind, "value": value}


def _fitting(schema: dict, whole: dict, chance: random.Random) -> object:
    """A value that a JSON schema allows; whole: where its references lead."""
    if "$ref" in schema:
        return _fitting(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole, chance)
    if "anyOf" in schema:
        return _fitting(chance.choice(schema["anyOf"]), whole, chance)
    if "enum" in schema or "const" in schema:
        return chance.choice(schema.get("enum") or [schema["const"]])
    match schema.get("type"):
        case "null": return None
        case "boolean": return chance.random() < 0.5
        case "integer": return max(schema.get("minimum", 0), min(schema.get("maximum", 2**52), chance.choice((0, 1, 2, 3, 25, 2_000, 2**52))))
        case "number": return chance.choice((0, 0.35, 1, -1, 1.5, 1e300))
        case "string": return str(chance.randrange(100)) if "pattern" in schema else value_of(chance)
        case "array": return [_fitting(schema.get("items", {}), whole, chance) for _ in range(chance.randrange(4))]
        case "object" if "properties" in schema:
            needed = schema.get("required", ())
            return {name: _fitting(one, whole, chance) for name, one in schema["properties"].items() if name in needed or chance.random() < 0.5}
        case "object":
            one = schema.get("additionalProperties")
            return {value_of(chance): _fitting(one, whole, chance) if isinstance(one, dict) else json_of(chance) for _ in range(chance.randrange(3))}
    return json_of(chance)


def _sent(kind: str, chance: random.Random) -> object:
    if kind.startswith("n_"):
        return chance.choice((None, 0, 1, 2, -1))
    if kind == "value":
        return chance.choice((None, value_of(chance), value_of(chance), chance.randrange(100), [], [value_of(chance)]))
    return json_of(chance)


class _Told(logging.Handler):
    """The exceptions that a logger tells of."""

    def __init__(self):
        super().__init__()
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.errors.append(record.exc_info[1])


class _RunStarted(OSError):
    """A run was to be started: it would change what is looked at."""


class _Reached(Exception):
    """A file was to be opened through a name that leads upward."""


def _watch(event: str, args: tuple) -> None:
    if event == "subprocess.Popen" and "-m" in args[1]:
        raise _RunStarted("a run")
    if event in ("open", "os.listdir", "os.scandir") and isinstance(args[0], str | bytes):
        if ".." in os.fsdecode(args[0]).split("/"):
            raise _Reached(args[0])


def main() -> None:
    """Print what became of the inputs, and exit with 1 where one became none of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("count", type=int, help="inputs")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    given = parser.parse_args()
    library = Library(given.library)
    reads, app = Reads(library), create_app(library, access=Access(rights=frozenset(RIGHTS)))
    logging.getLogger("dashboard").propagate = False
    sys.addaudithook(_watch)
    app.server.config["PROPAGATE_EXCEPTIONS"] = True
    rules = [rule for rule in app.server.url_map.iter_rules() if not rule.rule.startswith("/_") and rule.methods & {"GET", "POST"}]
    client, counts, faults, slowest = app.server.test_client(), Counter(), {}, 0.0
    for number in range(given.first, given.first + given.count):
        chance, started = random.Random(number), time.monotonic()
        try:
            match number % 3:
                case 0: counts[page_shown(reads, chance)] += 1
                case 1: counts[fetched(client, rules, chance)] += 1
                case _: counts[callback_asked(app, client, chance)] += 1
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
