"""CSV as spreadsheets write it: in which encoding, with which separator, with which decimal sign."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

LONGEST = 10 * 2**20
"""Characters of a line."""

_PIECE = 2**20  # bytes
_SEPARATORS = ",;\t|"
_TOLD = re.compile(r'"?sep=([^"\r\n])"?\r?\n?', re.IGNORECASE)
"""The line by which a person tells Excel the separator."""
_QUOTED = re.compile(r'"[^"]*(?:"|$)')
_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_NO_ASCII = re.compile(rb"[\x80-\xff]")
_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|0|[1-9]\d*),\d+")


def encoding(file: Path) -> str:
    """How a file's text is encoded, by all of it: the first letter beyond ASCII may come late. Raises OSError.

    What is no UTF-8 is cp1252, unless nearly all of it is: then a name in it holds bytes that are no text.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open(file, "rb") as opened:
        piece = opened.read(_PIECE)
        if piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        try:
            while piece:
                decoder.decode(piece)
                piece = opened.read(_PIECE)
            decoder.decode(b"", final=True)
            return "utf-8-sig"
        except UnicodeDecodeError:
            opened.seek(0)
            letters = bytes_ = 0
            for line in opened:  # no sequence goes over the end of a line
                found = _SEQUENCE.findall(line)
                letters += len(found)
                bytes_ += len(_NO_ASCII.findall(line)) - sum(map(len, found))
            return "utf-8-sig" if letters > bytes_ else "cp1252"


@dataclass(frozen=True)
class Sheet:
    """The rows of a table, its head first.

    reader: of csv, which raises csv.Error. before: lines of the file that are none of its. comma:
    whether numbers may have a decimal comma, because something else stands between cells.
    """

    reader: Iterator[list[str]]
    before: int
    comma: bool

    @property
    def line(self) -> int:
        """The number of the line that was read last."""
        return self.before + self.reader.line_num


def sheet(text: TextIO) -> Sheet:
    """What a file holds that was opened with newline=""."""
    csv.field_size_limit(LONGEST)
    empty = 0  # lines above it
    while (head := text.readline(LONGEST)) and not head.strip():
        empty += 1
    if told := _TOLD.fullmatch(head):
        return Sheet(csv.reader(text, delimiter=told[1]), empty + 1, told[1] != ",")
    text.seek(0)
    for _ in range(empty):
        text.readline(LONGEST)
    bare = _QUOTED.sub("", head)
    separator = max(_SEPARATORS, key=bare.count)
    return Sheet(csv.reader(text, delimiter=separator), empty, separator != ",")


def with_point(text: str) -> str:
    """A number with a decimal comma as one with a point; any other text as it is."""
    return text.replace(".", "").replace(",", ".") if _COMMA.fullmatch(text) else text
