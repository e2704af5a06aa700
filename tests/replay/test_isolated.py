from __future__ import annotations

import multiprocessing
import operator
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from scrubjay_replay import isolated
from scrubjay_replay.errors import UseError
from scrubjay_replay.isolated import Crashed, TimeLimit
from scrubjay_replay.units import duration

LONG = 60.0
SOON = 30.0
PARENT = """
from functools import partial
from scrubjay_replay import isolated
isolated.run("x", partial(exec, {code!r}), timeout=60)
"""


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return str(path)


def test_numbers_go_in_and_come_out():
    numbers = np.arange(100_000)
    doubled = isolated.run("double", partial(np.add, numbers, numbers), timeout=LONG)
    assert np.array_equal(doubled, 2 * numbers)


def test_it_is_another_process():
    assert isolated.run("who", os.getpid, timeout=LONG) != os.getpid()


def test_what_hangs_is_ended_at_the_limit():
    begun = time.monotonic()
    with pytest.raises(TimeLimit, match=r"^lcs:hang: no result within 0\.5 s$") as caught:
        isolated.run("lcs:hang", partial(time.sleep, 60), timeout=0.5)
    assert caught.value.hint
    assert time.monotonic() - begun < SOON


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (os.abort, "killed by SIGABRT"),
        (partial(signal.raise_signal, signal.SIGSEGV), "killed by SIGSEGV"),
        (partial(signal.raise_signal, signal.SIGKILL), "killed by SIGKILL, out of memory?"),
        (partial(os._exit, 3), "ended with exit status 3"),
        (partial(os._exit, 0), "ended without an answer"),
        (partial(operator.truediv, 1, 0), "ZeroDivisionError: division by zero"),
    ],
)
def test_a_crash_is_told_with_its_cause(call, why):
    with pytest.raises(Crashed) as caught:
        isolated.run("lcs:x", call, timeout=LONG)
    assert str(caught.value) == f"lcs:x: {why}"
    assert caught.value.hint


def test_a_crash_is_told_with_the_last_words():
    words = "import os; os.write(2, b'\\x1b[31m[ERROR] size  0\\n\\x1b[0m'); os.abort()"
    with pytest.raises(Crashed, match=r"killed by SIGABRT: \[ERROR\] size 0$"):
        isolated.run("lcs:x", partial(exec, words), timeout=LONG)


def test_what_says_the_same_over_and_over_fills_no_disk():
    words = "import os\nwhile True: os.write(2, b'all is well' * 1000000)"
    with pytest.raises(Crashed, match=r"OSError: .*File too large"):
        isolated.run("lcs:x", partial(exec, words), timeout=LONG)


def test_an_error_of_ours_comes_through_as_it_is():
    with pytest.raises(UseError, match=r"^--ttl is 'soon'") as caught:
        isolated.run("lcs:x", partial(duration, "soon", "--ttl"), timeout=LONG)
    assert caught.value.hint.startswith("Write it like")


def test_daemonic_workers_may_use_it():
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(1) as pool:
        call = partial(isolated.run, "add", partial(operator.add, 2, 3), timeout=LONG)
        assert pool.apply(call) == 5


def test_ctrl_c_ends_it_and_what_it_started(pipe):
    child = f"import subprocess; subprocess.run([{sys.executable!r}, '-c', {holds(pipe)!r}])"
    with parent_of(child) as parent:
        assert life(pipe, lambda: parent.send_signal(signal.SIGINT)) < SOON
    assert parent.returncode == -signal.SIGINT


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a child ends at its own limit")
def test_it_ends_with_its_parent(pipe):
    with parent_of(holds(pipe)) as parent:
        assert life(pipe, parent.kill) < SOON


def holds(pipe):
    """What keeps a named pipe open for as long as it lives: the other end sees start and end."""
    return f"import time; held = open({pipe!r}, 'wb'); time.sleep(60)"


def parent_of(code):
    """A process that runs code in a process of its own."""
    script = PARENT.format(code=code)
    return subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)


def life(pipe, act):
    """Wait for who opens the pipe, act, and give the seconds until nobody has it open."""
    with Path(pipe).open("rb") as end:
        begun = time.monotonic()
        act()
        end.read()
        return time.monotonic() - begun
