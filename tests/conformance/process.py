"""Child processes that say in a line of output on which port they listen."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

START_LIMIT = 30.0  # seconds until the line must have come


class SuiteError(Exception):
    """The tests could not be run; says what is missing."""


def bare_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without its proxies and settings of Scrubjay, plus `extra`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith("SCRUBJAY_")
    }
    return kept | dict(extra or {})


@contextmanager
def announced(
    command: Sequence[str], pattern: re.Pattern[str], extra: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Runs the command; gives the port that `pattern` finds in its output, ends it afterwards."""
    child = subprocess.Popen(
        command,
        env=bare_environment(extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert child.stdout is not None
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_forward, args=(child.stdout, lines), daemon=True)
    reader.start()
    try:
        yield _port(lines, pattern, command)
    finally:
        _end(child)
        reader.join()
        child.stdout.close()


def _forward(stream: IO[str], lines: queue.SimpleQueue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _port(
    lines: queue.SimpleQueue[str | None], pattern: re.Pattern[str], command: Sequence[str]
) -> int:
    said: list[str] = []
    while True:
        try:
            line = lines.get(timeout=START_LIMIT)
        except queue.Empty:
            line = None
        if line is None:
            raise SuiteError(f"{' '.join(command)} did not come up:\n{''.join(said)}")
        said.append(line)
        if match := pattern.search(line):
            return int(match[1])


def _end(child: subprocess.Popen[str]) -> None:
    child.terminate()
    try:
        child.wait(15)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
