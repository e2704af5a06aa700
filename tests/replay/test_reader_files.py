"""What a file is, and what can be wrong with it before any line is looked at."""

import gzip
import io
import sys

import pytest
import zstandard

from replay.trace_files import log_line, read, written
from scrubjay_replay.errors import TraceError, UseError
from scrubjay_replay.readers import READERS, open_trace
from scrubjay_replay.readers.lines import chunks, numbered_lines
from scrubjay_replay.readers.source import Source
from scrubjay_replay.trace import BadLines

TEXT = b"time,key,size\n" + b"".join(b"%d,k%d,1\n" % (i, i * 7919) for i in range(5000))


def zstd(content):
    return zstandard.ZstdCompressor().compress(content)


def two_frames(content):
    return zstd(content[:1000]) + zstd(content[1000:])


PACKS = [bytes, gzip.compress, zstd, two_frames]


@pytest.mark.parametrize("pack", PACKS)
def test_compression_is_known_by_the_first_bytes_not_the_name(tmp_path, pack):
    trace = read(written(tmp_path, pack(TEXT), "trace.bin"))
    assert len(trace.key) == 5000
    assert trace.at[-1] == 4999


@pytest.mark.parametrize("pack", PACKS[1:])
@pytest.mark.parametrize("lost", [1, 12, 2000])
def test_a_compressed_file_cut_short_is_an_error_with_its_line(tmp_path, pack, lost):
    with pytest.raises(TraceError, match=r"t\.csv:\d+: cannot read the trace: .*end") as caught:
        read(written(tmp_path, pack(TEXT)[:-lost]))
    assert "copied whole" in caught.value.hint


@pytest.mark.parametrize("pack", PACKS[1:])
def test_a_compressed_file_with_a_broken_middle_is_an_error_with_its_line(tmp_path, pack):
    packed = bytearray(pack(TEXT))
    packed[len(packed) // 2 : len(packed) // 2 + 40] = bytes(40)
    with pytest.raises(TraceError, match=r"t\.csv:\d+: "):
        read(written(tmp_path, bytes(packed)), BadLines(0))


def test_without_zstandard_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(UseError, match=r"t\.csv\.zst: .*zstandard") as caught:
        open_trace(written(tmp_path, zstd(TEXT), "t.csv.zst"))
    assert caught.value.hint == 'pip install "scrubjay[lab]"'
    assert len(read(written(tmp_path, TEXT)).key) == 5000


def test_a_missing_file_is_an_error_with_a_hint(tmp_path):
    with pytest.raises(TraceError, match=r"none\.csv: cannot read .*No such file") as caught:
        open_trace(tmp_path / "none.csv")
    assert caught.value.hint


def test_a_folder_and_a_device_are_no_trace(tmp_path):
    with pytest.raises(TraceError, match="a folder"):
        open_trace(tmp_path)
    with pytest.raises(TraceError, match="no regular file"):
        open_trace(type(tmp_path)("/dev/null"))


def test_an_empty_file_is_told_as_such(tmp_path):
    for text in (b"", gzip.compress(b"")):
        with pytest.raises(TraceError, match=r"t\.csv: the file is empty"):
            open_trace(written(tmp_path, text))


@pytest.mark.parametrize("text", ["\n", "1,2,3\n4,5,6\n", "\x00\xff\xfe" * 50, 'a,"b\n', "{}\n"])
def test_what_is_no_trace_is_refused_with_what_would_be_one(tmp_path, text):
    with pytest.raises(TraceError, match=r"t\.csv:1: no kind of trace that we read") as caught:
        open_trace(written(tmp_path, text))
    assert all(name in caught.value.hint for name in ("time,key,size", *READERS))


def test_an_unknown_format_names_those_there_are(tmp_path):
    with pytest.raises(UseError, match="--format json: no such format") as caught:
        open_trace(written(tmp_path, TEXT), kind="json")
    assert all(name in caught.value.hint for name in READERS)


@pytest.mark.parametrize("kind", ["common", "nginx", "caddy", "squid", "tr", "twitter"])
def test_a_format_that_it_is_not_is_an_error_at_the_first_line(tmp_path, kind):
    with pytest.raises(TraceError, match=r"t\.csv:1: "):
        read(written(tmp_path, TEXT), BadLines(0), kind)


def test_a_long_line_is_refused_without_reading_on(tmp_path, monkeypatch):
    path = written(tmp_path, b"time,key,size\n0,a,1\n")
    with path.open("r+b") as file:
        file.truncate(1 << 31)  # a sparse file: two gigabytes of one line, of no blocks
    taken = []
    pieces = Source.pieces

    def counted(source, size):
        for piece in pieces(source, size):
            taken.append(len(piece))
            yield piece

    monkeypatch.setattr(Source, "pieces", counted)
    with pytest.raises(TraceError, match=r"t\.csv:3: a line longer than 64 KiB"):
        read(path)
    assert sum(taken) < 4 << 20
    path.write_bytes(bytes(1 << 20))
    with pytest.raises(TraceError, match=r"t\.csv:1: a line longer than 64 KiB"):
        open_trace(path)


def test_a_long_line_between_others_is_refused_too(tmp_path):
    text = b"time,key,size\n0,a,1\n0," + b"x" * (1 << 16) + b",1\n0,a,1\n"
    with pytest.raises(TraceError, match=r"t\.csv:3: a line longer"):
        read(written(tmp_path, text), BadLines(100))


@pytest.mark.parametrize("size", [1, 2, 5, 1 << 20])
@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_lines_are_numbered_whatever_the_pieces(tmp_path, size, end):
    source = Source(written(tmp_path, "a\nbb\r\n\nc" + end))
    found = [line for chunk in chunks(source, size=size) for line in chunk.lines()]
    assert [line for line in found if line[1]] == [(1, b"a"), (2, b"bb"), (4, b"c")]
    assert [*numbered_lines(source, skip=2)][:2] == [(3, b""), (4, b"c")]
    assert [line for _, line in numbered_lines(source, skip=4) if line] == []
    skipped = [line for chunk in chunks(source, skip=3, size=size) for line in chunk.lines()]
    assert skipped[0] == (4, b"c")


def test_the_watcher_hears_how_far_reading_has_come(tmp_path):
    source = Source(written(tmp_path, TEXT))
    heard = []
    source.watch = heard.append
    list(chunks(source, size=10_000))
    assert heard == sorted(heard)
    assert heard[-1] == source.length == len(TEXT)


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("time,key,size\n0,a,1\n", "csv"),
        ("# made by hand\nkey\na\n", "csv"),
        (log_line("/a") + "\n", "common"),
        ("stray\n" + log_line("/a") + "\n", "common"),
        ("10662.1 5 10.0.0.1 TCP_HIT/200 4 GET http://a/ - NONE/- -\n", "squid"),
        ("1 2 3\n", "tr"),
        ("0,k,1,1,1,get,0\n", "twitter"),
    ],
)
def test_text_is_known_by_its_lines(tmp_path, text, format):
    assert open_trace(written(tmp_path, text, "oracleGeneral.txt")).format == format


def test_zstd_frames_may_be_of_any_length(tmp_path):
    packed = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(packed, closefd=False) as writer:
        writer.write(b"key\n" + b"a\n" * 3_000_000)
    path = written(tmp_path, packed.getvalue())
    assert path.stat().st_size < 4096
    assert len(read(path).key) == 3_000_000
