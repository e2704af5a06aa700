"""Who may import whom, what must stay pure, how long things may be: tables and their checker.

Everything here works on the source text alone; nothing that is checked is imported.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

FILE_LINES = 300
FUNCTION_LINES = 60

# Longer than that, each with its reason.
LONG: dict[str, str] = {}

SERVING = frozenset(
    {
        "aiohttp",
        "click",
        "fastapi",
        "httptools",
        "msgspec",
        "multidict",
        "numpy",
        "prometheus_client",
        "pydantic",
        "pydantic_core",
        "pydantic_settings",
        "rich",
        "safetensors",
        "starlette",
        "structlog",
        "typer",
        "uvicorn",
        "uvloop",
        "watchfiles",
        "xxhash",
        "yarl",
    }
)
READING = frozenset({"msgspec", "numba", "numpy", "rich", "typer", "xxhash", "zstandard"})


@dataclass(frozen=True, slots=True)
class Rule:
    """What the files that match `where` may import besides the standard library."""

    where: str
    own: tuple[str, ...]
    others: frozenset[str]


POLICIES = ("scrubjay_policies",)
PROXY = ("scrubjay_proxy", *POLICIES)
REPLAY = ("scrubjay_replay", *POLICIES)
TRAINER = ("scrubjay_trainer", *REPLAY)

# The first that matches counts.
RULES = (
    Rule("policies/scrubjay_policies/model.py", POLICIES, frozenset({"numpy", "safetensors"})),
    Rule("policies/*", POLICIES, frozenset({"numpy"})),
    Rule("proxy/scrubjay_proxy/http/*", ("scrubjay_proxy.http",), frozenset()),
    Rule("proxy/scrubjay_proxy/store/redis*", PROXY, SERVING | {"hiredis", "redis"}),
    Rule("proxy/scrubjay_proxy/decisions/postgres.py", PROXY, SERVING | {"asyncpg"}),
    Rule("proxy/*", PROXY, SERVING),
    Rule("replay/scrubjay_replay/drive*", REPLAY, READING | {"aiohttp"}),
    Rule("replay/scrubjay_replay/origin*", REPLAY, READING | {"aiohttp"}),
    Rule("replay/scrubjay_replay/baselines.py", REPLAY, READING | {"libcachesim"}),
    Rule("replay/scrubjay_replay/charts*", REPLAY, READING | {"matplotlib"}),
    Rule("replay/scrubjay_replay/results.py", REPLAY, READING | {"pyarrow"}),
    Rule("replay/scrubjay_replay/sweep_ray.py", REPLAY, READING | {"ray"}),
    Rule("replay/*", REPLAY, READING),
    Rule("trainer/scrubjay_trainer/charts.py", TRAINER, READING | {"matplotlib"}),
    Rule("trainer/scrubjay_trainer/reward.py", (), frozenset({"numpy"})),
    Rule("trainer/*", TRAINER, READING | {"torch"}),
)

# No clock, no chance, no I/O: what these need of the world is an argument.
PURE = ("proxy/scrubjay_proxy/http/*", "policies/*", "trainer/scrubjay_trainer/reward.py")
IMPURE = frozenset({"asyncio", "logging", "os", "random", "time"})

# The composition root is only for the command line, and only when the command is run.
ROOT_MODULE = "scrubjay_proxy.app"
MAY_IMPORT_ROOT = ("proxy/scrubjay_proxy/cli.py", "proxy/scrubjay_proxy/commands/*")


@dataclass(frozen=True, slots=True)
class Offence:
    path: str
    line: int
    text: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text.strip()}  <- {self.why}"


@dataclass(frozen=True, slots=True)
class Import:
    module: str
    line: int
    lazy: bool  # inside a function


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)


def belongs(module: str, packages: tuple[str, ...]) -> bool:
    """Whether the module is one of these packages or lies in one of them."""
    return any(module == package or module.startswith(package + ".") for package in packages)


def imports(tree: ast.AST, package: str, *, lazy: bool = False) -> Iterator[Import]:
    """Every module that is imported; `from a import b` counts as `a.b`, relative ones resolved."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (Import(name.name, node.lineno, lazy) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            yield from (Import(f"{base}.{name.name}", node.lineno, lazy) for name in node.names)
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from imports(node, package, lazy=lazy or inside)


def check(path: str, source: str) -> list[Offence]:
    """All that is wrong with one file of the import packages; `path` is relative to the top."""
    tree = ast.parse(source)
    lines = source.splitlines()
    package = ".".join(Path(path).parts[1:-1])
    rule = next(rule for rule in RULES if fnmatch(path, rule.where))
    found: list[Offence] = []
    for imported in imports(tree, package):
        text = lines[imported.line - 1]
        found += [Offence(path, imported.line, text, why) for why in faults(path, imported, rule)]
    return found + sizes(path, source)


def faults(path: str, imported: Import, rule: Rule) -> Iterator[str]:
    """What is wrong with one import."""
    top = imported.module.partition(".")[0]
    if top in IMPURE and matches(path, PURE):
        yield f"{top} is not for pure code: make what it gives an argument"
    if top.startswith("scrubjay"):
        if not belongs(imported.module, rule.own):
            yield f"{rule.where} may import of our own only {', '.join(rule.own)}"
    elif top not in sys.stdlib_module_names and top not in rule.others:
        allowed = ", ".join(sorted(rule.others)) or "the standard library"
        yield f"{rule.where} may import only {allowed}"
    if belongs(imported.module, (ROOT_MODULE,)) and not (
        imported.lazy and matches(path, MAY_IMPORT_ROOT)
    ):
        yield f"{ROOT_MODULE} is imported by commands only, inside the function"
    if top.startswith("scrubjay") and "__main__" in imported.module.split("."):
        yield "nobody imports a __main__"


def sizes(path: str, source: str) -> list[Offence]:
    """Files and functions that are too long to be read at once."""
    lines = source.splitlines()
    found = []
    if len(lines) > FILE_LINES and path not in LONG:
        found.append(Offence(path, 1, lines[0], f"{len(lines)} lines, at most {FILE_LINES}"))
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > FUNCTION_LINES and f"{path}:{node.name}" not in LONG:
            why = f"{length} lines, at most {FUNCTION_LINES}"
            found.append(Offence(path, node.lineno, lines[node.lineno - 1], why))
    return found
