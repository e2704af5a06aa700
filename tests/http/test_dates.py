"""Dates: three formats, one of them with two digits for the year; rubbish is no date."""

from datetime import UTC, datetime
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges import NOW
from scrubjay_proxy.http.dates import format_date, parse_date

EXAMPLE = 784111777.0  # that of RFC 9110, 5.6.7
IN_2000 = 960000000.0


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Mon, 06 Nov 1994 08:49:37 GMT",  # the day's name adds nothing
    ],
)
def test_a_date_is_read_in_each_of_its_formats(text):
    assert parse_date(text, NOW) == EXAMPLE


@pytest.mark.parametrize(
    ("two", "year", "now"),
    [
        ("94", 1994, NOW),
        ("27", 2027, NOW),
        ("00", 2000, NOW),
        ("76", 2076, NOW),  # from 2027 that is 49 years ahead
        ("77", 2077, NOW),  # 50: not more than 50
        ("78", 1978, NOW),  # 51: the most recent past
        ("99", 1999, NOW),
        ("49", 2049, IN_2000),
        ("51", 1951, IN_2000),
    ],
)
def test_a_year_of_two_digits_is_at_most_fifty_years_ahead(two, year, now):
    expected = datetime(year, 1, 1, tzinfo=UTC).timestamp()
    assert parse_date(f"Monday, 01-Jan-{two} 00:00:00 GMT", now) == expected


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "0",
        "-1",
        "now",
        "1800000000",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Okt 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 2023 00:00:00 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 0\u0666 Nov 1994 08:49:37 GMT",  # a digit, but none of HTTP's
        "Sun Nov 06 08:49:37 94",
        "Sun, 06 Nov 1994 08:49:37 GMT" + " " * 40,
    ],
)
def test_what_is_no_date_is_none(text):
    assert parse_date(text, NOW) is None


@pytest.mark.parametrize(
    ("text", "year"),
    [("Thu, 29 Feb 2024 00:00:00 GMT", 2024), ("Sat, 01 Jan 0094 00:00:00 GMT", 94)],
)
def test_leap_days_and_early_years_are_taken_as_they_stand(text, year):
    assert datetime.fromtimestamp(parse_date(text, NOW), UTC).year == year


def test_a_leap_second_is_the_next_second():
    leap = parse_date("Sat, 31 Dec 2016 23:59:60 GMT", NOW)
    assert leap == parse_date("Sun, 01 Jan 2017 00:00:00 GMT", NOW)


@given(st.integers(min_value=-(2**35), max_value=2**37))
def test_what_is_written_is_read_back(seconds):
    assert parse_date(format_date(seconds), NOW) == seconds
    assert format_date(seconds) == formatdate(seconds, usegmt=True)


@given(st.text(max_size=60) | st.from_regex(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"))
def test_no_text_at_all_raises(text):
    assert isinstance(parse_date(text, NOW), float | None)
