import gzip
import json

import numpy as np
import pytest

from command_line import calling
from replay.trace_files import log_line, read, written
from scrubjay_replay.describe import FIGURES
from scrubjay_replay.readers.oraclegeneral import RECORD

TEXT = """\
# made by hand
time,key,size,ttl,cost,was_write
0,a,20,60,0.5,0
0.5,b,30,,0.25,0
1,a,10,60,,0
1,c,,600,,1
2,b,,,,1
4,b,30,,,0
"""


@pytest.fixture
def scrubjay(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    return calling(capsys, "trace")


def test_describe_counts_what_is_in_a_trace(scrubjay, tmp_path):
    path = written(tmp_path, TEXT)
    code, out, err = scrubjay("describe", path, "--json")
    assert (code, err) == (0, "")
    (told,) = json.loads(out)
    assert told["format"] == "csv"
    assert told["columns"] == ["at", "key", "size", "ttl", "cost", "write"]
    assert told["comments"] == ["made by hand"]
    assert (told["malformed"], told["left_out"]) == (0, {})
    assert len(told["sha256"]) == 64
    assert told["figures"] == {
        "requests": 4,
        "objects": 2,
        "footprint": 50,
        "bytes_requested": 90,
        "object_mean": 25,
        "object_median": 25,
        "object_largest": 30,
        "asked_once": 0,
        "best_hit_ratio": 0.5,
        "best_byte_hit_ratio": 40 / 90,
        "writes": 2,
        "seconds": 4,
        "requests_per_second": 1,
        **{f"ttl_p{p}": 60 for p in (5, 50, 95, 99)},
        **{f"cost_p{p}": pytest.approx(0.25 + p / 400) for p in (5, 50, 95, 99)},
    }


def test_describe_counts_the_same_in_small_blocks(scrubjay, tmp_path, monkeypatch):
    path = written(tmp_path, TEXT)
    whole = scrubjay("describe", path, "--json")
    monkeypatch.setattr("scrubjay_replay.commands.trace.BLOCK_ROWS", 1)
    assert scrubjay("describe", path, "--json") == whole


def test_describe_shows_a_table_of_what_has_a_value_for_each_trace(scrubjay, tmp_path):
    csv = written(tmp_path, "# seed 7\nkey\na\nb\na\n")
    log = written(tmp_path, log_line("/a") + "\n" + log_line("/a", 500), "t.log")
    code, out, _ = scrubjay("describe", csv, log)
    assert code == 0
    first, second = out.split("t.log")
    assert "# seed 7" in first
    assert "best_hit_ratio" in first
    assert "0.3333" in first
    assert "ttl_p50" not in out
    assert "seconds" not in first
    assert "left out: status" in second
    assert out.count("sha256") == 2


def test_every_figure_has_its_meaning(scrubjay, tmp_path):
    (told,) = json.loads(scrubjay("describe", written(tmp_path, TEXT), "--json")[1])
    assert told["units"].keys() == told["figures"].keys() == FIGURES.keys()


def test_what_oracle_general_cannot_keep_is_said_and_the_rest_comes_back(scrubjay, tmp_path):
    path = written(tmp_path, TEXT)
    code, out, _ = scrubjay("convert", path, "t.oracleGeneral.zst")
    assert code == 0
    assert out == (
        "t.oracleGeneral.zst: 4 rows; not kept: fractions of seconds, ttl, cost, 2 writes\n"
    )
    assert scrubjay("convert", "t.oracleGeneral.zst", "back.csv.gz")[0] == 0
    text = gzip.decompress((tmp_path / "back.csv.gz").read_bytes()).decode()
    assert text == "time,key,size\n0,0,20\n0,1,30\n1,0,10\n4,1,30\n"


def test_what_oracle_general_can_keep_comes_back_as_it_was(scrubjay, tmp_path):
    text = "time,key,size\n" + "".join(f"{i // 3},{i % 7},{i}\n" for i in range(100))
    path = written(tmp_path, text)
    assert scrubjay("convert", path, "t.oracleGeneral")[1] == "t.oracleGeneral: 100 rows\n"
    scrubjay("convert", "t.oracleGeneral", "back.csv")
    assert (tmp_path / "back.csv").read_text() == text


def test_a_csv_is_converted_with_all_its_columns_and_comments(scrubjay, tmp_path):
    assert scrubjay("convert", written(tmp_path, TEXT), "u.csv", "--limit", 2)[0] == 0
    assert (tmp_path / "u.csv").read_text() == (
        "# made by hand\ntime,key,size,ttl,cost,was_write\n0,0,20,60,0.5,0\n0.5,1,30,,0.25,0\n"
    )


def test_a_limit_may_end_within_a_block(scrubjay, tmp_path, monkeypatch):
    monkeypatch.setattr("scrubjay_replay.commands.trace.BLOCK_ROWS", 2)
    path = written(tmp_path, TEXT)
    assert scrubjay("convert", path, "u.csv", "--limit", 3)[1] == "u.csv: 3 rows\n"
    assert len((tmp_path / "u.csv").read_text().splitlines()) == 2 + 3


def test_the_kind_to_write_may_be_said(scrubjay, tmp_path):
    path = written(tmp_path, "key\na\n")
    assert scrubjay("convert", path, "t.bin", "--to", "oracleGeneral")[0] == 0
    assert np.fromfile(tmp_path / "t.bin", RECORD).tolist() == [(0, 0, 1, -1)]
    assert len(read(tmp_path / "t.bin", kind="oracleGeneral").key) == 1


def test_head_prints_the_first_rows_as_csv(scrubjay, tmp_path):
    path = written(tmp_path, "time,url,size\n" + "".join(f"{i},/{i},5\n" for i in range(20)))
    assert scrubjay("head", path, "-n", 2) == (0, "time,key,size\n0,0,5\n1,1,5\n", "")
    assert len(scrubjay("head", path)[1].splitlines()) == 11


def test_a_format_may_be_said(scrubjay, tmp_path):
    path = written(tmp_path, np.array([(5, 7, 9, -1)], RECORD).tobytes(), "x")
    assert scrubjay("head", path, "--format", "oracleGeneral")[1] == "time,key,size\n0,0,9\n"


def test_bad_lines_are_told_and_skipped_as_far_as_allowed(scrubjay, tmp_path):
    path = written(tmp_path, "key,size\na,1\nb\nc,1\n")
    code, out, err = scrubjay("head", path, "--max-bad-lines", 1)
    assert (code, out) == (0, "key,size\n0,1\n1,1\n")
    assert err == "skipped t.csv:3: 1 fields where 2 are needed\n"


BROKEN = {
    "cut.oracleGeneral": np.array([(5, 7, 9, -1)], RECORD).tobytes()[:-1],
    "noise.oracleGeneral": b"\x99\x01\xfe\x00" * 24,
    "cut.csv.gz": gzip.compress(b"key\n" + b"a\n" * 99)[:-9],
    "nokey.csv": b"time,size\n1,2\n",
    "negative.csv": b"key,size\na,-1\n",
    "huge.csv": b"key,size\na,9999999999999999999\n",
    "backwards.csv": b"time,key\n7,a\n5,a\n",
    "backwards.tr": b"7 1 1\n5 1 1\n",
    "empty.csv": b"",
    "header.csv": b"time,key,size\n",
    "nothing.log": log_line("/a", 500).encode(),
    "long.csv": b"key\n" + b"x" * 70_000,
    "photo.jpg": b"\xff\xd8\xff\xe0" * 20,
}


@pytest.mark.parametrize("out", ["out.csv", "out.oracleGeneral.zst"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_trace_is_one_clear_error_and_nothing_is_written(scrubjay, tmp_path, name, out):
    path = written(tmp_path, BROKEN[name], name)
    code, printed, err = scrubjay("convert", path, out)
    assert code == 2
    assert printed == ""
    said, hint = err.splitlines()
    assert said.startswith(f"scrubjay: {name}:")
    assert hint.startswith("  hint: ")
    assert [*tmp_path.iterdir()] == [path]
    assert scrubjay("describe", path)[::2] == (2, err)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("convert", "t.csv", "t.xyz"), "t.xyz: which format?"),
        (("convert", "t.csv", "u.csv", "--to", "json"), "--to json: no format to write"),
        (("convert", "t.csv", "none/u.csv"), "none/u.csv cannot be written"),
        (("convert", "none.csv", "none/u.csv"), "none/u.csv cannot be written"),
        (("convert", "t.csv", "./t.csv"), "t.csv is the trace itself"),
        (("describe", "none.csv"), "none.csv: cannot read the trace"),
        (("describe", "."), "a folder, no trace"),
        (("head", "t.csv", "--format", "pcap"), "--format pcap: no such format"),
    ],
)
def test_wrong_use_is_one_line_and_a_hint(scrubjay, tmp_path, words, said):
    written(tmp_path, TEXT)
    code, out, err = scrubjay(*words)
    assert (code, out) == (2, "")
    assert said in err.splitlines()[0]
    assert err.splitlines()[1].startswith("  hint: ")


def test_a_full_disk_is_one_line_and_nothing_is_left(scrubjay, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("scrubjay_replay.writers.lines", full)
    path = written(tmp_path, TEXT)
    code, _, err = scrubjay("convert", path, "u.csv")
    assert code == 2
    assert err.startswith("scrubjay: u.csv cannot be written: No space left on device\n")
    assert [*tmp_path.iterdir()] == [path]
