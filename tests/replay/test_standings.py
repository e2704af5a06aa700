from __future__ import annotations

import io

import pytest
from rich.console import Console

from scrubjay_replay import results
from scrubjay_replay.contests import Kind, contests, mean
from scrubjay_replay.standings import (
    BYTE,
    LATENCY,
    OBJECT,
    measures,
    standing,
    summary,
    table,
)


def cell(policy="lru", hit=0.5, **more):
    usual = {
        "trace": "web",
        "objective": "object",
        "size_fraction": 0.01,
        "capacity_bytes": 1024,
        "byte_hit_ratio": None if hit is None else hit / 2,
        "seed": 1,
        "status": "done",
        "engine": "numba",
    }
    return results.row(**{**usual, "policy": policy, "object_hit_ratio": hit, **more})


def judged(rows, measure=OBJECT):
    (contest,) = contests(rows)
    return standing(contest, measure)


def by_name(one):
    return {entrant.name: entrant for entrant in one.contest.entrants}


def printed(rows, width=80):
    text = io.StringIO()
    Console(file=text, width=width).print(table(rows))
    return text.getvalue()


def test_the_best_online_policy_wins_and_offline_ones_only_set_the_goal():
    one = judged(
        [cell("lru", 0.5), cell("gdsf", 0.6), cell("belady", 0.8), cell("belady-size", 0.7)]
    )
    (size,) = one.contest.sizes
    named = by_name(one)
    assert [name for name, e in named.items() if one.won(e, size)] == ["gdsf"]
    assert one.best[size] == 0.6
    assert one.offline[size] == 0.8
    assert one.short_of(one.offline, named["lru"], size) == pytest.approx(0.3)
    assert one.short_of(one.best, named["belady"], size) == pytest.approx(-0.2)
    assert [entrant.name for entrant in one.order()] == ["gdsf", "lru", "belady", "belady-size"]


def test_a_bound_bounds_its_own_column_only_and_stands_last():
    rows = [cell("lru"), cell("bound", 0.9), cell("bound-byte", 0.7), cell("belady", 0.6)]
    one, bytewise = judged(rows), judged(rows, BYTE)
    assert [entrant.name for entrant in one.order()] == ["lru", "belady", "bound"]
    assert [entrant.name for entrant in bytewise.order()] == ["lru", "belady", "bound-byte"]
    assert [*one.goals] == ["best", "offline", "bound"]
    assert one.goals["offline"] != one.goals["bound"]
    assert [*judged([cell("lru", latency_mean=0.1), *rows[1:]], LATENCY).goals] == ["best"]


def test_equal_figures_share_the_win():
    one = judged([cell("lru", 0.5), cell("fifo", 0.5), cell("lfu", 0.4)])
    assert {line.name: line.wins for line in summary([one])} == {"fifo": 1, "lru": 1, "lfu": 0}


def test_the_mean_over_seeds_has_students_half_width():
    figure = mean([0.1, 0.2, 0.3])
    assert figure.mean == pytest.approx(0.2)
    assert figure.half_width == pytest.approx(4.303 * 0.1 / 3**0.5)
    assert mean([0.1]).half_width is None
    assert mean([0.5] * 40).half_width == 0.0
    assert mean([]) is None


def test_seeds_are_one_cell_and_the_same_seed_twice_counts_once():
    rows = [cell(hit=0.4, seed=1), cell(hit=0.6, seed=2), cell(hit=0.8, seed=2)]
    (contest,) = contests(rows)
    figure = contest.cell(*contest.entrants, *contest.sizes, "object_hit_ratio", "object").figure
    assert (figure.mean, figure.seeds, contest.repeated) == (pytest.approx(0.6), 2, 1)


def test_a_run_that_failed_does_not_replace_one_that_is_done():
    rows = [cell(hit=0.4), cell(hit=None, status="killed")]
    for order in (rows, rows[::-1]):
        (found,) = judged(order).cells.values()
        assert found.figure.mean == 0.4
        assert found.troubles == ()


def test_a_failed_cell_keeps_its_status_and_a_missing_one_has_none():
    two = {"size_fraction": 0.1, "capacity_bytes": 10240}
    one = judged([cell("lru"), cell("lru", **two), cell("lcs:lrb", None, status="took too long")])
    small, large = one.contest.sizes
    failed = by_name(one)["lcs:lrb"]
    assert one.cells[failed, small].troubles == ("took too long",)
    assert one.cells[failed, large].figure is None
    assert one.cells[failed, large].troubles == ()


def test_rows_with_other_settings_are_rivals_and_rows_with_other_conditions_are_not():
    rows = [cell(sample=16), cell(sample=64), cell("fifo", sample=64)]
    (contest,) = contests(rows)
    assert [e.name for e in contest.entrants] == ["lru sample=16", "lru sample=64", "fifo"]
    apart = contests([cell(ttl="none"), cell(ttl="1h"), cell("belady", ttl=None)])
    assert [contest.name for contest in apart] == ["web (ttl none)", "web (ttl 1h)"]
    assert [len(contest.entrants) for contest in apart] == [2, 2]


def test_settings_that_change_with_the_trace_do_not_split_a_policy():
    rows = [cell(params="w=1"), cell(trace="disk", params="w=2")]
    assert [e.name for c in contests(rows) for e in c.entrants] == ["lru", "lru"]


def test_a_measure_takes_the_rows_that_aim_at_it_and_else_what_there_is():
    rows = [
        cell("gdsf", 0.6, byte_hit_ratio=0.1),
        cell("gdsf", 0.5, byte_hit_ratio=0.3, objective="byte"),
        cell("lru", 0.4, byte_hit_ratio=0.2),
    ]
    one = judged(rows, BYTE)
    (size,) = one.contest.sizes
    assert one.cells[by_name(one)["gdsf"], size].figure.mean == 0.3
    assert one.aims() == {"byte": ["gdsf"], "object": ["lru"]}
    assert judged(rows, OBJECT).best[size] == 0.6
    assert measures(rows) == [OBJECT, BYTE]


def test_low_latency_is_better():
    one = judged([cell("lru", latency_mean=0.2), cell("lfu", latency_mean=0.1)], LATENCY)
    assert [entrant.name for entrant in one.order()] == ["lfu", "lru"]
    (size,) = one.contest.sizes
    assert one.short_of(one.best, by_name(one)["lru"], size) == pytest.approx(0.1)


def test_the_summary_counts_wins_and_means_the_gaps_over_all_traces():
    rows = [
        *(cell("lru", 0.5), cell("gdsf", 0.504), cell("belady", 0.7)),
        *(cell("lru", 0.4, trace="disk"), cell("gdsf", 0.3, trace="disk")),
        cell("lcs:arc", 0.5),
    ]
    lines = {line.name: line for line in summary([standing(c, OBJECT) for c in contests(rows)])}
    assert [*lines] == ["lru", "gdsf", "lcs:arc", "belady"]
    lru, gdsf = lines["lru"], lines["gdsf"]
    assert (lru.wins, lru.near, lru.cells) == (1, 2, 2)
    assert (gdsf.wins, gdsf.near) == (1, 1)
    assert lru.to_best == pytest.approx(0.002)
    assert gdsf.worst == pytest.approx(0.1)
    assert lru.to_offline == pytest.approx(0.2)
    assert lines["lcs:arc"].cells == 1
    assert lines["belady"].kind is Kind.OFFLINE
    assert lines["belady"].wins == 0


def test_policies_that_lack_sizes_come_after_those_that_have_all():
    large = {"size_fraction": 0.1, "capacity_bytes": 10240}
    rows = [cell("lru", 0.4), cell("lru", 0.5, **large), cell("lfu", 0.9)]
    assert [entrant.name for entrant in judged(rows).order()] == ["lru", "lfu"]
    assert [line.name for line in summary([judged(rows)])] == ["lru", "lfu"]


def test_sizes_without_bytes_are_known_by_their_share():
    rows = [cell(capacity_bytes=None), cell(capacity_bytes=None, size_fraction=0.001)]
    (contest,) = contests(rows)
    assert [str(size) for size in contest.sizes] == ["0.1 %", "1 %"]


def test_the_terminal_marks_the_winner_and_tells_why_a_figure_is_missing():
    rows = [cell("lru", 0.5), cell("gdsf", 0.61237), cell("belady", 0.8)]
    text = printed([*rows, cell("lcs:lrb", None, status="took too long")])
    lines = text.splitlines()
    assert "web: object hit ratio, % of requests" in lines[0]
    assert "61.24*" in text
    assert "50.00 " in text
    assert "80.00*" not in text
    assert "(a) took too long" in lines[-1]
    assert any(line.split()[1:] == ["lcs:lrb", "│", "(a)", "│"] for line in lines)


def test_the_terminal_shows_the_spread_over_seeds():
    text = printed([cell(hit=0.4, seed=1), cell(hit=0.4002, seed=2)])
    assert "40.01 ±0.13*" in text
    assert "95 % confidence" in text


def test_many_sizes_go_into_tables_that_fit_the_terminal():
    rows = [
        cell(policy, 0.05 * i, size_fraction=i / 100, capacity_bytes=i * 100_000)
        for i in range(1, 15)
        for policy in ("lru", "lcs:3lcache-tuned-object")
    ]
    text = printed(rows, width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    for i in range(1, 15):
        assert f" {i} % " in text
        assert f" {5 * i}.00" in text
