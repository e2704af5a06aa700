"""What the README of policies says, word for word."""

import re
import sys
import tomllib
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from policies.traces import footprint, play, zipf
from scrubjay_policies import FEATURES, Engine, policy, registry

README = (Path(__file__).parents[2] / "policies" / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


NAME = re.search(r"--policy (\w+:\w+)", README)[1]
REQUESTS = zipf(4, length=3000, objects=600, ttl=True)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The example in its file, importable for the time of a test."""
    module = NAME.partition(":")[0]
    (tmp_path / f"{module}.py").write_text(blocks("python")[0])
    monkeypatch.syspath_prepend(tmp_path)
    yield
    del sys.modules[module]


def hits(chosen):
    capacity = int(footprint(REQUESTS) * 0.05)
    return play(Engine(chosen, capacity=capacity, max_objects=10**6, k=16), REQUESTS)


def test_the_example_hits_where_the_built_in_hits(installed):
    assert hits(policy(NAME)) == hits(policy("lru"))
    assert hits(policy(NAME)) != hits(policy("fifo"))
    assert 0 < sum(hits(policy(NAME))) < len(REQUESTS)


def test_the_example_has_at_most_fifteen_lines():
    assert len(blocks("python")[0].splitlines()) <= 15


def test_the_entry_point_of_the_example_leads_to_it(installed, monkeypatch):
    [(group, targets)] = tomllib.loads(blocks("toml")[0])["project"]["entry-points"].items()
    points = EntryPoints(EntryPoint(name, value, group) for name, value in targets.items())
    monkeypatch.setattr(registry, "entry_points", points.select)
    [name] = targets
    assert policy(name) is policy(NAME)
    assert policy(name).name == name


def test_the_table_of_features_is_the_programs():
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \| (.+?) \| (.+?) \|$", README, re.MULTILINE)
    assert rows == [(each.name.upper(), each.unit, each.meaning) for each in FEATURES]


def test_the_defaults_named_are_the_programs():
    engine = Engine(policy("lru"), capacity=1, max_objects=1)
    assert f"`k` objects ({engine.judge.k})" in README
    assert f"`batch` ({engine.judge.batch})" in README


def test_the_example_from_python_runs():
    exec(blocks("python")[1], {})


def test_the_links_lead_somewhere():
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    assert links
    assert all((Path(__file__).parents[2] / "policies" / link).exists() for link in links)
