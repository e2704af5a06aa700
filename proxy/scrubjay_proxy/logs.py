"""Structured logs on stderr: lines to read on a terminal, JSON everywhere else."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from scrubjay_proxy.sections import LogSection


def configure(log: LogSection, stream: TextIO | None = None, *, worker: int | None = None) -> None:
    """Send our events and those of the libraries through one pipeline; of several workers, each
    says which it is."""
    out = stream or sys.stderr
    level = logging.getLevelNamesMapping()[log.level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        *([] if worker is None else [named(worker)]),
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, *rendering(log, out)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # A line in one write: several workers share the stream.
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *rendering(log, out),
            ],
        )
    )
    # Libraries tell at "info" what is of no interest to an operator ("Shutting down").
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


def named(worker: int) -> Processor:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {**event, "worker": worker}

    return add


def rendering(log: LogSection, out: TextIO) -> list[Processor]:
    readable = log.format == "console" or (log.format == "auto" and out.isatty())
    if readable:
        # Tracebacks with the values of variables would show cookies, and take minutes to print.
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
