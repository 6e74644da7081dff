"""README and the pages in docs/: links lead somewhere, tests and programs that are named exist, and README's figures are
those of the full tables. (Their commands run in test_cli.)"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


def anchors(page: Path) -> set[str]:
    """What a link may name in a page after `#`: its headings as GitHub writes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        file, _, heading = target.partition("#")
        led = (page.parent / file) if file else page
        assert led.is_file(), target
        assert not heading or heading in anchors(led), target


def test_readme_leads_to_every_page():
    told = (ROOT / "README.md").read_text()
    assert [page.name for page in PAGES[1:] if f"(docs/{page.name})" not in told] == []


def test_each_promise_names_tests_that_exist():
    folder = "."
    for row in re.findall(r"^\|.*\|$", (DOCS / "promises.md").read_text(), re.MULTILINE):
        for text in re.findall(r"`([^`]+)`", row):
            if found := re.fullmatch(r"(?:(pipeline|dashboard)/)?(test_\w+\.py)", text):
                folder = found[1] or folder  # a name without one lies where that before it lies
                places = [ROOT / "tests" / folder / found[2], ROOT / "tests" / "dashboard" / found[2]]
                file = next((place for place in places if place.is_file()), None)
                assert file, text
            elif re.fullmatch(r"[a-z]+(_[a-z]+)+", text):
                assert re.search(rf"def test_\w*{text}", file.read_text()), (file.name, text)


def test_programs_that_are_named_exist():
    for page in PAGES:
        for module in re.findall(r"python\s-m\s(tests\.\w+)", page.read_text()):
            assert ROOT.joinpath(*module.split(".")).with_suffix(".py").is_file(), (page.name, module)


def test_figures_of_readme_are_those_of_the_full_tables():
    told = (ROOT / "README.md").read_text().partition("## How good and how fast it is")[2].partition("\n## ")[0]
    full = "".join((DOCS / name).read_text() for name in ("measurements.md", "copies.md"))
    figures = {one for row in re.findall(r"^\| (?!what|--).*\|$", told, re.MULTILINE) for one in re.findall(r"\d[\d.,]*\d|\d", row.partition("|")[2].partition("|")[2])}
    assert len(figures) > 20
    assert {one for one in figures if not re.search(rf"(?<![\d.,]){re.escape(one)}(?![\d]|[.,]\d)", full)} == set()
