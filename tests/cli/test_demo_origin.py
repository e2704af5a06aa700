import itertools
import random

import aiohttp
import pytest

from scrubjay_proxy.demo import wishes
from scrubjay_proxy.demo_origin import ARTICLES, EDITION, DemoOrigin, find, images_of


@pytest.fixture
async def origin():
    async with DemoOrigin() as running:
        yield running


@pytest.fixture
async def visitor(origin):
    async with aiohttp.ClientSession(origin.url, auto_decompress=False) as session:
        yield session


async def test_a_page_has_a_lifetime_a_validator_and_tags(visitor):
    async with visitor.get("/articles/7") as response:
        assert response.status == 200
        assert "max-age=60" in response.headers["Cache-Control"]
        assert response.headers["Surrogate-Key"] == "article article-7"
        assert response.headers["Vary"] == "Accept-Encoding"
        assert response.headers["ETag"]


async def test_who_has_the_page_is_told_304(visitor):
    async with visitor.get("/images/3.svg") as first:
        etag = first.headers["ETag"]
    async with visitor.get("/images/3.svg", headers={"If-None-Match": etag}) as second:
        assert second.status == 304
        assert await second.read() == b""


async def test_gzip_has_its_own_validator(visitor):
    seen = set()
    for accepted in ("gzip", "identity"):
        async with visitor.get("/articles/1", headers={"Accept-Encoding": accepted}) as response:
            seen.add((response.headers.get("Content-Encoding"), response.headers["ETag"]))
    assert {coding for coding, _ in seen} == {"gzip", None}
    assert len({etag for _, etag in seen}) == 2


async def test_only_get_and_head_are_answered(visitor):
    async with visitor.post("/articles/1") as response:
        assert response.status == 405


def test_some_things_are_not_to_be_stored():
    assert find("/search", 0).cache_control == "no-store"
    assert "private" in find("/account", 0).cache_control
    assert find("/articles/0", 0).status == 404
    assert find(f"/articles/{ARTICLES + 1}", 0).status == 404


def test_an_article_changes_with_its_edition_and_a_picture_never():
    assert find("/articles/1", 0).etag == find("/articles/1", 1).etag
    assert find("/articles/1", 0).etag != find("/articles/1", EDITION).etag
    assert find("/images/1.svg", 0) == find("/images/1.svg", 10 * EDITION)


def test_every_wish_of_a_visitor_can_be_answered():
    wanted = [*itertools.islice(wishes(random.Random(1)), 2000)]
    for path in {path.partition("?")[0] for path, _ in wanted}:
        assert find(path, 0).status == 200
    assert wanted == [*itertools.islice(wishes(random.Random(1)), 2000)]


def test_the_most_popular_article_leads():
    paths = [path for path, _ in itertools.islice(wishes(random.Random(1)), 20_000)]
    counts = {n: paths.count(f"/articles/{n}") for n in (1, 10, 100)}
    assert counts[1] > counts[10] > counts[100]


def test_every_picture_of_every_article_exists():
    numbers = {image for article in range(1, ARTICLES + 1) for image in images_of(article)}
    assert all(find(f"/images/{number}.svg", 0).status == 200 for number in numbers)
