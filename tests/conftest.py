"""What no test may leave behind for the next one, and how failures inside the proxy are shown."""

import logging

import pytest
import structlog


@pytest.fixture(autouse=True)
def own_logs():
    """Logs as a test configures them; until it does, tracebacks are plain: with the values of all
    variables one of them takes minutes."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    plain = structlog.dev.plain_traceback
    structlog.configure(processors=[structlog.dev.ConsoleRenderer(exception_formatter=plain)])
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
