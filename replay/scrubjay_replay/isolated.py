"""A call in a process of its own, with a time limit: what hangs or crashes takes nobody along.

Question and answer travel through files that have no name, so that none is left behind, whoever is
killed. The child is a plain subprocess and not one of `multiprocessing`, so that the daemonic
workers of a sweep may start one as well.
"""

from __future__ import annotations

import ctypes
import math
import os
import pickle
import re
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import IO, Any, TypeVar

from scrubjay_replay.errors import ReplayError

Result = TypeVar("Result")

GRACE = 5  # seconds after the limit at which a child whose parent is gone ends by itself
SAID_LINES = 3
SAID_BYTES = 2000
MOST_WRITTEN = 1 << 28  # bytes of an answer, and of what a library says over and over in a loop
PR_SET_PDEATHSIG = 1  # of Linux's prctl
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class TimeLimit(ReplayError):
    """No answer within the time given."""


class Crashed(ReplayError):
    """The call ended with an exception, its process with a signal or without an answer."""


def run(what: str, call: Callable[[], Result], *, timeout: float) -> Result:
    """What `call`, a top-level function or a partial of one, gives in a new process.

    The limit, in seconds, includes the start. Messages name `what`. A ReplayError of the call is
    raised as it is.
    """
    with (
        tempfile.TemporaryFile() as question,
        tempfile.TemporaryFile() as answer,
        tempfile.TemporaryFile() as said,
    ):
        pickle.dump(call, question, protocol=5)
        question.seek(0)
        code = _wait(_start(question, answer, said, timeout), timeout)
        if code in {None, -signal.SIGALRM}:
            raise TimeLimit(
                f"{what}: no result within {timeout:g} s",
                hint="Allow it more time, or leave it out.",
            )
        if code != 0:
            raise _crashed(what, _cause(code), said)
        good, value = _read(answer)
    if good:
        result: Result = value
        return result
    raise value if isinstance(value, ReplayError) else _crashed(what, value)


def _start(
    question: IO[bytes], answer: IO[bytes], said: IO[bytes], timeout: float
) -> subprocess.Popen[bytes]:
    handle, parent, end = answer.fileno(), os.getpid(), math.ceil(timeout) + GRACE
    command = [sys.executable, "-P", "-m", __spec__.name, str(handle), str(parent), str(end)]
    return subprocess.Popen(  # noqa: S603  nothing of it comes from outside
        command,
        stdin=question,
        stdout=said,
        stderr=said,
        pass_fds=[handle],
        process_group=0,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def _wait(child: subprocess.Popen[bytes], timeout: float) -> int | None:
    """The exit status, None at the limit; whatever ends the wait, the child's group has ended."""
    try:
        return child.wait(timeout)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if child.returncode is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _read(answer: IO[bytes]) -> tuple[bool, Any]:
    """Whether it went well, and the value or what went wrong."""
    answer.seek(0)
    try:
        good, value = pickle.load(answer)  # noqa: S301  our own child wrote it
    except EOFError:
        return False, "ended without an answer"
    return good, value


def _cause(code: int) -> str:
    if code > 0:
        return f"ended with exit status {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"killed by {name}" + (", out of memory?" if code == -signal.SIGKILL else "")


def _crashed(what: str, cause: str, said: IO[bytes] | None = None) -> Crashed:
    words = _last_words(said) if said else ""
    return Crashed(
        f"{what}: {cause}" + (f": {words}" if words else ""),
        hint="Leave it out, or try another capacity.",
    )


def _last_words(said: IO[bytes]) -> str:
    """The last lines a process wrote, in one line."""
    said.seek(max(0, said.seek(0, os.SEEK_END) - SAID_BYTES))
    text = COLOURS.sub("", said.read().decode(errors="replace"))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return "; ".join([line for line in lines if line][-SAID_LINES:])


def _answer(handle: int, parent: int, seconds: int) -> None:
    """The child's whole life: the question from standard input, the answer into `handle`."""
    _end_in_time(parent, seconds)
    call = pickle.load(sys.stdin.buffer)  # noqa: S301  our own parent wrote it
    try:
        outcome: tuple[bool, Any] = (True, call())
    except ReplayError as error:
        outcome = (False, error)
    except Exception as error:  # noqa: BLE001  whatever it is, the parent tells it
        outcome = (False, f"{type(error).__name__}: {error}")
    with os.fdopen(handle, "wb") as file:
        pickle.dump(outcome, file, protocol=5)
    os._exit(0)  # a library that crashes while tidying up takes no answer back


def _end_in_time(parent: int, seconds: int) -> None:
    """End with the parent, or else soon after the limit, even inside a library that hangs."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    soft = MOST_WRITTEN if most == resource.RLIM_INFINITY else min(most, MOST_WRITTEN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, most))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)
    if sys.platform == "linux":
        # It comes when the thread that started us ends; that thread waits for us.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    _answer(*map(int, sys.argv[1:]))
