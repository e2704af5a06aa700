"""Byte ranges: asking, answering, and putting parts together (RFC 9110, 14; RFC 9111, 3.3-3.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scrubjay_proxy.http.messages import Headers, Stored

Span = tuple[int, int]  # first byte and the byte beyond the last

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE | re.ASCII)
_ONE_RANGE = re.compile(r"[ \t]*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))[ \t]*", re.ASCII)
_MANY = 16


@dataclass(frozen=True, slots=True)
class ContentRange:
    """The span a 206 carries and the complete length, None where unknown."""

    span: Span
    length: int | None


def content_range(headers: Headers) -> ContentRange | None:
    """Content-Range of a single-part 206, or None where it is missing or makes no sense."""
    found = _CONTENT_RANGE.fullmatch(headers.get("content-range") or "")
    if not found:
        return None
    first, last = int(found[1]), int(found[2])
    length = None if found[3] == "*" else int(found[3])
    if last < first or (length is not None and last >= length):
        return None
    return ContentRange((first, last + 1), length)


def asked_spans(headers: Headers, length: int) -> list[Span] | None:
    """The spans a Range field asks of `length` bytes; [] where none can be satisfied, None
    where the field is absent or to be ignored (RFC 9110, 14.2)."""
    text = headers.get("range")
    if text is None:
        return None
    unit, _, specs = text.partition("=")
    if unit.strip().lower() != "bytes":
        return None
    parts = specs.split(",")
    if len(parts) > _MANY:  # many small or overlapping ranges are an attack (14.2)
        return None
    spans = []
    for part in parts:
        found = _ONE_RANGE.fullmatch(part)
        if found is None or (found[2] and int(found[2]) < int(found[1])):
            return None
        if span := _satisfiable(found, length):
            spans.append(span)
    return spans


def _satisfiable(found: re.Match[str], length: int) -> Span | None:
    if found[3] is not None:
        suffix = min(int(found[3]), length)
        return (length - suffix, length) if suffix else None
    first = int(found[1])
    beyond = min(int(found[2]) + 1, length) if found[2] else length
    return (first, beyond) if first < length else None


def holds(parts: tuple[Span, ...], span: Span) -> bool:
    """Whether one of `parts` contains all of `span`."""
    return any(first <= span[0] and span[1] <= beyond for first, beyond in parts)


def missing(stored: Stored) -> Span | None:
    """The one span that completes a partial response, or None where it takes several."""
    edges = [0, *(edge for part in stored.parts for edge in part), stored.length]
    gaps = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]
    return gaps[0] if len(gaps) == 1 else None


def range_field(span: Span, length: int) -> str:
    """The Range value that asks for `span`."""
    return f"bytes={span[0]}-" if span[1] == length else f"bytes={span[0]}-{span[1] - 1}"


def merge(parts: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Join overlapping and adjacent pieces, given as (first byte, bytes); a later piece
    of the list wins nothing: all must be of one representation (RFC 9111, 3.4)."""
    joined: list[tuple[int, bytes]] = []
    for first, data in sorted(parts, key=lambda part: part[0]):
        if joined and first <= (end := joined[-1][0] + len(joined[-1][1])):
            start, before = joined[-1]
            joined[-1] = (start, before + data[end - first :])
        else:
            joined.append((first, data))
    return joined
