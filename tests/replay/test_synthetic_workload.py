"""How workloads are written, checked, mixed, and told."""

import inspect
import shlex
from pathlib import Path

import numpy as np
import pytest

from scrubjay_replay.errors import UseError
from scrubjay_replay.synthetic import MODELS, Workload, command, comments, generate, settled
from scrubjay_replay.synthetic.parameters import OBJECTS, count, seconds, share, size


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (count, "10k", 10_000),
        (count, "2.5M", 2_500_000),
        (count, "1.001k", 1001),
        (share, "30%", 0.3),
        (share, ".25", 0.25),
        (size, "4KiB", 4096),
        (size, "1.5MB", 1_500_000),
        (seconds, "1h", 3600),
    ],
)
def test_numbers_are_read_as_people_write_them(read, text, value):
    assert read(text) == pytest.approx(value)


def refusal(**workload):
    with pytest.raises(UseError) as caught:
        settled(Workload(**workload))
    return f"{caught.value} | {caught.value.hint}"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"model": "zpf"}, "there is no generator 'zpf' | Did you mean zipf?"),
        ({"requests": "0"}, "--requests is '0' | Allowed is 1 to 100,000,000"),
        ({"requests": "many"}, "--requests is 'many'"),
        ({"requests": "10.5"}, "it must be a whole number"),
        ({"seed": "-1"}, "--seed is '-1'"),
        ({"rate": "0"}, "--rate is '0' | Allowed is above 0"),
        ({"rate": "nan"}, "--rate is 'nan'"),
        ({"swing": "120%"}, "--swing is '120%' | Allowed is 0 to 1"),
        ({"day": "soon"}, "write it like 250ms, 30s"),
        ({"requests": "100M", "rate": "0.001"}, "take over 100 years | Raise --rate"),
        ({"params": {"alpha": "9"}}, "--alpha is '9' | Allowed is 0 to 5"),
        ({"params": {"share": "1"}}, "zipf has no --share | zipf takes --objects, --alpha."),
        ({"parts": "zipf:1"}, "zipf has no parts"),
        ({"sizes": "big"}, "--sizes is 'big': write it like 512"),
        ({"sizes": "0"}, "0 is not between 1 and"),
        ({"sizes": "none"}, "--sizes is 'none'"),
        ({"sizes": "4KiB:0.9,x:0.1"}, "--sizes is 'x:0.1' (in '4kib:0.9,x:0.1')"),
        ({"sizes": "lognormal:4KiB"}, "lognormal needs a value and a sigma"),
        ({"sizes": "pareto:4KiB:0"}, "alpha is 0, allowed is 0.05 to 5"),
        ({"sizes": "4KiB:0"}, "one weight, more than 0"),
        ({"sizes": "4KiB:1:1"}, "one weight"),
        ({"sizes": ""}, "there is no value"),
        ({"ttl": "60s:0.5,"}, "there is no value"),
        ({"ttl": "forever"}, "--ttl is 'forever'"),
        ({"cost": "2h"}, "2h is not between 0 and 3600"),
        ({"writes": "-1"}, "--writes is '-1'"),
        ({"write_rate": "often"}, "--write-rate is 'often' | Write changes"),
        ({"write_rate": "99%"}, "At most 95%"),
        (
            {"model": "flash", "params": {"crowds": 5, "lasts": 0.3}},
            "--crowds 5 of --lasts 0.3 do not fit into the trace | With 5 crowds, --lasts is",
        ),
        ({"model": "drift", "params": {"every": 10}}, "--every is '10' | Allowed is 1,000 to"),
        ({"model": "mix"}, "mix needs its parts | Write NAME:WEIGHT"),
        ({"model": "mix", "parts": "zipf"}, "the part 'zipf' has no weight"),
        ({"model": "mix", "parts": "zipf:0"}, "the part 'zipf:0' cannot be read"),
        ({"model": "mix", "parts": "zipf:1:alpha"}, "the part 'zipf:1:alpha' cannot be read"),
        ({"model": "mix", "parts": "zipf:1:hot=1"}, "zipf has no --hot"),
        ({"model": "mix", "parts": "zipf:1,mix:1"}, "there is no generator 'mix'"),
        ({"model": "mix", "parts": "zipf:1", "params": {"hot": 1}}, "no part of the mix has --hot"),
    ],
)
def test_what_is_not_allowed_is_one_error_that_says_what_is(given, told):
    assert told in refusal(**given)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_table_of_parameters_is_what_the_generator_takes(model):
    taken = [*inspect.signature(model.ids).parameters][2:]
    assert taken == [parameter.name for parameter in model.parameters]
    assert all(parameter.value(parameter.default) is not None for parameter in model.parameters)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_page_has_every_generator_with_its_parameters_and_defaults(model):
    page = (Path(__file__).parents[2] / "docs/synthetic.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| `{model.name}` |"))
    told = {p.name: p.default for p in model.parameters} | dict(model.defaults)
    for name, default in told.items():
        assert f"`--{name.replace('_', '-')} {default}`" in row


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_any_generator_makes_a_trace_of_one_request(model):
    assert len(generate(Workload(model.name, requests=1)).key) == 1


def test_the_same_seed_gives_the_same_trace_and_another_one_another():
    first, again, other = (
        generate(Workload(requests=500, seed=seed, sizes="web", write_rate="20%"))
        for seed in (1, 1, 2)
    )
    for one, same, different in zip(first, again, other, strict=True):
        assert np.array_equal(one, same, equal_nan=one.dtype.kind == "f")
        assert not np.array_equal(one, different) or one.dtype == np.float32


def test_the_parts_of_a_mix_have_their_weights_and_their_own_objects():
    trace = generate(Workload("mix", "loop:3:share=1:length=100,loop:1:share=1:length=7", "40k"))
    asked = np.bincount(trace.key)
    assert len(asked) == 107
    few = np.sort(asked)[-7:]
    assert few.sum() / len(trace.key) == pytest.approx(0.25, abs=0.01)
    assert few.max() - few.min() <= 1


def test_an_option_of_a_mix_holds_for_every_part_that_does_not_say_otherwise():
    plan = settled(Workload("mix", "zipf:0.7,loop:0.3:objects=5", params={"objects": "20"}))
    assert [part.values["objects"] for part in plan.parts] == [20, 5]


@pytest.mark.parametrize(
    "workload",
    [
        Workload("zipf", requests="1k", rate="0.1", params={"alpha": "1.1"}),
        Workload("drift", requests="3k", params={"every": "1k", "churn": "10%"}),
        Workload("write-heavy", requests="1k", ttl="60s:0.3,1d:0.7", cost="classes"),
        Workload("mix", "zipf:0.7,one-hit:0.3:share=1", "1k", seed=4, day="1h", swing=".5"),
    ],
    ids=lambda workload: workload.model,
)
def test_the_command_in_a_trace_makes_it_again(workload):
    model, *rest = shlex.split(command(settled(workload)))[3:]
    parts = rest.pop(0) if model == "mix" else ""
    names = [name.removeprefix("--").replace("-", "_") for name in rest[::2]]
    given = dict(zip(names, rest[1::2], strict=True))
    params = {name: given.pop(name) for name in [*given] if not hasattr(workload, name)}
    again = Workload(model, parts, **given, params=params)
    assert command(settled(again)) == command(settled(workload))
    for one, same in zip(generate(workload), generate(again), strict=True):
        assert np.array_equal(one, same, equal_nan=one.dtype.kind == "f")


def test_the_comments_say_the_command_every_value_and_what_names_stand_for():
    lines = comments(settled(Workload(requests="1k", sizes="web")))
    assert lines[0].startswith("scrubjay trace synth zipf --requests 1000 --seed 0")
    assert "alpha: 0.9" in lines
    assert "sizes: web" in lines
    assert any(line.startswith("web sizes: lognormal:6KiB:1.3:0.55") for line in lines)


def test_the_comments_of_a_mix_say_all_of_its_parts():
    lines = comments(settled(Workload("mix", "zipf:0.7,one-hit:0.3:share=1")))
    assert "part: zipf:0.7:objects=100000:alpha=0.9" in lines
    assert "part: one-hit:0.3:objects=100000:alpha=0.9:share=1" in lines


def test_only_columns_that_were_asked_for_are_told():
    assert settled(Workload()).columns == {"at", "key", "size"}
    full = settled(Workload("write-heavy", ttl="classes", cost="20ms"))
    assert full.columns == {"at", "key", "size", "ttl", "cost", "write"}


def test_a_parameter_says_its_range():
    assert OBJECTS.allowed == "1 to 100,000,000"
