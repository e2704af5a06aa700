"""Ranges from complete and partial stored responses, and how a partial one becomes whole."""

import pytest

from loopback.origin import reply

FRESH = "Cache-Control: max-age=60"
TAG = 'ETag: "v1"'
TEXT = b"0123456789"


def part(first, last, *fields, tag=TAG):
    """A 206 of TEXT."""
    told = f"Content-Range: bytes {first}-{last}/{len(TEXT)}"
    body = TEXT[first : last + 1]
    return reply(body, FRESH, tag, told, *fields, status="206 Partial Content")


@pytest.mark.parametrize(
    ("asked", "body", "told"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=0-99", TEXT, "bytes 0-9/10"),
    ],
)
async def test_a_range_is_cut_from_a_stored_response(origin, proxy, asked, body, told):
    origin.on("/a", reply(TEXT, FRESH, TAG))
    await proxy.get("/a")
    answer = await proxy.get("/a", f"Range: {asked}")
    assert (answer.status, answer.body, answer.get("content-range")) == (206, body, told)
    assert answer.hit


async def test_a_range_beyond_the_end_is_416(origin, proxy):
    origin.on("/a", reply(TEXT, FRESH, TAG))
    await proxy.get("/a")
    answer = await proxy.get("/a", "Range: bytes=10-")
    assert (answer.status, answer.get("content-range")) == (416, "bytes */10")


@pytest.mark.parametrize("asked", ["bytes=a-b", "bytes=5-2", "lines=1-2", "bytes=0-1,4-5"])
async def test_a_range_that_makes_no_sense_or_several_get_the_whole(origin, proxy, asked):
    origin.on("/a", reply(TEXT, FRESH, TAG))
    await proxy.get("/a")
    answer = await proxy.get("/a", f"Range: {asked}")
    assert (answer.status, answer.body) == (200, TEXT)


@pytest.mark.parametrize(("tag", "status"), [('"v1"', 206), ('"v0"', 200)])
async def test_if_range_decides_between_the_part_and_the_whole(origin, proxy, tag, status):
    origin.on("/a", reply(TEXT, FRESH, TAG))
    await proxy.get("/a")
    answer = await proxy.get("/a", "Range: bytes=2-4", f"If-Range: {tag}")
    assert answer.status == status


async def test_a_part_is_kept_and_answers_for_itself(origin, proxy):
    origin.on("/a", part(2, 6), reply(b"not again", status="500 No"))
    first = await proxy.get("/a", "Range: bytes=2-6")
    assert (first.status, first.body) == (206, b"23456")
    within = await proxy.get("/a", "Range: bytes=3-5")
    assert (within.body, within.get("content-range"), within.hit) == (b"345", "bytes 3-5/10", True)
    assert len(origin.asked) == 1


async def test_parts_of_one_representation_grow_together(origin, proxy):
    origin.on("/a", part(0, 4), part(5, 9))
    await proxy.get("/a", "Range: bytes=0-4")
    await proxy.get("/a", "Range: bytes=5-9")
    whole = await proxy.get("/a")
    assert (whole.status, whole.body, whole.hit) == (200, TEXT, True)


async def test_parts_of_different_representations_stay_apart(origin, proxy):
    origin.on("/a", part(0, 4), part(5, 9, tag='ETag: "v2"'), reply(TEXT, FRESH))
    await proxy.get("/a", "Range: bytes=0-4")
    await proxy.get("/a", "Range: bytes=5-9")
    assert not (await proxy.get("/a")).hit


@pytest.mark.parametrize(
    ("held", "asked", "rest"),
    [((0, 4), "bytes=5-", (5, 9)), ((5, 9), "bytes=0-4", (0, 4))],
)
async def test_the_missing_part_is_asked_for_and_completes_the_response(
    origin, proxy, held, asked, rest
):
    origin.on("/a", part(*held), part(*rest))
    await proxy.get("/a", f"Range: bytes={held[0]}-{held[1]}")
    whole = await proxy.get("/a")
    assert (whole.status, whole.body) == (200, TEXT)
    assert whole.get("content-range") is None
    assert (origin.asked[1].get("range"), origin.asked[1].get("if-range")) == (asked, '"v1"')
    assert (await proxy.get("/a")).hit
    assert len(origin.asked) == 2


async def test_a_completion_that_turns_out_to_be_something_new_replaces_the_part(origin, proxy):
    origin.on("/a", part(0, 4), reply(b"something new", FRESH, 'ETag: "v2"'))
    await proxy.get("/a", "Range: bytes=0-4")
    assert (await proxy.get("/a")).body == b"something new"
    again = await proxy.get("/a")
    assert (again.body, again.hit) == (b"something new", True)


async def test_a_completion_that_is_cut_leaves_the_part_as_it_was(origin, proxy):
    async def cut(exchange):
        await exchange.send(part(5, 9)[:-2])
        exchange.close()

    origin.on("/a", part(0, 4), cut)
    await proxy.get("/a", "Range: bytes=0-4")
    broken = await proxy.get("/a")
    assert broken.cut or broken.status == 502
    assert (await proxy.get("/a", "Range: bytes=1-3")).hit
    assert proxy.stored == 1


async def test_a_part_shorter_than_it_says_is_not_kept(origin, proxy):
    lie = part(2, 6).replace(b"Content-Length: 5", b"Content-Length: 3").replace(b"23456", b"234")
    origin.on("/a", lie)
    await proxy.get("/a", "Range: bytes=2-6")
    assert proxy.stored == 0


async def test_a_206_nobody_asked_for_is_not_kept(origin, proxy):
    origin.on("/a", part(2, 6))
    answer = await proxy.get("/a")
    assert "detail=range-unasked" in answer.cache
    assert proxy.stored == 0
