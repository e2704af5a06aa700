from __future__ import annotations

import re
import struct
from xml.etree import ElementTree as ET

import pytest

from scrubjay_replay import charts, page, results
from scrubjay_replay.charts_marks import apart, curves
from scrubjay_replay.contests import Kind
from scrubjay_replay.look import label
from scrubjay_replay.palette import CARD, COLOURS, HIGHLIGHTED, ROLES, highlighted
from scrubjay_replay.standings import OBJECT, Line, standing

SIZES = (0.001, 0.01, 0.1)


def cell(policy, hit, share, **more):
    usual = {"trace": "web", "objective": "object", "capacity_bytes": round(share * 1e6), "seed": 1}
    figures = {"object_hit_ratio": hit, "byte_hit_ratio": hit / 2}
    return results.row(
        **{**usual, **figures, "policy": policy, "size_fraction": share, "status": "done", **more}
    )


def curve(policy, start, **more):
    return [cell(policy, start + 0.1 * i, share, **more) for i, share in enumerate(SIZES)]


def drawn(rows):
    report = page.prepare(rows)
    one = standing(report.contests[0], OBJECT)
    return ET.fromstring(charts.inline(one, report.look, "x")), report


def texts(svg):
    return [" ".join(node.itertext()) for node in svg.iter("text")]


def test_axes_are_labelled_with_units_and_sizes_in_both():
    svg, _ = drawn(curve("lru", 0.2) + curve("belady", 0.4))
    said = texts(svg)
    assert "object miss ratio (% of requests)" in said
    assert "cache size (share of the footprint, and bytes; log scale)" in said
    assert {"0.1 %", "1 %", "10 %", "1000 B", "9.8 KiB"} <= set(said)


def test_each_line_says_its_figures_and_ends_with_its_name():
    svg, report = drawn(curve("lru", 0.2) + curve("belady", 0.4))
    marks = {node.get("data-p"): node for node in svg.iter("g") if node.get("data-p")}
    title = marks[str(report.look.numbers["lru"])].findtext("title")
    wanted = "lru, object miss ratio (% of requests): 0.1 %: 80.00, 1 %: 70.00, 10 %: 60.00"
    assert title == wanted
    assert {"lru", "best offline"} <= set(texts(svg))


def test_the_offline_best_and_the_bound_are_lines_of_their_own():
    svg, _ = drawn(curve("lru", 0.2) + curve("belady", 0.4) + curve("bound", 0.5))
    said = texts(svg)
    assert said.index("best offline") < said.index("bound")
    dashes = re.findall(r"stroke-dasharray: ([\d.]+)", ET.tostring(svg, encoding="unicode"))
    assert len(set(dashes)) >= 2


def test_colours_are_the_pages_and_ids_are_the_charts_own():
    report = page.prepare(curve("lru", 0.2) + curve("lcs:arc", 0.3) + curve("belady", 0.4))
    svg = charts.inline(standing(report.contests[0], OBJECT), report.look, "x")
    assert not re.findall(r"#[0-9a-f]{6}", svg)
    assert {f"var(--c{i})" for i in report.look.colours.values()} <= set(
        re.findall(r"var\(--c\d\)", svg)
    )
    assert all(found.startswith("x-") for found in re.findall(r'\bid="([^"]+)"', svg))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', svg)) <= set(
        re.findall(r'\bid="([^"]+)"', svg)
    )
    assert "http" not in svg


def test_a_name_that_looks_like_markup_is_text():
    name = 'a"<b>&$x^2$'
    svg, report = drawn(curve(name, 0.2))
    assert name in texts(svg)
    assert name in report.contests[0].entrants[0].name


def test_names_in_other_scripts_are_text_too():
    svg, _ = drawn(curve("\N{CJK UNIFIED IDEOGRAPH-7F13}", 0.2))
    assert "\N{CJK UNIFIED IDEOGRAPH-7F13}" in texts(svg)


def test_a_size_without_figure_is_a_gap_and_not_a_line():
    from matplotlib.figure import Figure

    rows = [*curve("lru", 0.2), cell("lfu", 0.1, SIZES[0]), cell("lfu", 0.3, SIZES[2])]
    report = page.prepare(rows)
    axes = Figure().add_subplot()
    curves(axes, standing(report.contests[0], OBJECT), report.look)
    lines = {line.get_gid(): line.get_ydata() for line in axes.lines}
    found = [float(y) for y in lines[f"line-{report.look.numbers['lfu']}"]]
    assert found == pytest.approx([90.0, float("nan"), 70.0], nan_ok=True)


def test_sizes_that_no_share_tells_apart_stand_by_their_bytes():
    rows = [cell("lru", 0.2, 0.01), cell("lru", 0.3, 0.01, capacity_bytes=20_000)]
    said = texts(drawn(rows)[0])
    assert "cache size (bytes; log scale)" in said
    unknown = [{**row, "capacity_bytes": None} for row in curve("lru", 0.2)]
    assert "cache size (share of the footprint; log scale)" in texts(drawn(unknown)[0])


def test_one_size_is_a_chart_of_dots_with_all_names():
    svg, _ = drawn([cell("lru", 0.2, 0.01), cell("belady", 0.4, 0.01)])
    said = texts(svg)
    assert {"lru", "belady", "object miss ratio (% of requests)"} <= set(said)
    assert "at a cache size of 1 %, 9.8 KiB" in said


def test_the_same_rows_give_the_same_bytes(tmp_path):
    rows = curve("lru", 0.2) + curve("belady", 0.4)
    report = page.prepare(rows)
    for name in ("a.svg", "b.svg", "a.png", "b.png"):
        charts.image(tmp_path / name, report.grid(), report.look)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert len([*tmp_path.iterdir()]) == 4


def test_an_image_grows_with_the_traces(tmp_path):
    def shape(traces):
        rows = [row for trace in traces for row in curve("lru", 0.2, trace=trace)]
        report = page.prepare(rows)
        charts.image(tmp_path / "x.png", report.grid(), report.look)
        return struct.unpack(">II", (tmp_path / "x.png").read_bytes()[16:24])

    one, two, five = shape("a"), shape("ab"), shape("abcde")
    assert two[0] == one[0]
    assert two[1] > 1.8 * one[1]
    assert five[0] == 2 * one[0]


def test_a_chart_has_a_sentence_for_those_who_do_not_see_it():
    report = page.prepare(curve("lru", 0.2) + curve("gdsf", 0.3) + curve("belady", 0.4))
    assert label(standing(report.contests[0], OBJECT)) == (
        "object miss ratio (% of requests) of 3 policies at 3 cache sizes on web;"
        " lowest on the whole: gdsf"
    )


def test_names_at_the_ends_keep_apart_and_stay_in_the_chart():
    placed = apart({"a": 50.0, "b": 50.0, "c": 50.0, "d": 99.0, "e": 0.0}, 10, 100)
    assert [placed[name] for name in "eabcd"] == [0.0, 40.0, 50.0, 60.0, 99.0]
    crowded = apart(dict.fromkeys("abcd", 100.0), 10, 100)
    assert sorted(crowded.values()) == [70, 80, 90, 100]


def test_native_policies_and_the_best_baselines_get_colours_of_their_own():
    natives = [Line(f"n{i}", Kind.NATIVE, 1, 0, 0, 0.1, 0.1, None, None) for i in range(9)]
    others = [Line(f"lcs:b{i}", Kind.BASELINE, 1, 0, 0, 0.0, 0.0, None, None) for i in range(9)]
    lru = Line("lru", Kind.NATIVE, 1, 0, 0, 0.9, 0.9, None, None)
    found = highlighted([*others, *natives, lru])
    assert len(set(found.values())) == len(found) == HIGHLIGHTED
    assert {"lcs:b0", "lru", "n0", "n5"} <= set(found)
    assert highlighted([lru])["lru"] == found["lru"]


def test_lines_stand_out_from_both_pages():
    def light(colour):
        parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) + 0.05

    def contrast(a, b):
        return max(light(a), light(b)) / min(light(a), light(b))

    for colour in COLOURS:
        assert contrast(colour.light, CARD.light) >= 3
        assert contrast(colour.dark, CARD.dark) >= 3
    for role in ("ink", "second", "third"):
        assert contrast(ROLES[role].light, CARD.light) >= 4.5
        assert contrast(ROLES[role].dark, CARD.dark) >= 4.5
