"""Spans and moments in words."""

from datetime import datetime

from dashboard import figures


def test_a_span_says_what_matters_of_it():
    assert [figures.span(ms) for ms in (0.04, 1.23, 9.96, 897.4, 999.6, 13_625)] == [
        "0.0 ms", "1.2 ms", "10 ms", "897 ms", "1.0 s", "13.6 s"]


def test_a_moment_of_another_year_says_which():
    now = datetime.now()
    assert figures.day_and_time(datetime(now.year, 5, 4, 7, 46)) == "May 4, 07:46"
    assert figures.day_and_time(datetime(2019, 5, 14, 17, 6)) == "May 14, 2019, 17:06"
