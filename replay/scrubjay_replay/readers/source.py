"""The bytes of a trace file: plain, gzip or zstd, known by its first bytes."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, cast

from scrubjay_replay.errors import TraceError, UseError

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
PACKED_PIECE = 4096  # bytes of zstd at once: at most 128 MiB come out of them
BROKEN = (OSError, EOFError, zlib.error)  # what reading a broken file raises


def _nobody(_done: int) -> None:
    return None


class Source:
    """One file, read from the start as often as wanted; `watch` hears how many bytes are done."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        self.watch: Callable[[int], None] = _nobody
        if path.is_dir():
            raise TraceError(f"{path}: a folder, no trace", hint="Name a file in it.")
        with self.told():
            self.length = path.stat().st_size  # bytes, as they lie there
            if not path.is_file():
                raise TraceError(
                    f"{path}: no regular file",
                    hint="A trace is read more than once: write it to a file first.",
                )
            with path.open("rb") as file:
                self._magic = file.read(4)

    @property
    def packed(self) -> bool:
        """Whether it is compressed, so that `length` is not that of the content."""
        return self._magic.startswith((GZIP_MAGIC, ZSTD_MAGIC))

    def pieces(self, size: int) -> Iterator[bytes]:
        """The content, `size` bytes at a time; a broken file raises what `told` understands."""
        with self.path.open("rb") as raw, self._content(raw) as content:
            while piece := content.read(size):
                yield piece
                self.watch(raw.tell())

    def head(self, size: int) -> bytes:
        """The first `size` bytes of the content, or all there are."""
        with self.told(":1"):
            return next(self.pieces(size), b"")

    @contextmanager
    def told(self, where: str = "") -> Iterator[None]:
        """What goes wrong with the file inside is a TraceError at `where`."""
        try:
            yield
        except BROKEN as error:
            raise self.broken(error, where) from error

    def broken(self, error: Exception, where: str) -> TraceError:
        """The error to raise when reading stopped at a place, written like `:7`."""
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return TraceError(
            f"{self.name}{where}: cannot read the trace: {why}",
            hint="Is the path right, and was the file copied whole?",
        )

    def _content(self, raw: BinaryIO) -> BinaryIO:
        if self._magic.startswith(GZIP_MAGIC):
            return cast(BinaryIO, gzip.GzipFile(fileobj=raw, mode="rb"))
        if self._magic == ZSTD_MAGIC:
            return io.BufferedReader(_Zstd(raw, zstandard(self.name)), 1 << 17)
        return raw


class _Zstd(io.RawIOBase):
    """The content of one zstd frame after the other; a last one that is cut is an EOFError."""

    def __init__(self, raw: BinaryIO, module: ModuleType) -> None:
        super().__init__()
        self._raw = raw
        self._error = module.ZstdError
        self._decompressor: Any = module.ZstdDecompressor()
        self._frame = self._decompressor.decompressobj()
        self._ended = True
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and (piece := self._raw.read(PACKED_PIECE)):
            self._ready = memoryview(self._unpacked(piece))
        if not (self._ready or self._ended):
            raise EOFError("the compressed data ends too soon")
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _unpacked(self, piece: bytes) -> bytes:
        content = b""
        while piece:
            try:
                content += self._frame.decompress(piece)
            except self._error as error:
                raise OSError(str(error)) from error
            self._ended = self._frame.eof
            piece = self._frame.unused_data if self._ended else b""
            if self._ended:
                self._frame = self._decompressor.decompressobj()
        return content


def zstandard(name: str) -> ModuleType:
    """The module, which the base install lacks."""
    try:
        import zstandard as module
    except ImportError as error:
        raise UseError(
            f"{name}: zstd needs the package zstandard", hint='pip install "scrubjay[lab]"'
        ) from error
    return module
