"""A model directory on the disk: files that people drop, `index.json`, and `kept/`: copies of what
was verified, so that no later change of a file takes away what is in force."""

from __future__ import annotations

import fcntl
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec

from scrubjay_policies import model
from scrubjay_policies.model import ModelError
from scrubjay_proxy.errors import UsageMistake
from scrubjay_proxy.models import index as change
from scrubjay_proxy.models.index import Entry, Index, Order

INDEX, KEPT, LOCK = "index.json", "kept", ".lock"
LONGEST = 4000  # characters of a file's own words that the index repeats

_DIGEST = re.compile(r"[0-9a-f]{6,64}")


class Directory:
    """One directory; who changes it holds its lock, so that commands and proxies take turns.

    Raises UsageMistake where it cannot be used, ModelError for a file that is no model.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock = path, clock
        if not path.is_dir():
            raise UsageMistake(
                f"model directory {path} is not there", hint=f"make it first: mkdir -p {path}"
            )

    def index(self) -> Index:
        """What is known; nothing where nothing was ever written."""
        file = self.path / INDEX
        try:
            return msgspec.json.decode(file.read_bytes(), type=Index)
        except FileNotFoundError:
            return Index()
        except (OSError, ValueError) as error:
            raise UsageMistake(
                f"{file} cannot be read: {error}",
                hint="move it away: models are then taken in anew from the files beside it",
            ) from error

    def kept(self, sha256: str) -> Path:
        """Where the copy of a model that was verified is."""
        return self.path / KEPT / f"{sha256}.safetensors"

    def stamps(self) -> dict[str, str]:
        """The files beside the index, each with what changes when it is written."""
        try:
            names = [one.name for one in self.path.iterdir()]
        except OSError as error:
            raise self._unusable(error) from error
        stamps = {name: self._stamp(name) for name in names if name[0] != "." and name != INDEX}
        return {name: stamp for name, stamp in stamps.items() if stamp}

    def take_in(self, *, gate: bool) -> Index:
        """Look at files that are new or have changed, the oldest first: each is promoted, or with
        `gate` run in shadow, or refused."""

        def decide(index: Index) -> Index:
            stamps = self.stamps()
            new = [name for name, stamp in stamps.items() if index.seen.get(name) != stamp]
            for name in sorted(new, key=lambda one: int(stamps[one].partition(":")[0])):
                index = self._judged(index, name, gate=gate)
            return replace(index, seen=stamps)

        return self.edit(decide)

    def promote(self, wanted: str, *, by: str, why: str = "", outside: bool = True) -> Index:
        """Put a model in force: a file of this directory or, if `outside`, any, or the digest of
        one that is kept. It is verified before anything changes."""

        def decide(index: Index) -> Index:
            index, entry = self._adopted(index, self._found(index, wanted, outside=outside))
            return change.promote(index, entry, self.order(by, why))

        return self.edit(decide)

    def shadow(self, wanted: str, *, by: str, outside: bool = True) -> Index:
        """Run a model in shadow, named as in `promote`."""

        def decide(index: Index) -> Index:
            index, entry = self._adopted(index, self._found(index, wanted, outside=outside))
            return change.shadow(index, entry, self.order(by))

        return self.edit(decide)

    def rollback(self, *, by: str, why: str = "") -> Index:
        """Put the model before in force again."""
        return self.edit(lambda index: change.rollback(index, self.order(by, why)))

    def order(self, by: str, why: str = "") -> Order:
        """A change of now."""
        return Order(by, self._clock(), why)

    def edit(self, decide: Callable[[Index], Index]) -> Index:
        """Replace the index by a function of it, whole or not at all."""
        with self._locked():
            before = self.index()
            after = decide(before)
            if after != before:
                self._write(INDEX, msgspec.json.format(msgspec.json.encode(after)))
                for gone in _digests(before) - _digests(after):
                    self.kept(gone).unlink(missing_ok=True)
            return after

    def _judged(self, index: Index, name: str, *, gate: bool) -> Index:
        try:
            index, entry = self._adopted(index, self.path / name)
        except ModelError as error:
            why = str(error).removeprefix(f"model {self.path / name} ").removeprefix("refused: ")
            order = self.order("file", why[:LONGEST])
            return change.refuse(index, Entry("", name, order.time), order, error.reason)
        decide = change.shadow if gate and entry.sha256 != index.active else change.promote
        return decide(index, entry, self.order("file"))

    def _adopted(self, index: Index, file: Path) -> tuple[Index, Entry]:
        """Verify a file and keep a copy of just what was verified."""
        data = model.contents(file)
        found = model.parse(data, str(file))
        if not self.kept(found.sha256).exists():
            self._write(f"{KEPT}/{found.sha256}.safetensors", data)
        if file.parent == self.path and (stamp := self._stamp(file.name)):
            index = replace(index, seen={**index.seen, file.name: stamp})
        known = index.model(found.sha256)
        told = found.metadata.get("metrics", "")
        entry = Entry(found.sha256, file.name, self._clock(), told if len(told) <= LONGEST else "")
        return index, known or entry

    def _found(self, index: Index, wanted: str, *, outside: bool) -> Path:
        """The file that is meant by a path, by a name in this directory, or by a digest."""
        here = self.path / Path(wanted).name
        for file in (Path(wanted), here) if outside else (here,) if here.name == wanted else ():
            if file.is_file():
                return here if here.exists() and file.samefile(here) else file
        if not _DIGEST.fullmatch(wanted):
            raise UsageMistake(
                f"no model is called {wanted}",
                hint="give a file, or the first digits of a digest: scrubjay models list",
            )
        meant = [one.sha256 for one in index.models if one.sha256.startswith(wanted)]
        if len(meant) != 1:
            some = f"{len(meant)} models have digests" if meant else "no model has a digest"
            raise UsageMistake(f"{some} beginning with {wanted}", hint="scrubjay models list")
        return self.kept(meant[0])

    def _stamp(self, name: str) -> str:
        """Empty for what is no file, or gone."""
        file = self.path / name
        try:
            told = file.stat()
        except OSError:
            return ""
        return f"{told.st_mtime_ns}:{told.st_size}:{told.st_ino}" if file.is_file() else ""

    def _write(self, name: str, data: bytes) -> None:
        file = self.path / name
        draft = file.with_name(f".{file.name}.draft")
        try:
            file.parent.mkdir(exist_ok=True)
            draft.write_bytes(data)
            draft.replace(file)
        except OSError as error:
            raise self._unusable(error) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            lock = (self.path / LOCK).open("wb")
        except OSError as error:
            raise self._unusable(error) from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _unusable(self, error: OSError) -> UsageMistake:
        return UsageMistake(
            f"model directory {self.path} cannot be used: {error.strerror}",
            hint="it must be a directory that scrubjay may write to",
        )


def _digests(index: Index) -> set[str]:
    return {one.sha256 for one in index.models if one.sha256}
