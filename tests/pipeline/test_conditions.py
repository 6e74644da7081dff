"""Conditions are written one way, and what was written is what is read."""

from __future__ import annotations

import random
import unicodedata

import numpy as np
import pytest

from pipeline.columns import Between, Contains, OneOf, conditions, parse, printed
from pipeline.columns.categories import Categories
from pipeline.columns.values import Texts
from pipeline.errors import QueryError
from pipeline.forms import folded

_LETTERS = "aB1 .,;=<>~\\-\tü…\n("


def _texts(generator: random.Random) -> str:
    return "".join(generator.choice(_LETTERS) for _ in range(generator.randint(1, 7)))


def _any(generator: random.Random):
    text = lambda: _texts(generator)
    match generator.randint(0, 3):
        case 0:
            return OneOf(text(), tuple(text() for _ in range(generator.randint(1, 3))))
        case 1:
            return Between(text(), text(), text())
        case 2:
            return Between(text(), *generator.choice([("", text()), (text(), "")]))
        case _:
            return Contains(text(), text())


def some_conditions(count: int) -> list:
    """Conditions with any letters in them."""
    generator = random.Random(7)
    return [_any(generator) for _ in range(count)]


def test_what_is_printed_is_read_again_whatever_letters_are_in_it():
    generator = random.Random(5)
    for _ in range(3_000):
        given = tuple(_any(generator) for _ in range(generator.randint(0, 3)))
        assert parse(printed(given)) == given, printed(given)
        assert conditions.from_json(conditions.as_json(given)) == given


def test_people_write_it_as_they_like():
    assert parse(" label = dress , shirt;; taken=2020..2021-05 ;size>=1MB; size <= 5MB;title~red dress;tag=(none)") == (
        OneOf("label", ("dress", "shirt")), Between("taken", "2020", "2021-05"), Between("size", "1MB"),
        Between("size", high="5MB"), Contains("title", "red dress"), OneOf("tag", ("(none)",)),
    )
    assert parse("taken=..2019;folder=a/b\\,c") == (Between("taken", high="2019"), OneOf("folder", ("a/b,c",)))
    assert parse("size<5MB;size>2;size=1..<2") == (
        Between("size", high="<5MB"), Between("size", low=">2"), Between("size", "1", "<2"))
    assert printed(parse("size<5MB;size>2;size=1..<2")) == "size<5MB;size>2;size=1..<2"
    assert parse("") == ()


@pytest.mark.parametrize("folds", [True, False])
def test_letters_are_the_same_in_either_form_of_unicode(folds):
    composed, decomposed = "Bücher été", unicodedata.normalize("NFD", "Bücher été")
    names = Categories(4, [composed, decomposed, "x"], np.array([0, 1, 2, -1], np.int32), folds=folds)
    only = Categories(2, [decomposed, "x"], np.array([0, 1], np.int32), folds=folds)
    texts = Texts([composed + ".jpg", decomposed + ".JPG", "x", None])
    for wanted in (composed, decomposed):
        assert names.passing(OneOf("label", (wanted,)), "label").tolist() == [True, True, False, False]
        assert names.passing(Contains("label", wanted[:4].upper()), "label").tolist() == [True, True, False, False]
        assert only.passing(OneOf("label", (wanted,)), "label").tolist() == [True, False] and only.code(wanted) == 0
        assert texts.passing(Contains("file", wanted.upper()), "file").tolist() == [True, True, False, False]
        assert texts.passing(OneOf("file", (wanted + ".jpg",)), "file").tolist() == [True, False, False, False]
    assert names.code(composed) == 0 and names.code(decomposed) == 1
    assert folded("ÉTÉ") == folded(unicodedata.normalize("NFD", "été"))


@pytest.mark.parametrize("text", ["label", "=dress", "label=", "size>", "label=..", "label~", "a=1;b"])
def test_what_says_nothing_is_one_sentence(text):
    with pytest.raises(QueryError, match="is no condition"):
        parse(text)


@pytest.mark.parametrize("given", [None, "label=x", [1], [{}], [{"column": "a"}], [{"column": "a", "values": []}]])
def test_json_that_says_nothing_is_one_sentence(given):
    with pytest.raises(QueryError, match="write it as"):
        conditions.from_json(given)
