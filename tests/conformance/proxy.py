"""A Scrubjay in a process of its own, in front of the suite's origin."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.process import announced

TESTS = Path(__file__).parents[1]

# The current edition is run as Scrubjay comes. The npm edition knows Surrogate-Control instead
# of RFC 9213, and asks in required tests for answers that set a cookie to be stored, which
# Scrubjay does only when told to.
SETTINGS = {
    "npm": {
        "SCRUBJAY_HTTP__COOKIES": "rfc",
        "SCRUBJAY_HTTP__TARGETED": '["cdn-cache-control","surrogate-control"]',
    },
    "git": {},
}


@contextmanager
def scrubjay(origin_port: int, edition: str) -> Iterator[str]:
    """Starts the proxy; gives its base URL."""
    command = [sys.executable, "-m", "conformance.serve", f"http://127.0.0.1:{origin_port}"]
    environment = SETTINGS[edition] | {"PYTHONPATH": str(TESTS)}
    with announced(command, re.compile(r"listening on port (\d+)"), environment) as port:
        yield f"http://127.0.0.1:{port}"
