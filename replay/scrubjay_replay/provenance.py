"""What a figure needs beside it to be made again."""

from __future__ import annotations

import hashlib
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from functools import lru_cache
from importlib import metadata
from pathlib import Path


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def version() -> str:
    """Our own version, where we are installed."""
    try:
        return metadata.version("scrubjay")
    except metadata.PackageNotFoundError:
        return "not installed"


def provenance(trace: Path, *, seed: int, run: str, pace: str) -> dict[str, object]:
    """Trace, command, seed and versions of one replay."""
    return {
        "trace": trace.name,
        "trace_sha256": digest(trace),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "seed": seed,
        "run": run,
        "pace": pace,
        "scrubjay": version(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


@lru_cache(maxsize=1)
def commit() -> str:
    """The git commit of our source, with a + where that was changed since; "" for none."""
    # Installed below somebody else's checkout, that one's commit would say nothing about us.
    ours = _git("ls-files", Path(__file__).name)
    told = ours and _git("rev-parse", "--short", "HEAD")
    changed = told and _git("status", "--porcelain", "--untracked-files=no")
    return f"{told}+" if changed else told


def _git(*words: str) -> str:
    git = ["git", "-C", str(Path(__file__).parent), *words]
    try:
        done = subprocess.run(git, capture_output=True, check=True, text=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
