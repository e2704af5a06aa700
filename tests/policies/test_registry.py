"""Policies by name, and one clear error for every name that leads nowhere."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from scrubjay_policies import Policy, PolicyError, classic, names, policy, registry
from scrubjay_policies.classic import OBJECTIVES
from scrubjay_policies.registry import GROUP


@pytest.fixture
def plug_ins(monkeypatch):
    """Install these for the time of a test: plug_ins(mine="package.module:NAME")."""

    def install(**targets):
        points = [EntryPoint(name, value, GROUP) for name, value in targets.items()]
        points.append(EntryPoint("stranger", "scrubjay_policies.classic:LRU", "another.group"))
        monkeypatch.setattr(registry, "entry_points", EntryPoints(points).select)

    install()
    return install


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module that can be imported: module("name", "source")."""

    def write(name, source):
        (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)

    return write


def error(name, objective="object"):
    with pytest.raises(PolicyError) as caught:
        policy(name, objective)
    return caught.value


def test_the_classics_are_there():
    assert {"ttl", "lru", "lfu", "fifo", "gdsf", "hyperbolic"} <= set(names())


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_a_built_in_policy_carries_its_name(name, objective):
    assert policy(name, objective).name == name


@pytest.mark.parametrize("name", ["gdsf", "hyperbolic"])
def test_the_objective_becomes_the_exponents(name):
    for objective, exponents in OBJECTIVES.items():
        assert policy(name, objective).params is exponents


def test_objects_are_the_objective_where_none_is_named():
    assert policy("gdsf").params is OBJECTIVES["object"]


def test_a_name_that_is_not_there_gets_the_nearest_and_all(plug_ins):
    wrong = error("gsdf")
    assert str(wrong) == 'policy "gsdf" is not there'
    assert 'did you mean "gdsf"?' in wrong.hint
    assert all(name in wrong.hint for name in names())
    assert "package.module:NAME" in wrong.hint


def test_a_name_like_no_other_gets_no_guess(plug_ins):
    assert "did you mean" not in error("zzzzzzz").hint


def test_an_objective_that_is_not_there_gets_those_that_are():
    wrong = error("gdsf", "latency")
    assert str(wrong) == 'objective "latency" is not there'
    assert wrong.hint == "one of object, byte, cost"


def test_a_policy_is_found_in_a_module():
    assert policy("scrubjay_policies.classic:LRU") is classic.LRU


def test_a_function_in_a_module_gets_the_objective():
    made = policy("scrubjay_policies.classic:gdsf", "byte")
    assert made.params is OBJECTIVES["byte"]


@pytest.mark.parametrize(
    "name", ["no_such_module:LRU", "scrubjay_policies.classic:NO", ":LRU", ".classic:LRU", "a:"]
)
def test_what_cannot_be_imported_is_told(name):
    wrong = error(name)
    assert str(wrong).startswith(f'policy "{name}" cannot be loaded: ')
    assert "PYTHONPATH" in wrong.hint


def test_a_module_with_a_slip_is_told(module):
    module("a_slip_of_the_pen", "LRU = = 1")
    assert "invalid syntax" in str(error("a_slip_of_the_pen:LRU"))


def test_what_is_no_policy_is_told():
    wrong = error("scrubjay_policies.classic:OBJECTIVES")
    assert str(wrong) == '"scrubjay_policies.classic:OBJECTIVES" is no policy but a dict'
    assert "take the objective and give one" in wrong.hint


def test_a_function_that_gives_no_policy_is_told():
    assert "is no policy but a str" in str(error("builtins:str"))


def test_a_ranking_that_was_not_made_a_policy_is_told():
    wrong = error("scrubjay_policies.classic:most_recent")
    assert "makes no policy" in str(wrong)
    assert "scrubjay_policies.Policy" in wrong.hint


def test_an_installed_plug_in_is_a_policy_like_others(plug_ins):
    plug_ins(mine="scrubjay_policies.classic:LRU", ours="scrubjay_policies.classic:gdsf")
    assert names() == [*registry.BUILT_IN, "mine", "ours"]
    assert policy("mine") is classic.LRU
    assert policy("ours", "cost").params is OBJECTIVES["cost"]
    assert 'did you mean "mine"?' in error("mina").hint


def test_a_plug_in_cannot_take_the_name_of_a_built_in(plug_ins):
    plug_ins(lru="scrubjay_policies.classic:FIFO")
    assert policy("lru") is classic.LRU
    assert names().count("lru") == 1


@pytest.mark.parametrize(
    "target", ["no_such_module:LRU", "scrubjay_policies.classic:NO", "not a target"]
)
def test_a_broken_plug_in_is_told_with_what_it_points_to(plug_ins, target):
    plug_ins(mine=target)
    wrong = error("mine")
    assert str(wrong).startswith(f'plug-in policy "mine" ({target}) is broken: ')


def test_a_plug_in_that_is_no_policy_is_told(plug_ins):
    plug_ins(mine="scrubjay_policies.registry:GROUP")
    assert str(error("mine")) == '"mine" is no policy but a str'


def test_a_policy_cannot_be_changed_in_passing():
    with pytest.raises(AttributeError):
        classic.LRU.name = "mru"
    assert isinstance(classic.LRU, Policy)
