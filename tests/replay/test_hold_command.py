"""`scrubjay hold`, from the command line to the table and the file."""

import pytest

from scrubjay_proxy.cli import main
from scrubjay_replay import results

LINES = "time,key,size,was_write\n0,a,10,0\n5,a,10,0\n7,a,10,1\n8,a,10,0\n12,a,10,0\n"


@pytest.fixture
def hold(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "t.csv").write_text(LINES)

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main(["hold", *words])
        wrote = capsys.readouterr()
        return ended.value.code, wrote.out, wrote.err

    return run


def test_a_table_shows_staleness_and_contacts(hold):
    code, out, _ = hold("t.csv", "--lifetime", "fixed:10s,fixed:0s")
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert lines[1:] == [
        ["t.csv", "fixed:10s", "25.00%", "50.00%", "50.00%"],
        ["t.csv", "fixed:0s", "0.00%", "100.00%", "50.00%"],
    ]


def test_the_rows_are_written(hold, tmp_path):
    code, _, _ = hold("t.csv", "--lifetime", "fixed:10s,learned:1%", "--out", "r.csv")
    assert code == 0
    first, second = results.read(tmp_path / "r.csv")
    assert (first["policy"], first["stale_hits"], first["origin_requests"]) == ("fixed:10s", 1, 2)
    assert (second["policy"], second["status"]) == ("learned:1%", "done")


def test_scoring_can_begin_later(hold):
    _, out, _ = hold("t.csv", "--lifetime", "fixed:10s", "--score-from", "0.6")
    assert out.splitlines()[1].split()[2:4] == ["50.00%", "50.00%"]


@pytest.mark.parametrize(
    "words",
    [
        ("--lifetime", "learned:2"),
        ("--lifetime", "fixed:10s,"),
        ("--most", "soon"),
        ("--undated", "--lifetime", "heuristic:10%"),
        ("--out", "r.txt"),
    ],
)
def test_a_mistake_is_one_error_with_a_hint(hold, words):
    code, out, err = hold("t.csv", *words)
    assert (code, out) == (2, "")
    assert err.startswith("scrubjay: ")
    assert "  hint: " in err
    assert "Traceback" not in err
