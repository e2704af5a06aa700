import pytest

from replay.experiments import cell, plain
from scrubjay_policies import names as own_names
from scrubjay_replay import baselines, cells, experiment
from scrubjay_replay.errors import UseError
from scrubjay_replay.experiment import Settings, Size, every_name, jobs, policies, seeds, sizes
from scrubjay_replay.prepared import Assumptions

SETTINGS = Settings("object", 80, 1, 0.25, "python", 30.0, Assumptions())


def combined(traces, names="lru", size="50%", seed="0"):
    return jobs(traces, policies(names), sizes(size), seeds(seed), SETTINGS)


def test_policies_are_taken_in_order_and_each_once():
    assert policies("lru, gdsf,lru,,belady") == ["lru", "gdsf", "belady"]


def test_a_pattern_stands_for_all_that_match():
    assert policies("l[rf]u") == ["lru", "lfu"]
    assert policies("lcs:*") == [f"lcs:{name}" for name in baselines.names()]
    assert policies("belady*,bound?byte") == ["belady", "belady-size", "bound-byte"]
    assert policies("*") == every_name()
    assert policies("lcs:[ab]rc,*arc") == ["lcs:arc"]


def test_every_name_lists_ours_the_baselines_and_the_offline_ones():
    names = every_name()
    assert names[: len(own_names())] == own_names()
    assert "lcs:s3fifo" in names
    assert names[-4:] == ["belady", "belady-size", "bound", "bound-byte"]


def test_the_usual_policies_exist():
    assert policies(experiment.USUAL) == experiment.USUAL.split(",")


def test_a_policy_may_be_one_of_a_module(tmp_path, monkeypatch):
    (tmp_path / "mine_too.py").write_text("from scrubjay_policies.classic import LRU as P\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert policies("mine_too:P,lru") == ["mine_too:P", "lru"]
    cells.own.cache_clear()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lfru", '"lfru" is not there'),
        ("lcs:lfru", "lcs:lfru is no baseline"),
        ("x*", "no policy is like 'x*'"),
        (" ,", "--policy names none"),
        ("no_such_module:P", "no_such_module"),
    ],
)
def test_an_unknown_policy_is_told_with_what_there_is(text, said):
    with pytest.raises(UseError) as error:
        policies(text)
    assert said in str(error.value)
    assert error.value.hint
    if "module" not in text:
        assert all(name in error.value.hint for name in ("lru", "gdsf"))


def test_an_unknown_baseline_is_told_with_all_policies():
    with pytest.raises(UseError) as error:
        policies("lcs:nothing")
    assert ", ".join(every_name()) in error.value.hint


def test_sizes_are_shares_or_bytes_each_once():
    assert sizes("0.5%, 10%,4096,10MiB,10%") == [
        Size(0.005),
        Size(0.1),
        Size(None, 4096),
        Size(None, 10 << 20),
    ]


@pytest.mark.parametrize(
    "text",
    ["0%", "-5%", "101%", "nan%", "%", "x%", "inf%", "0", "0.5", "-1", "lots", "", ",", "1%,2x"],
)
def test_a_size_that_is_none_is_refused(text):
    with pytest.raises(UseError, match="--size") as error:
        sizes(text)
    assert error.value.hint


def test_a_size_beyond_64_bits_is_refused_before_anything_overflows():
    for text in ("9" * 400, "99999999999TiB", str(1 << 62)):
        with pytest.raises(UseError, match="--size"):
            sizes(text)
    assert sizes(str((1 << 62) - 1)) == [Size(None, (1 << 62) - 1)]


def test_seeds_are_whole_numbers_each_once():
    assert seeds("3, 1,3") == [3, 1]


@pytest.mark.parametrize("text", ["", "1,", "-1", "1.5", "x", str(1 << 63)])
def test_a_seed_that_is_none_is_refused(text):
    with pytest.raises(UseError, match="--seed is") as error:
        seeds(text)
    assert error.value.hint


def test_jobs_are_traces_by_sizes_by_policies_by_seeds():
    traces = [plain("ab", name="s"), plain("abc", name="t")]
    found = combined(traces, "lru,fifo", "50%,100%", "0,5")
    assert [
        (job.prepared.name, job.cell.capacity, job.cell.policy, job.cell.seed) for job in found
    ] == [
        (name, capacity, policy, seed)
        for name, capacities in (("s", (10, 20)), ("t", (15, 30)))
        for capacity in capacities
        for policy in ("lru", "fifo")
        for seed in (0, 5)
    ]
    assert [job.work for job in found] == [2] * 8 + [3] * 8


def test_what_draws_nothing_is_run_once_whatever_the_seeds():
    found = combined([plain("ab")], "lru,lcs:lru,belady", seed="4,5")
    assert [(job.cell.policy, job.cell.seed) for job in found] == [
        ("lru", 4),
        ("lru", 5),
        ("lcs:lru", 4),
        ("belady", 4),
    ]


def test_a_cell_has_its_share_of_the_footprint_and_all_settings():
    share, count = (combined([plain("abcd")], size=size)[0].cell for size in ("30%", "30"))
    wanted = cell(capacity=12, fraction=0.3, score_from=0.25, time_limit=30.0)
    assert share == wanted
    assert (count.capacity, count.fraction) == (30, 0.75)


def test_a_share_without_room_for_a_byte_is_refused():
    with pytest.raises(UseError, match="--size: 2% of t, 40 bytes, is no byte"):
        combined([plain("abcd")], size="2%")


def test_what_the_trace_has_too_little_for_is_refused_before_anything_runs():
    with pytest.raises(UseError, match="policy ttl needs ttl"):
        combined([plain("ab")], "lru,ttl")
