"""Read request traces and replay them over HTTP through a live proxy."""

from scrubjay_replay.errors import ReplayError, TraceError
from scrubjay_replay.trace import BadLines, Trace, TraceReader

__all__ = ["BadLines", "ReplayError", "Trace", "TraceError", "TraceReader"]
