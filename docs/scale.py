"""What 10 million, 100 million and a billion pictures cost, from what was measured: `python docs/scale.py`.

It prints the tables of docs/scale.md. What stands under MEASURED and RUNS was measured, by the command beside it;
what stands under ASSUMED are round numbers, to be replaced by one's own. Nothing else is put in.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque

HOUR = 3600.0
GB, TB = 1e9, 1e12
SIZES = {"10 million": 10_000_000, "100 million": 100_000_000, "a billion": 1_000_000_000}

MEASURED = {
    # 2 cores of an Intel Xeon with AMX, 25 GB, 2026-11-26
    "describe core s": 2 * 49.7 / 3781,  # `embed` of 3,781 photographs of 0.2 megapixels, on the quiet machine
    "large core s": 0.033,  # more for a JPEG of 12 megapixels and 2.4 MB: decoded, hashed; not what fetching it takes
    "store images/s": 7600,  # thumbnail, hash and three vectors into SQLite, in batches of 256, by the processor's time
    "library B": 20_957,  # a picture, in a library of 6,000 made so
    "thumbnail B": 12_067,  # of 3,781 photographs, pages of SQLite included
    "vectors B": 8_206,
    "index B": 7_863,  # on disk, `bench --stages index --index-size 1000000`
    "rows B": 7_168,  # of these the exact rows, in a mapped file
    "codes core s": 6.7e-9,  # a picture whose code is read for a query: 1,000,000 in 6.7 ms of a busy core
    "ranked core s": 0.0012,  # what else a query takes, however many there are
    "placed core s": 0.0053,  # a query of 200 at once among a million, two cores by the clock
}
RUNS: dict[str, dict[int, float]] = {
    # Synthetic images of 1,792 numbers (`bench`), on quiet machines but for graphs of 32 links, which were built beside
    # others. Seconds of cores: by the processor's time; indexes of 100,000 and more two cores by the clock. Of 200,000
    # images and more a graph has 16 links, so that one is predicted from one. Maps are of all embeddings together.
    "graph of 32 links, core s": {20_000: 20.8, 100_000: 129.8},
    "index of 32 links, measured, core s": {20_000: 21.2, 100_000: 2 * 57.8},
    "index of 16 links, measured, core s": {300_000: 2 * 86, 1_000_000: 2 * 378},
    "map, core s": {50_000: 33.7, 100_000: 65.6, 300_000: 201.4, 1_000_000: 721.7},
    "index, MB": {20_000: 160.8, 100_000: 813, 1_000_000: 7863},
    "library without thumbnails, MB": {20_000: 171.1, 100_000: 809.7, 1_000_000: 8563.3},
}
WIDE = 0.6
"""Standard deviation of the logarithms of what pictures cost: some take four times what others do."""

ASSUMED = {
    "picture B": 3_500_000,
    "cores": 16,
    "memory B": 64 * GB,
    "network B/s": 1.25e9,
    "$ core hour": 0.04,
    "$ GB month": 0.023,
    "$ GET": 4e-7,
    "$ LIST": 5e-6,
    "LIST s": 0.15,
    "LIST keys": 1000,
    "LIST at once": 16,
    "shard": 10_000_000,
    "map": 1_000_000,
}


def predicted(what: str, count: float) -> float:
    """A step of RUNS for so many pictures, from smaller runs alone.

    Bytes grow as n. Seconds of a map are a line through the two largest of these runs: compiling, and n. Those of a
    graph grow by the power of n that these two show, which holds what a larger memory costs; where there is one run,
    as n log n.
    """
    runs = sorted((n, seen) for n, seen in RUNS[what].items() if n < count)
    (last, seen), before = runs[-1], runs[:-1]
    if what.endswith("MB"):
        return seen * count / last
    if what.startswith("map"):
        few, less = before[-1] if before else (0, 0.0)
        return seen + (seen - less) / (last - few) * (count - last)
    if not before:
        return seen * count * math.log(count) / (last * math.log(last))
    power = math.log(seen / before[-1][1]) / math.log(last / before[-1][0])
    return seen * (count / last) ** power


def checked() -> list[list[str]]:
    """Predictions beside the runs that they were not made from."""
    return [
        [what, f"{count:,}", figure(predicted(what, count)), figure(seen), f"{100 * (predicted(what, count) / seen - 1):+.0f} %"]
        for what, known in RUNS.items() for count, seen in known.items() if count >= 100_000 and count > min(known)
    ]


def costs(count: int) -> dict[str, dict[str, float]]:
    """By stage: bytes that it leaves, hours of cores, and dollars; `once` are those of the first month's work."""
    m, a = MEASURED, ASSUMED
    shards = max(1, round(count / a["shard"]))
    of_shard = count / shards
    build = shards * predicted("index of 16 links, measured, core s", of_shard) / HOUR
    laid = min(count, a["map"])
    map_hours = predicted("map, core s", laid) / HOUR + (count - laid) * m["placed core s"] / HOUR  # a search among those laid out
    requests = count / a["LIST keys"]
    return {
        "list": {"core h": 0, "once": requests * a["$ LIST"], "wall h": requests * a["LIST s"] / a["LIST at once"] / HOUR},
        "fetch": {"moved": count * a["picture B"], "once": count * a["$ GET"]},
        "describe": {"core h": count * (m["describe core s"] + m["large core s"]) / HOUR},
        "store": {"bytes": count * m["library B"], "wall h": count / m["store images/s"] / HOUR, "core h": count / m["store images/s"] / HOUR},
        "index": {"bytes": count * m["index B"], "memory": count * (m["index B"] - m["rows B"]), "core h": build},
        "map": {"core h": map_hours},
        "a search": {"core s": shards * m["ranked core s"] + count * m["codes core s"]},
    }


def table(count: int) -> dict[str, str]:
    """What the table of a size says, by its rows."""
    a, found = ASSUMED, costs(count)
    hours = {stage: one.get("core h", 0.0) for stage, one in found.items()}
    money = sum(one.get("once", 0.0) for one in found.values()) + sum(hours.values()) * a["$ core hour"]
    kept = found["store"]["bytes"] + found["index"]["bytes"]
    most = max(hours, key=hours.get)
    return {
        "list: requests at once, hours": figure(found["list"]["wall h"]),
        "list: dollars": figure(found["list"]["once"]),
        "fetch: TB": figure(found["fetch"]["moved"] / TB),
        "fetch: dollars, inside one region": figure(found["fetch"]["once"]),
        "describe: core hours": figure(hours["describe"]),
        "describe: machines for a day": figure(math.ceil(hours["describe"] / 24 / a["cores"])),
        "describe: dollars": figure(hours["describe"] * a["$ core hour"]),
        "store: TB, one writer's hours": f"{figure(found['store']['bytes'] / TB)}, {figure(found['store']['wall h'])}",
        "of that thumbnails, vectors: TB": f"{figure(count * MEASURED['thumbnail B'] / TB)}, {figure(count * MEASURED['vectors B'] / TB)}",
        "index: TB on disk, GB in memory": f"{figure(found['index']['bytes'] / TB)}, {figure(found['index']['memory'] / GB)}",
        "index: shards; machines by memory": f"{max(1, round(count / a['shard']))}; {math.ceil(found['index']['memory'] / (0.75 * a['memory B']))}",
        "index: core hours": figure(hours["index"]),
        "map of a million, the others placed: core hours": figure(hours["map"]),
        "a search: ms of one core": figure(1000 * found["a search"]["core s"]),
        "all work once: dollars; most of it": f"{figure(money)}; {most}",
        "keeping library and index: dollars a month": figure(kept / GB * a["$ GB month"]),
    }


def simulated(machines: int, chunks: int = 20_000, seed: int = 0) -> float:
    """Images a second of so many machines and one writer: actors take pictures of uneven cost (log-normal) in
    chunks of 16, hold four at most, and lose one in ten thousand, which is done again."""
    cost, chance = MEASURED["describe core s"] + MEASURED["large core s"], random.Random(seed)
    network = ASSUMED["network B/s"] / ASSUMED["cores"] / ASSUMED["picture B"]  # images a second of an actor

    def chunk() -> float:
        takes = sum(chance.lognormvariate(math.log(cost) - WIDE**2 / 2, WIDE) for _ in range(16))
        return max(takes, 16 / network) * (2 if chance.random() < 1e-4 else 1)

    coming = [(chunk(), actor) for actor in range(machines * ASSUMED["cores"])]
    heapq.heapify(coming)
    kept = [deque(maxlen=4) for _ in coming]  # by actor, when its last chunks were stored
    stored = 0.0
    for _ in range(chunks):
        done, actor = heapq.heappop(coming)
        stored = max(stored, done) + 16 / MEASURED["store images/s"]
        kept[actor].append(stored)
        heapq.heappush(coming, (max(done, kept[actor][0] if len(kept[actor]) == 4 else 0.0) + chunk(), actor))
    return 16 * chunks / stored


def bound(machines: int) -> float:
    """The same on paper: the slowest of all cores, all networks, and the writer."""
    cost = MEASURED["describe core s"] + MEASURED["large core s"]
    each = min(ASSUMED["cores"] / cost, ASSUMED["network B/s"] / ASSUMED["picture B"])
    return min(machines * each, MEASURED["store images/s"])


def figure(value: float) -> str:
    """A number with three digits that count."""
    if value == 0 or isinstance(value, int):
        return f"{value:,}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    rounded = round(value, 2 - math.floor(math.log10(abs(value))))
    return f"{rounded:,.{digits}f}" if digits else f"{rounded:,.0f}"


def lines(head: list[str], rows: list[list[str]]) -> list[str]:
    """A table in Markdown."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def document() -> str:
    """All tables, as docs/scale.md has them."""
    of_size = {name: table(count) for name, count in SIZES.items()}
    rows = [[what, *(of_size[name][what] for name in SIZES)] for what in next(iter(of_size.values()))]
    machines = (1, 5, 10, 20, 40)
    several = [[str(n), figure(bound(n)), figure(simulated(n))] for n in machines]
    return "\n\n".join(
        "\n".join(part) for part in (
            lines(["step", "pictures", "predicted", "measured", "off by"], checked()),
            lines(["", *SIZES], rows),
            lines(["machines", "images a second, on paper", "simulated"], several),
        )
    )


if __name__ == "__main__":
    print(document())
