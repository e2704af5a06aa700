"""The chunked coding: one meaning, however the bytes are cut, or none."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrubjay_proxy.http.messages import Headers
from scrubjay_proxy.wire.chunked import ChunkDecoder, encode_chunk, last_chunk
from scrubjay_proxy.wire.heads import BadMessage


def decode(data: bytes, cuts: tuple[int, ...] = ()):
    """The body, trailers and rest; the outcome is "bad" where the coding is refused."""
    decoder, body, fed = ChunkDecoder(), b"", 0
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    try:
        for first, beyond in pairwise(edges):
            if decoder.done:
                break
            body += b"".join(decoder.feed(data[first:beyond]))
            fed = beyond
    except BadMessage:
        return "bad"
    if not decoder.done:
        return "more", body
    return "done", body, decoder.trailers.pairs, decoder.rest + data[fed:]


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"0\r\n\r\n", b""),
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"00003\r\nabc\r\n000\r\n\r\n", b"abc"),
        (b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", b"0123456789" * 2),
        (b'3;ext=1;q="a b"\r\nabc\r\n0;last\r\n\r\n', b"abc"),
        (b"3 ; ext\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"5\r\n\r\n0\r\n\r\n0\r\n\r\n", b"\r\n0\r\n"),
    ],
)
def test_a_chunked_body_is_decoded(data, body):
    assert decode(data) == ("done", body, (), b"")


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n",
        b" 3\r\nabc\r\n",
        b"+3\r\nabc\r\n",
        b"-3\r\nabc\r\n",
        b"0x3\r\nabc\r\n",
        b"3_0\r\n",
        b"g\r\n",
        b"\xb3\r\n",
        b"3 \r\nabc\r\n",
        b"3\nabc\r\n",
        b"3;a\nb\r\nabc\r\n",
        b"3;a\rb\r\nabc\r\n",
        b"3;a\x00b\r\nabc\r\n",
        b"3\r\nabcd\r\n",
        b"3\r\nabc\n",
        b"3\r\nabc0\r\n\r\n",
        b"3\r\nabc\rX",
        b"10000000000000000\r\n",
        b"ffffffffffffffff\r\n",
        b"7fffffffffffffff\r\n",
        b"3;" + b"e" * 5000,
        b"0\r\nno colon\r\n\r\n",
        b"0\r\nX : 1\r\n\r\n",
        b"0\r\nX: 1\n\r\n",
        b"0\n\r\n",
    ],
)
def test_a_broken_coding_is_refused_whole_or_in_pieces(data):
    assert decode(data) == "bad"
    assert decode(data, tuple(range(len(data)))) == "bad"


def test_trailers_are_read_but_never_framing_or_routing():
    data = b"0\r\nX-Sum: 9\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: b\r\n\r\n"
    assert decode(data + b"next") == ("done", b"", (("X-Sum", "9"),), b"next")


def test_endless_trailers_are_refused():
    assert decode(b"0\r\n" + b"X: 1\r\n" * 10_000) == "bad"


MESSAGES = st.one_of(
    st.lists(st.binary(min_size=1, max_size=40), max_size=5).map(
        lambda parts: b"".join(map(encode_chunk, parts)) + b"0\r\nA: b\r\n\r\nrest"
    ),
    st.lists(
        st.sampled_from([b"3", b"0", b"\r\n", b"\n", b"\r", b"abc", b";x", b"A: b", b" ", b"ff"]),
        max_size=12,
    ).map(b"".join),
)


@given(data=MESSAGES, cuts=st.lists(st.integers(min_value=0), max_size=8).map(tuple))
def test_the_outcome_does_not_depend_on_how_the_bytes_are_cut(data, cuts):
    whole, pieces = decode(data), decode(data, cuts)
    assert pieces == whole


@given(
    parts=st.lists(st.binary(max_size=100), max_size=6),
    trailers=st.dictionaries(
        st.from_regex(r"X-[a-z]{1,8}", fullmatch=True), st.from_regex(r"[!-~]{0,9}", fullmatch=True)
    ),
)
def test_what_is_encoded_is_decoded_again(parts, trailers):
    coded = b"".join(map(encode_chunk, parts)) + last_chunk(Headers(trailers.items()))
    assert decode(coded) == ("done", b"".join(parts), tuple(trailers.items()), b"")


def test_an_empty_piece_is_not_the_last_chunk():
    assert encode_chunk(b"") == b""
