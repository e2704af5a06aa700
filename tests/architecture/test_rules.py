"""The checker finds what is planted; without this a blind checker would look like a clean house."""

import pytest

from architecture.rules import FILE_LINES, FUNCTION_LINES, check

HTTP = "proxy/scrubjay_proxy/http/reuse.py"
STORE = "proxy/scrubjay_proxy/store/memory.py"


def whys(path, source):
    return [offence.why for offence in check(path, source)]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (HTTP, "import time"),
        (HTTP, "from os import environ"),
        (HTTP, "import numpy as np"),
        (HTTP, "from scrubjay_proxy.settings import Settings"),
        (HTTP, "from ..settings import Settings"),
        (HTTP, "from .. import settings"),
        ("policies/scrubjay_policies/rng.py", "import random"),
        ("policies/scrubjay_policies/rng.py", "import aiohttp"),
        ("policies/scrubjay_policies/rng.py", "import safetensors"),
        ("policies/scrubjay_policies/rng.py", "import scrubjay_replay.trace"),
        ("trainer/scrubjay_trainer/reward.py", "import time"),
        ("trainer/scrubjay_trainer/reward.py", "import torch"),
        ("trainer/scrubjay_trainer/reward.py", "from scrubjay_replay.trace import Trace"),
        ("trainer/scrubjay_trainer/train.py", "import matplotlib"),
        ("trainer/scrubjay_trainer/train.py", "import safetensors"),
        ("trainer/scrubjay_trainer/train.py", "from scrubjay_proxy.settings import Settings"),
        (STORE, "import redis.asyncio"),
        (STORE, "from asyncpg import connect"),
        (STORE, "from scrubjay_replay import trace"),
        (STORE, "from scrubjay_proxy import app"),
        (STORE, "from ..app import run"),
        (STORE, "def late():\n    from scrubjay_proxy.app import run"),
        ("proxy/scrubjay_proxy/commands/serve.py", "from scrubjay_proxy.app import run"),
        ("proxy/scrubjay_proxy/cli.py", "import scrubjay_proxy.__main__"),
        ("replay/scrubjay_replay/report.py", "import aiohttp"),
        ("replay/scrubjay_replay/drive.py", "import scrubjay_proxy"),
        ("replay/scrubjay_replay/trace.py", "import torch"),
    ],
)
def test_a_forbidden_import_is_found_with_its_line(path, line):
    source = f'"""Doc."""\n{line}\n'
    offences = check(path, source)
    assert offences
    assert str(offences[0]).startswith(f"{path}:{1 + len(line.splitlines())}: ")
    assert line.splitlines()[-1].strip() in str(offences[0])


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (HTTP, "from .dates import parse"),
        (HTTP, "from dataclasses import dataclass"),
        ("proxy/scrubjay_proxy/http/__init__.py", "from .dates import parse"),
        ("policies/scrubjay_policies/model.py", "from safetensors.numpy import load"),
        ("proxy/scrubjay_proxy/store/redis.py", "import redis.asyncio"),
        ("proxy/scrubjay_proxy/decisions/postgres.py", "import asyncpg"),
        (STORE, "from scrubjay_policies.engine import Engine"),
        (
            "proxy/scrubjay_proxy/commands/serve.py",
            "def serve():\n    from scrubjay_proxy.app import run",
        ),
        ("replay/scrubjay_replay/drive.py", "import aiohttp, time"),
        ("trainer/scrubjay_trainer/dqn.py", "import torch, scrubjay_replay.trace"),
        ("trainer/scrubjay_trainer/charts.py", "import matplotlib"),
        ("trainer/scrubjay_trainer/reward.py", "import numpy"),
    ],
)
def test_what_the_table_allows_passes(path, line):
    assert not check(path, line + "\n")


def test_a_file_may_have_as_many_lines_as_agreed_and_no_more():
    assert not whys(STORE, "x = 1\n" * FILE_LINES)
    assert whys(STORE, "x = 1\n" * (FILE_LINES + 1)) == ["301 lines, at most 300"]


def test_a_function_may_have_as_many_lines_as_agreed_and_no_more():
    body = "    x = 1\n"
    assert not whys(STORE, "def f():\n" + body * (FUNCTION_LINES - 1))
    assert whys(STORE, "async def f():\n" + body * FUNCTION_LINES) == ["61 lines, at most 60"]
