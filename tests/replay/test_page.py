from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from scrubjay_replay import page, page_rows, results

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Outline(HTMLParser):
    """Checks that tags close in order; collects ids, links, texts of cells."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.tables = [], [], [], []

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in said:
            self.ids.append(said["id"])
        self.links += [said[name] for name in ("href", "src") if name in said]
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data


def cell(policy="lru", hit=0.5, share=0.01, **more):
    usual = {
        "trace": "web",
        "objective": "object",
        "size_fraction": share,
        "capacity_bytes": round(share * 1e6),
        "requests": 4321,
        "byte_hit_ratio": None if hit is None else hit / 2,
        "seed": 1,
        "status": "done",
        "trace_sha256": "ab" * 32,
        "commit": "0123abcd",
    }
    return results.row(**{**usual, "policy": policy, "object_hit_ratio": hit, **more})


def rows():
    return [
        cell(policy, hit + share, share)
        for policy, hit in (("lru", 0.4), ("gdsf", 0.5), ("lcs:arc", 0.45), ("belady", 0.7))
        for share in (0.01, 0.1)
    ]


def made(rows):
    text = page.page(page.prepare(rows))
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    return text, outline


def found(outline, *words):
    """The first table whose first row has these words."""
    return next(t for t in outline.tables if set(words) <= set(t[0]))


def test_the_page_needs_nothing_but_itself():
    text, outline = made(rows())
    assert all(link.startswith("#") for link in outline.links)
    assert {link[1:] for link in outline.links} <= set(outline.ids)
    assert len(set(outline.ids)) == len(outline.ids)
    assert not re.search(r"https?:|@import|url\((?!#)", text)
    assert "prefers-color-scheme: dark" in text
    assert "width=device-width" in text


def test_every_variable_of_a_colour_is_given_for_both_themes():
    text, _ = made(rows())
    light, dark = re.findall(r":root\{([^}]+)\}", text)
    names = set(re.findall(r"--(\w+):", light))
    assert names == set(re.findall(r"--(\w+):", dark))
    used = set(re.findall(r"var\(--(\w+)", text)) - {"s", "k"}
    assert used <= names | {"page", "field", "hair", "accent", "warn"}


def test_what_was_run_is_told_with_digest_requests_seeds_and_commit():
    text, outline = made(rows())
    (told,) = found(outline, "footprint")[1:]
    assert told == [
        *("web", "4,321", "about 976.6 KiB", "1 %, 10 %", "4", "1", "object", "ab" * 32),
    ]
    assert "0123abcd" in text


def test_the_summary_says_who_wins_and_what_is_left_to_gain():
    text, outline = made(rows())
    assert "<b>gdsf</b> is the best online policy in 2 of 2 cells" in text
    body = found(outline, "best in")[1:]
    assert body[0] == ["gdsf", "2", "2", "0.00", "0.00", "20.00", "2 of 2"]
    assert body[2] == ["lru", "0", "0", "10.00", "10.00", "30.00", "2 of 2"]
    assert body[3][:3] == ["belady", "–", "–"]  # noqa: RUF001


def test_gaps_are_points_below_the_best_and_below_the_offline_ones():
    _, outline = made(rows())
    gaps = next(t for t in outline.tables if t[0][1] == "mean")
    assert gaps[1] == ["best", "offline"] * 3
    named = {line[0]: line[1:] for line in gaps[2:]}
    assert named["lru"] == ["10.00", "30.00"] * 3
    assert named["belady"] == ["−20.00", "0.00"] * 3  # noqa: RUF001


def test_the_best_of_each_size_is_marked_and_offline_ones_never():
    text, _ = made(rows())
    heat = text[text.index('<table class="heat">') :].partition("</table>")[0]
    assert re.findall(r'<td class="best"[^>]*>([^<]+)', heat) == ["51.00", "60.00"]
    assert "71.00" in heat


def test_rows_without_figures_are_shown_with_their_reason():
    text, outline = made([*rows(), cell("lcs:lrb", None, 0.1, status="killed after 100 s")])
    assert found(outline, "status")[1] == ["lcs:lrb", "1", "web", "killed after 100 s"]
    heat = next(t for t in outline.tables if t[0][1:] == ["1 %9.8 KiB", "10 %97.7 KiB"])
    assert ["lcs:lrb", "–", "killed…"] in heat  # noqa: RUF001
    assert 'title="killed after 100 s"' in text
    assert "Without a figure: lcs:lrb." in text


def test_every_row_is_there_with_the_columns_in_which_they_differ():
    _, outline = made(rows())
    last = outline.tables[-1]
    assert last[0] == [
        *("trace", "policy", "size fraction", "capacity bytes"),
        *("object hit ratio", "byte hit ratio", "status"),
    ]
    assert len(last) == 1 + len(rows())
    assert last[1] == ["web", "lru", "0.01", "10,000", "0.41", "0.205", "done"]


def test_gaps_to_the_bound_are_beside_those_to_the_offline_ones():
    bounds = [cell("bound", 0.75 + share, share) for share in (0.01, 0.1)]
    _, outline = made([*rows(), *bounds])
    gaps = next(t for t in outline.tables if t[0][1] == "mean")
    assert gaps[1] == ["best", "offline", "bound"] * 3
    assert gaps[2] == ["gdsf", *["0.00", "20.00", "25.00"] * 3]
    body = found(outline, "best in", "mean gap to the bound, points")
    assert body[1] == ["gdsf", "2", "2", "0.00", "0.00", "20.00", "25.00", "2 of 2"]
    assert body[-1][:3] == ["bound", "–", "–"]  # noqa: RUF001


@pytest.mark.parametrize("figures", [{}, {"latency_mean": 0.02, "latency_p99": 0.3}])
def test_latency_is_shown_where_rows_have_it(figures):
    text, _ = made([{**row, **figures} for row in rows()])
    assert ("mean latency (ms)" in text) == bool(figures)
    assert ("Mean latency by cache size" in text) == bool(figures)


def test_staleness_is_shown_where_there_is_any():
    clean = {"staleness": 0.0, "revalidations": 0}
    assert "Stale hits" not in made(rows())[0]
    assert "No stale hit and no revalidation" in made([{**row, **clean} for row in rows()])[0]
    stale = {"staleness": 0.0123, "revalidations": 77}
    _, outline = made([{**row, **stale} for row in rows()])
    assert sum(["gdsf", "1.23", "1.23"] in t for t in outline.tables) == 1
    assert sum(["gdsf", "77", "77"] in t for t in outline.tables) == 1


def test_names_of_traces_and_policies_are_text_and_not_markup():
    nasty = '<script>alert("x")</script>&'
    text, outline = made([{**row, "trace": nasty} for row in rows()] + [cell(nasty, 0.2)])
    assert text.count("<script>") == 1
    assert any(nasty in line for t in outline.tables for line in t)


def test_policies_that_aim_at_something_else_are_named():
    mixed = [*rows(), cell("gdsf", 0.3, byte_hit_ratio=0.4, objective="byte")]
    assert "The rows here aim at object hits: lru" in made(mixed)[0]
    assert "Every row here aims at object hits." in made(rows())[0]


def test_the_same_rows_give_the_same_page():
    assert made(rows())[0] == made(rows())[0]


def test_what_all_rows_share_is_said_once():
    assert page_rows.shared(rows()) == {
        "objective": "object",
        "requests": 4321,
        "seed": 1,
        "trace_sha256": "ab" * 32,
        "commit": "0123abcd",
    }
