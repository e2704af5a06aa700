"""A response as bytes: it comes back to the letter, or not at all."""

import time
from dataclasses import replace

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from scrubjay_policies import rows as at
from scrubjay_proxy.http.messages import Exchange, Head, Headers, Stored
from scrubjay_proxy.store import fields
from scrubjay_proxy.store.fields import NAMES
from scrubjay_proxy.store.packing import (
    Packed,
    expires_in,
    pack,
    pack_row,
    unpack,
    unpack_head,
    unpack_rows,
)

WORDS = 2**64 - 1
USUAL_NAMES = st.sampled_from(["Date", "date", "DATE", "ETag", "Etag", "Age", "x-own", "X-Own"])
DATES = st.sampled_from(
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Mon, 06 Nov 1994 08:49:37 GMT",  # the wrong day, but it was sent so
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Fri, 01 Jan 2500 00:00:00 GMT",
        "Sat, 31 Dec 1960 23:59:59 GMT",
        "0",
        "",
    ]
)
text = st.text(st.characters(codec="utf-8"), max_size=30)
pairs = st.tuples(USUAL_NAMES | text, DATES | text)
times = st.floats(allow_nan=False)
spans = st.tuples(st.integers(0, WORDS), st.integers(0, WORDS))
responses = st.builds(
    Stored,
    id=st.integers(0, WORDS),
    key=text,
    head=st.builds(Head, st.integers(100, 999), text, st.lists(pairs, max_size=8).map(Headers)),
    times=st.builds(Exchange, times, times),
    selecting=st.lists(st.tuples(text, text), max_size=3).map(tuple),
    length=st.integers(0, WORDS),
    parts=st.lists(spans, max_size=3).map(tuple),
    invalid=st.booleans(),
    outdated=st.booleans(),
    jitter=times,
    expires=times,
    generation=st.integers(0, WORDS),
    held=st.none() | times,
    tag=st.integers(0, WORDS),
)
blocks = st.lists(st.tuples(st.integers(0, WORDS), st.integers(0, WORDS)), min_size=1, max_size=4)

BODY = bytes(range(256)) * 4
USUAL = Stored(
    id=0x9F3A5C7E12345678,
    key="http://www.example.com/images/a/0042.jpg",
    head=Head(
        200,
        "OK",
        Headers(
            [
                ("Date", "Tue, 25 Nov 2025 08:24:24 GMT"),
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Length", "1024"),
                ("ETag", '"5f3e-1a2b3c4d5e6f7"'),
                ("Cache-Control", "public, max-age=3600"),
            ]
        ),
    ),
    times=Exchange(1764059064.125, 1764059064.375),
    length=1024,
    parts=((0, 1024),),
    expires=1764062664.375,
    generation=0xF00DF00DF00DF00D,
)


@given(responses, st.binary(max_size=300))
def test_a_response_comes_back_to_the_letter(stored, body):
    packed = pack(stored, body)
    assert unpack(packed) == Packed(stored, body, ())
    assert unpack_head(packed) == stored


@given(responses, blocks)
def test_and_so_does_one_whose_body_lies_in_blocks(stored, blocks):
    assert unpack(pack(stored, b"", blocks)) == Packed(stored, None, tuple(blocks))


def test_what_comes_back_can_be_used_like_any_other():
    stored = unpack(pack(USUAL, BODY)).stored
    assert type(stored) is Stored
    assert hash(stored) == hash(USUAL)
    assert replace(stored, outdated=True) == replace(USUAL, outdated=True)
    with pytest.raises(AttributeError):
        stored.id = 5


@pytest.mark.parametrize("packed", [pack(USUAL, BODY), pack(USUAL, b"", [(1024, 7)])])
def test_no_garbled_byte_goes_unnoticed(packed):
    for place in range(len(packed)):
        for flipped in (0x01, 0x80, 0xFF):
            garbled = bytearray(packed)
            garbled[place] ^= flipped
            assert unpack(bytes(garbled)) is None, place


@pytest.mark.parametrize(
    "packed", [pack(USUAL, BODY), pack(USUAL, b""), pack(USUAL, b"", [(9, 7)])]
)
def test_what_is_cut_off_or_goes_on_is_nothing(packed):
    for length in range(len(packed)):
        assert unpack(packed[:length]) is None, length
    assert unpack(packed + b"\0") is None


@given(st.binary(max_size=200))
def test_noise_is_nothing(noise):
    assert unpack(noise) is None
    assert unpack_head(noise) is None


def test_a_head_is_read_from_the_beginning_alone():
    packed = pack(USUAL, BODY)
    head = len(packed) - len(BODY)
    assert unpack_head(packed[:head]) == USUAL
    assert unpack_head(packed[: head - 1]) is None


def test_a_usual_response_takes_little_more_than_its_body():
    # jemalloc gives 1280 bytes for up to 1274 and what Redis itself puts around a string.
    assert len(pack(USUAL, BODY)) <= 1024 + 200


def test_another_table_of_names_is_another_version():
    # Changed the table? Then change fields.VERSION, and these two numbers.
    digest = xxhash.xxh3_64_hexdigest("\n".join(NAMES).encode())
    assert (fields.VERSION, digest) == (1, "5924dba4722c4f0b")
    assert len(set(NAMES)) == len(NAMES)
    other = pack(USUAL, BODY)
    assert unpack(bytes([fields.VERSION + 1]) + other[1:]) is None


def test_unpacking_is_a_matter_of_microseconds():
    packed = pack(USUAL, BODY)

    def took():
        begin = time.perf_counter()
        for _ in range(200):
            unpack(packed)
        return (time.perf_counter() - begin) / 200

    # 5 us where nothing else runs; this is to notice what makes it another order.
    assert min(took() for _ in range(20)) < 30e-6


def rows(count):
    made = np.random.default_rng(3).random((count, at.WIDTH))
    at.past(made)[:, at.RESIDENCE :] = np.arange(8) + 0.1
    at.bits(made)[:, at.ORDER] = 2**32 - 1
    return made


def test_rows_come_back_to_the_last_bit():
    made = rows(5)
    packed = [pack_row(row) for row in made]
    assert {len(one) for one in packed} == {64}
    back = unpack_rows(packed)
    assert back.tobytes() == made.tobytes()
    back[0, at.SEEN] = 5.0  # they can be written to
    assert at.past(back).shape == (5, at.PAST_WIDTH)


def test_no_rows_are_a_matrix_of_none():
    assert unpack_rows([]).shape == (0, at.WIDTH)


def test_a_lifetime_can_be_changed_in_place():
    packed = pack_row(rows(1)[0])
    place, new = expires_in(1764062664.375)
    changed = unpack_rows([packed[:place] + new + packed[place + len(new) :]])[0]
    assert changed[at.EXPIRES] == 1764062664.375
    assert changed[at.CREDIT :].tobytes() == rows(1)[0][at.CREDIT :].tobytes()
