"""Rounds of wrk over several servers in turn, and the CPU each of them took."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from servers import Server, program

_TICKS = os.sysconf("SC_CLK_TCK")
_UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6}

# What a browser sends beside Host.
BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*",
    "Accept-Language": "en-GB,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br",
    "Referer": "https://www.example.com/a/page/of/the/site.html",
    "DNT": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Sec-GPC": "1",
    "Upgrade-Insecure-Requests": "1",
}

_LUA = """
local number = 0
function request()
  number = number + 1
  return "GET {path} HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n"
end
"""
KEYS = 10_000
# Log-uniform: the first ten keys are asked for as often as the next ninety.
_SKEWED = f'" .. string.format("/key/%d", math.floor({KEYS} ^ math.random())) .. "'
_UNIQUE = '/new/{run}-" .. number .. "'


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk asks for; `lua` makes a path for each request."""

    path: str
    headers: bool = False
    connections: int = 32
    lua: str = ""


SKEWED, UNIQUE = Load("/key/1", lua=_SKEWED), Load("/new/0", lua=_UNIQUE)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one server in one round: CPU and latencies in microseconds, requests a second."""

    cpu: float
    rate: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of one server over all rounds, and of its ratios to the first one's."""

    case: str
    server: str
    figures: Figures
    cpu_ratio: float
    rate_ratio: float

    def flat(self) -> dict[str, object]:
        """As JSON has it."""
        return asdict(self)


class BadRound(Exception):
    """Not every answer was a good one: the figures would mean nothing."""


def family(pid: int) -> set[int]:
    """A process and all that descend from it."""
    children = defaultdict(list)
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children[int(fields[1])].append(int(entry.name))
    found, left = set[int](), [pid]
    while left:
        one = left.pop()
        found.add(one)
        left += children[one]
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name; none where it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its descendants so far."""
    found = [fields for one in family(pid) if (fields := _stat(one))]
    return sum(int(fields[11]) + int(fields[12]) for fields in found) / _TICKS


class Driver:
    """Runs wrk for so many seconds a round; scripts go to `folder`."""

    def __init__(self, folder: Path, seconds: int) -> None:
        self._folder, self._seconds = folder, seconds
        self._runs = count()

    def rounds(self, case: str, load: Load, servers: Sequence[Server], rounds: int) -> list[Row]:
        """Servers take turns, so that what disturbs a round disturbs them all."""
        found: dict[str, list[Figures]] = {server.name: [] for server in servers}
        for server in servers:
            self.one(server, load, seconds=1)  # what is to be stored is, and connections are open
        for _ in range(rounds):
            for server in servers:
                found[server.name].append(self.one(server, load))
        first = found[servers[0].name]
        return [_row(case, name, figures, first) for name, figures in found.items()]

    def one(self, server: Server, load: Load, seconds: int | None = None) -> Figures:
        """A round of one server. Raises BadRound."""
        before = cpu_seconds(server.pid)
        words = [program("wrk") or "wrk", "--latency", "-t1", f"-c{load.connections}"]
        words += [f"-d{seconds or self._seconds}s", *self._asked(load)]
        words.append(f"http://127.0.0.1:{server.port}{load.path}")
        told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        cpu = cpu_seconds(server.pid) - before
        if bad := re.search(r"(Non-2xx|Socket errors).*", told):
            raise BadRound(f"{server.name}, {load.path}: {bad[0]}")
        requests = int(_found(r"(\d+) requests in", told))
        rate = float(_found(r"Requests/sec:\s+(\S+)", told))
        p50, p99 = (_micros(_found(rf"\n\s+{at}%\s+(\S+)", told)) for at in (50, 99))
        return Figures(cpu / max(requests, 1) * 1e6, rate, p50, p99)

    def _asked(self, load: Load) -> Iterable[str]:
        if load.headers:
            for name, value in BROWSER.items():
                yield from ("-H", f"{name}: {value}")
        if load.lua:
            script = self._folder / "requests.lua"
            path = load.lua.replace("{run}", str(next(self._runs)))
            script.write_text(_LUA.replace("{path}", path))
            yield from ("-s", str(script))


def _row(case: str, name: str, figures: list[Figures], first: list[Figures]) -> Row:
    medians = (statistics.median(getattr(one, at) for one in figures) for at in Figures.__slots__)
    pairs = list(zip(figures, first, strict=True))
    return Row(
        case,
        name,
        Figures(*medians),
        statistics.median(one.cpu / base.cpu for one, base in pairs if base.cpu),
        statistics.median(one.rate / base.rate for one, base in pairs),
    )


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise BadRound(f"wrk said: {text}")
    return match[1]


def _micros(text: str) -> float:
    unit = text.lstrip("0123456789.")
    return float(text.removesuffix(unit)) * _UNITS[unit]
