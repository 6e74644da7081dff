"""What was reviewed, to take along: a table of the groups, and a script that moves what may be set aside.

Likeness itself moves and deletes nothing. The script says what it would do until it is told to do it, moves only files
that are as they were when they were looked at, and only while what is kept instead is there too.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from shlex import quote

from pipeline import stores
from pipeline.duplicates.review import SETTLED, Reviewed
from pipeline.export.cells import cells
from pipeline.library import ImageRow, Library
from pipeline.library.images import printable
from pipeline.progress import counted

COLUMNS = ("group", "image_id", "path", "width", "height", "bytes", "kept", "state", "kind", "reason", "like")

_SCRIPT = """#!/bin/sh
# {count} to set aside, as decided on copies in Likeness; written {date}.
#
#   sh THIS                    says what it would do
#   sh THIS --move             moves each file to the same place below {told}
#   sh THIS --move FOLDER      moves them below another folder
#
# Nothing is deleted or overwritten. A file stays where it is unless it has the size that it had, and so has the
# picture that is kept in its place. What lies in a store, or is kept in one, is named and stays.
set -u
move=no
if [ "${{1:-}}" = --move ]; then move=yes; shift; fi
target=${{1:-{target}}}
moved=0
left=0
before=0

is() {{ [ -f "$1" ] && [ "$(wc -c < "$1" | tr -d ' ')" = "$2" ]; }}

stays() {{ printf 'stays, %s: %s\\n' "$1" "$2" >&2; left=$((left + 1)); }}

# FILE BYTES KEPT BYTES PLACE
aside() {{
  if [ ! -e "$1" ] && is "$target/$5" "$2"; then before=$((before + 1)); return; fi
  if ! is "$1" "$2"; then stays 'not as it was' "$1"; return; fi
  if ! is "$3" "$4"; then stays 'what is kept is not as it was' "$1"; return; fi
  if [ -e "$target/$5" ]; then stays 'there is such a file already' "$1"; return; fi
  if [ "$move" = yes ]; then
    mkdir -p "$(dirname "$target/$5")" && mv "$1" "$target/$5" || {{ stays 'it could not be moved' "$1"; return; }}
  fi
  printf '%s\\n  -> %s\\n' "$1" "$target/$5"
  moved=$((moved + 1))
}}

{lines}

if [ "$move" = yes ]; then echo "$moved moved, $left left where they are, $before moved before."
else echo "$moved would be moved, $left left where they are, $before moved before. To do it: sh $0 --move"; fi
"""


def table(groups: Iterable[Reviewed], told: Mapping[int, str]) -> str:
    """A CSV of the groups, see `rows`."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(cells(row) for row in rows(groups, told))
    return text.getvalue()


def rows(groups: Iterable[Reviewed], told: Mapping[int, str]) -> Iterator[list[object]]:
    """A row, of COLUMNS, for each image of each group. told: how images are named."""
    for number, group in enumerate(groups, 1):
        why = {pair.other: pair for pair in group.pairs}
        for row in group.images:
            pair = why.get(row.id)
            said = [pair.reason.kind, pair.reason.text, pair.one] if pair else [*_likeness(group, row), ""]
            kept = "yes" if row.id in group.keep else "no"
            yield [number, row.id, told.get(row.id, row.shown), row.width, row.height, row.size, kept, group.state, *said]


def _likeness(group: Reviewed, row: ImageRow) -> list[str]:
    if group.scores is None or row.id not in group.scores:
        return ["", ""]
    return ["similar", f"score {group.scores[row.id]:.3f} with {group.best}"]


def script(library: Library, groups: Iterable[Reviewed]) -> bytes:
    """A shell script that moves what was decided to be set aside, in the groups that are settled; it says of each picture
    in a store that it stays there."""
    roots = library.root_names()
    moves = [move for move in _moves(groups) if move[0].root in roots]  # else forgotten since
    first = min(filter(_is_here, roots), default="/pictures")
    target = f"{first} - set aside" if first != "/" else "/set aside"
    text = _SCRIPT.format(
        count=counted(sum(_here(*move) for move in moves), "file"), date=f"{datetime.now():%Y-%m-%d %H:%M}",
        lines="\n".join(_line(row, kept, roots) for row, kept in moves) or ":",
        target=quote(target), told=_on_one_line(target),
    )
    return os.fsencode(text)


def _line(row: ImageRow, kept: ImageRow, roots: Mapping[str, str]) -> str:
    """What the script does with a picture: a shell reaches no store, and cannot see what is kept there."""
    if not _is_here(row.root):
        return f"stays 'it lies in a store' {quote(row.place)}"
    if not _is_here(kept.root):
        return f"stays 'what is kept lies in a store' {quote(row.place)}"
    return f"aside {quote(row.place)} {row.size} {quote(kept.place)} {kept.size} {quote(_place(row, roots))}"


def _moves(groups: Iterable[Reviewed]) -> Iterator[tuple[ImageRow, ImageRow]]:
    """Each image that is set aside, once, and the one that is kept in its place, on this machine where one is. What is
    kept in any group stays."""
    settled = [group for group in groups if group.state == SETTLED]
    kept = {image for group in settled for image in group.keep}
    gone: set[int] = set()
    for group in settled:
        stays = sorted((row for row in group.images if row.id in group.keep), key=lambda row: not _is_here(row.root))
        for row in group.images if stays else ():
            if row.id not in kept and row.id not in gone:
                gone.add(row.id)
                yield row, stays[0]


def _is_here(root: str) -> bool:
    return not stores.is_address(root)


def _here(row: ImageRow, kept: ImageRow) -> bool:
    return _is_here(row.root) and _is_here(kept.root)


def _place(row: ImageRow, roots: Mapping[str, str]) -> str:
    return f"{roots[row.root].strip('/')}/{row.path}" if len(roots) > 1 else row.path


def _on_one_line(text: str) -> str:
    """A name in a comment, which ends with its line."""
    return "".join(c if c.isprintable() else "?" for c in printable(text))
