"""The public HTTP cache test suite: where it is, its origin server, a run of its tests."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.judge import Case, undecided
from conformance.process import SuiteError, announced, bare_environment

HERE = Path(__file__).parent
RUN_LIMIT = 600.0  # seconds for one run of all tests
JOBS = 25  # tests at a time, as many as the git edition takes by itself


@dataclass(frozen=True, slots=True)
class Suite:
    edition: str  # "npm" or "git"
    root: Path


def install(cache: Path) -> Path:
    """The folder with the packages of package-lock.json, installed when the lock has changed."""
    if shutil.which("npm") is None:
        raise SuiteError("npm is needed for the HTTP cache tests: apt-get install nodejs npm")
    lock = (HERE / "package-lock.json").read_bytes()
    folder = cache / hashlib.sha256(lock).hexdigest()[:12]
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SuiteError(f"npm could not install the HTTP cache tests:\n{done.stderr}")
        (folder / "installed").touch()
    return folder


def npm_edition(cache: Path) -> Suite:
    return Suite("npm", install(cache) / "node_modules" / "http-cache-tests")


def git_edition(cache: Path, checkout: Path) -> Suite:
    """A copy of the checkout, placed where its imports find their packages."""
    if not (checkout / "test-engine").is_dir():
        raise SuiteError(f"{checkout} is no checkout of http-tests/cache-tests")
    root = install(cache) / "git-edition"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    shutil.copy(checkout / "package.json", root)
    for name in ("tests", "test-engine"):
        shutil.copytree(checkout / name, root / name)
    return Suite("git", root)


@contextmanager
def origin(suite: Suite) -> Iterator[int]:
    """The suite's origin server; gives its port."""
    command = ["node", "--no-warnings", str(HERE / "origin.mjs"), str(suite.root)]
    with announced(command, re.compile(r"Listening on http://127\.0\.0\.1:(\d+)/")) as port:
        yield port


def cases(suite: Suite) -> list[Case]:
    """The tests that apply to a proxy."""
    return [Case(**{**row, "needs": tuple(row["needs"])}) for row in _drive(suite)]


def run(suite: Suite, base: str, only: Sequence[str] | None = None) -> dict[str, Any]:
    """One run against `base`; what could not reach its question is asked once more, alone."""
    results: dict[str, Any] = _drive(suite, base=base, only=only, jobs=JOBS)
    again = undecided(results)
    if again:
        results |= _drive(suite, base=base, only=again, jobs=4)
    return results


def _drive(suite: Suite, **job: Any) -> Any:
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        out = Path(folder) / "out.json"
        order = {"root": str(suite.root), "out": str(out)} | job
        given = {name: value for name, value in order.items() if value is not None}
        command = ["node", "--no-warnings", str(HERE / "driver.mjs"), json.dumps(given)]
        done = subprocess.run(
            command,
            env=bare_environment(),
            capture_output=True,
            text=True,
            timeout=RUN_LIMIT,
            check=False,
        )
        if done.returncode:
            raise SuiteError(f"the driver of the HTTP cache tests failed:\n{done.stderr}")
        return json.loads(out.read_text())


def expected_reasons(edition: str) -> dict[str, str]:
    """Required tests that are expected not to pass, and why."""
    found: dict[str, str] = json.loads((HERE / "reasons.json").read_text())[edition]
    return found
