import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrubjay_proxy.quantities import (
    Address,
    format_duration,
    format_size,
    parse_address,
    parse_duration,
    parse_share,
    parse_size,
    split_list,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [("256MiB", 2**28), ("1.5GB", 1_500_000_000), ("10 kib", 10240), ("7", 7), (7, 7), ("0", 0)],
)
def test_a_size_is_read(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MiB", "-1", "1M", "1e3", "ten", True, None, -1, 1.5])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="256MiB"):
        parse_size(text)


@given(st.integers(0, 2**50))
def test_a_written_size_is_read_back(size):
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("30s", 30), ("1h30m", 5400), ("1d", 86400), ("1.5", 1.5), (0, 0)],
)
def test_a_duration_is_read(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "-1s", "1 year", "1h 30m", "30s!", None, True, -0.5])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="30s"):
        parse_duration(text)


@pytest.mark.parametrize(("text", "share"), [("1%", 0.01), ("0.01", 0.01), (" .5% ", 0.005)])
def test_a_share_is_read(text, share):
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "%", "0", "1", "100%", "-1%", "1 %%", "nan", True, None])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(ValueError, match="1%"):
        parse_share(text)


@given(st.integers(0, 10**6))
def test_a_written_duration_is_read_back(seconds):
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "address", "loopback"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080), True),
        ("[::1]:0", Address("::1", 0), True),
        ("localhost:80", Address("localhost", 80), True),
        ("0.0.0.0:80", Address("0.0.0.0", 80), False),
        ("cache.example:80", Address("cache.example", 80), False),
    ],
)
def test_an_address_is_read_and_written_back(text, address, loopback):
    assert parse_address(text) == address
    assert str(address) == text
    assert address.is_loopback is loopback


@pytest.mark.parametrize(
    "text", ["8080", ":8080", "host", "host:", "host:65536", "::1:80", "a b:1"]
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="HOST:PORT"):
        parse_address(text)


def test_a_list_may_be_json_or_separated_by_commas():
    assert split_list("a, b,") == ["a", "b"]
    assert split_list('["a", "b"]') == ["a", "b"]
    assert split_list(("a",)) == ("a",)
