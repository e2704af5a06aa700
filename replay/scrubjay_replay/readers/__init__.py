"""One small reader for each kind of trace; `open_trace` picks by content."""

from scrubjay_replay.readers.csv import CsvReader
from scrubjay_replay.readers.open import READERS, FileReader, open_trace

__all__ = ["READERS", "CsvReader", "FileReader", "open_trace"]
