import pytest

from scrubjay_replay.errors import UseError
from scrubjay_replay.units import byte_count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("4096", 4096),
        ("0", 0),
        ("7b", 7),
        ("10MiB", 10 << 20),
        (" 2 gb ", 2_000_000_000),
        ("1K", 1024),
        ("1kb", 1000),
        ("1.5KiB", 1536),
        ("3TiB", 3 << 40),
        ("0.3KB", 300),
        ("9007199254740993", 9_007_199_254_740_993),  # no float is this number
    ],
)
def test_bytes_as_people_write_them(text, count):
    assert byte_count(text, "--size") == count


def test_any_number_of_digits_is_a_number():
    assert byte_count("9" * 400, "--size") > 1 << 1300


@pytest.mark.parametrize("text", ["", "MiB", "-1", "1e3", "1,5KiB", "10 MiBs", "1PiB", "٣"])
def test_what_is_no_number_of_bytes_is_told_with_its_option(text):
    with pytest.raises(UseError) as error:
        byte_count(text, "--size")
    assert str(error.value) == f"--size is {text!r}, not a number of bytes"
    assert "10MiB" in error.value.hint
