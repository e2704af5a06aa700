"""One small reader for each kind of trace; `open_trace` picks by content."""

from scrubjay_replay.readers.accesslog import AccessLogReader
from scrubjay_replay.readers.csv import CsvReader
from scrubjay_replay.readers.open import open_trace

__all__ = ["AccessLogReader", "CsvReader", "open_trace"]
