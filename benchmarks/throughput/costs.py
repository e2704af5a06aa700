"""What an eviction costs in time, and an object in memory."""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from servers import SIZES, Server

from scrubjay_policies import Engine, policy

_KIB = 1024
_WARM, _OBJECTS = 2_000, 10_000
_SMALL, _LARGE = 20_000, 80_000  # objects held while evictions are timed
_TIMED = 4_096  # evictions


def evictions() -> Iterator[str]:
    """Lines of a table: microseconds a decision and a victim, by policy and sample."""
    yield "| policy | candidates | victims | us a decision | us a victim |"
    yield "|---|--:|--:|--:|--:|"
    for name in ("lru", "gdsf", "drl"):
        for sample, batch, held in ((64, 1, _SMALL), (1024, 64, _LARGE)):
            micros = _victim_micros(name, sample, batch, held)
            yield f"| {name} | {sample} | {batch} | {micros * batch:.1f} | {micros:.2f} |"


def _victim_micros(name: str, sample: int, batch: int, held: int) -> float:
    """What an offer takes where somebody has to leave, less where nobody has to."""
    chosen = replace(policy(name, "object"), ahead=batch)
    engine = Engine(chosen, capacity=2**50, max_objects=held, k=sample, batch=batch)
    for id in range(held - _TIMED):
        _offer(engine, id)
    began = time.perf_counter()
    for id in range(held - _TIMED, held):
        _offer(engine, id)
    free = time.perf_counter() - began
    gone = 0
    began = time.perf_counter()
    for id in range(held, held + _TIMED):
        gone += _offer(engine, id)
    return (time.perf_counter() - began - free) / gone * 1e6


def _offer(engine: Engine, id: int) -> int:
    """A new object of 1 KiB; how many left for it."""
    engine.tick()
    offer = engine.offer(id, _KIB, expires=1e12, cost=0.01, now=0.0)
    return len(offer.evicted)


def object_bytes(proxy: Server, keeper: Server) -> float:
    """Bytes that an object of 1 KiB takes of the keeper's memory beyond its body."""
    _ask(proxy, "warm", _WARM)
    before = _memory(keeper)
    _ask(proxy, "kept", _OBJECTS)
    return (_memory(keeper) - before) / _OBJECTS - SIZES["1k"]


def _ask(proxy: Server, name: str, objects: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port)
    for number in range(objects):
        connection.request("GET", f"/key/{name}-{number}")
        connection.getresponse().read()
    connection.close()


def _memory(server: Server) -> int:
    """Bytes: what redis says it uses, or the resident memory of a process."""
    if server.name == "redis-server":
        with socket.create_connection(("127.0.0.1", server.port)) as one:
            one.sendall(b"INFO memory\r\n")
            told = one.recv(65536).decode()
        return int(re.findall(r"used_memory:(\d+)", told)[0])
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024
