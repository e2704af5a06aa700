from __future__ import annotations

import math

import numpy as np
import pytest

from scrubjay_replay.errors import UseError
from scrubjay_replay.pace import FASTEST, SEQUENTIAL, Mode, Pace, pace
from scrubjay_replay.units import (
    bytes_in_words,
    change_rate,
    duration,
    listen_address,
    seconds_in_words,
)

AT = np.array([0.0, 4.0, 3.0, 10.0])


def test_without_options_requests_come_as_the_trace_has_them():
    assert pace(None, None, sequential=False).due(AT).tolist() == [0, 4, 4, 10]


def test_speed_divides_the_times_and_rate_replaces_them():
    assert pace("10x", None, sequential=False).due(AT).tolist() == [0, 0.4, 0.4, 1]
    assert pace(None, 2, sequential=False).due(AT).tolist() == [0, 0.5, 1, 1.5]


def test_one_by_one_and_as_fast_as_possible_have_no_times():
    assert pace(None, None, sequential=True) is SEQUENTIAL
    assert pace("max", None, sequential=False) is FASTEST
    assert SEQUENTIAL.due(AT) is FASTEST.due(AT) is None


@pytest.mark.parametrize("speed", ["0", "fast", "-1x", "", "infx", "nan"])
def test_a_speed_that_is_none_is_refused(speed):
    with pytest.raises(UseError, match="--speed"):
        pace(speed or "x", None, sequential=False)


def test_two_paces_at_once_are_refused():
    with pytest.raises(UseError, match="exclude each other"):
        pace("2x", 5, sequential=False)
    with pytest.raises(UseError, match="exclude each other"):
        pace(None, 5, sequential=True)


def test_a_pace_says_what_it_is():
    assert [str(Pace(mode, 3)) for mode in Mode] == [
        "as the trace has it, 3 times as fast",
        "3 requests a second",
        "one after the other",
        "as fast as answers come",
    ]


@pytest.mark.parametrize(
    ("text", "seconds"), [("250ms", 0.25), ("30s", 30), ("1.5m", 90), ("2h", 7200), ("7", 7)]
)
def test_durations_are_read(text, seconds):
    assert duration(text, "--ttl") == seconds


def test_rates_of_change_are_per_second_inside():
    assert change_rate("6/h") * 600 == pytest.approx(1)
    assert change_rate("0.5/s") == 0.5
    assert change_rate("0") == 0


@pytest.mark.parametrize("text", ["", "x", "-1s", "5 weeks", "1e9"])
def test_what_is_no_duration_is_refused_with_its_option(text):
    with pytest.raises(UseError, match="--ttl"):
        duration(text, "--ttl")


@pytest.mark.parametrize("text", ["", "x/h", "-1/h", "1/y"])
def test_what_is_no_rate_of_change_is_refused(text):
    with pytest.raises(UseError, match="--change-rate"):
        change_rate(text)


def test_addresses_to_listen_on():
    assert listen_address("127.0.0.1:0") == ("127.0.0.1", 0)
    assert listen_address("[::1]:80") == ("::1", 80)
    for text in ("8090", ":1", "h:", "h:70000", "h:x"):
        with pytest.raises(UseError, match="--origin-listen"):
            listen_address(text)


def test_figures_are_said_with_the_unit_that_suits():
    assert [bytes_in_words(n) for n in (5, 1536, 3 << 30)] == ["5 B", "1.5 KiB", "3.0 GiB"]
    assert [seconds_in_words(s) for s in (math.nan, 0.0123, 5, 7260)] == [
        "-",
        "12.30 ms",
        "5.0 s",
        "2 h 1 min",
    ]
