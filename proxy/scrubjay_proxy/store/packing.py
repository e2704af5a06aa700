"""A stored response and its row as bytes, for a store that other processes share.

    version 1 | checksum 4 | length 4 | manifest | body, unless its blocks are kept apart

The checksum is that of the manifest, and the manifest has the body's, so what is garbled or cut off
is told from what is whole. The manifest is a msgpack array; what has its usual value at the end of
it is left out.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import fields, make_dataclass
from typing import Any, NamedTuple, cast

import msgspec
import numpy as np
import xxhash

from scrubjay_policies import rows as at
from scrubjay_policies.rows import Row
from scrubjay_proxy.http.messages import Exchange, Head, Stored
from scrubjay_proxy.store.fields import VERSION, Fields, pack_fields, unpack_fields

Block = tuple[int, int]  # length and checksum

_START = struct.Struct(">BII")
_LENGTH, _LENGTH_AT = struct.Struct(">I"), 5
_INVALID, _OUTDATED = 1, 2
_NO_SUM = -1  # the body is not here
_ROW = np.dtype("<f8")


class Packed(NamedTuple):
    """What `unpack` found; the body is None where it lies in blocks."""

    stored: Stored
    body: bytes | None
    blocks: tuple[Block, ...]


class Opened(NamedTuple):
    """What stands before the body; the checksum is that of the body."""

    stored: Stored
    body_sum: int
    blocks: tuple[Block, ...]


class _Manifest(msgspec.Struct, array_like=True, frozen=True, gc=False):
    key: str
    id: int
    generation: int
    status: int
    reason: str
    fields: Fields
    requested: float
    received: float
    expires: float
    body_sum: int
    length: int
    tag: int = 0
    parts: tuple[tuple[int, int], ...] | None = None  # None: all of it
    selecting: tuple[tuple[str, str], ...] = ()
    flags: int = 0
    jitter: float = 1.0
    held: float | None = None
    blocks: tuple[tuple[int, int], ...] = ()


class Name(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Where a manifest begins; the rest is passed over."""

    key: str
    id: int
    generation: int


_REQUIRED = 11
_USUAL = _Manifest.__struct_defaults__


def _thawed(kind: type) -> Any:
    """The same dataclass, not frozen: made as this one and renamed, a value takes a quarter of the
    time, which is most of what it takes to unpack a response."""
    return make_dataclass(kind.__name__, [field.name for field in fields(kind)], slots=True)


_Stored, _Head, _Exchange = _thawed(Stored), _thawed(Head), _thawed(Exchange)
# What a stranger's program may do to ours that writes the same version, with checksums.
_STRANGE = (msgspec.MsgspecError, LookupError, OverflowError, ValueError)
# A plug-in or a clock may give numbers of numpy.
_encode = msgspec.msgpack.Encoder(enc_hook=float).encode
_decode = msgspec.msgpack.Decoder(_Manifest).decode
_decode_name = msgspec.msgpack.Decoder(Name).decode
_checksum = xxhash.xxh3_64_intdigest


def pack(stored: Stored, body: bytes, blocks: Sequence[Block] = ()) -> bytes:
    """A response with its body, all parts of it in order; with `blocks` the body is elsewhere."""
    if blocks:
        return _packed(stored, _NO_SUM, blocks)
    return _packed(stored, _checksum(body)) + body


def pack_head(stored: Stored) -> bytes:
    """A response alone, for `unpack_head`."""
    return _packed(stored, _NO_SUM)


def _packed(stored: Stored, body_sum: int, blocks: Sequence[Block] = ()) -> bytes:
    whole = ((0, stored.length),)
    values = [
        stored.key,
        stored.id,
        stored.generation,
        stored.head.status,
        stored.head.reason,
        pack_fields(stored.head.headers),
        stored.times.requested,
        stored.times.received,
        stored.expires,
        body_sum,
        stored.length,
        stored.tag,
        None if stored.parts == whole else stored.parts,
        stored.selecting,
        stored.invalid * _INVALID + stored.outdated * _OUTDATED,
        stored.jitter,
        stored.held,
        tuple(blocks),
    ]
    while len(values) > _REQUIRED and values[-1] == _USUAL[len(values) - _REQUIRED - 1]:
        values.pop()
    manifest = _encode(values)
    return _START.pack(VERSION, _checksum(manifest) & 0xFFFFFFFF, len(manifest)) + manifest


def unpack(data: bytes) -> Packed | None:
    """What `pack` made; None where it is garbled, cut off, or of another version."""
    end = head_end(data)
    opened = open_head(data[:end])
    return None if opened is None else with_body(opened, data, end)


def unpack_head(data: bytes) -> Stored | None:
    """The response alone, from the beginning of what `pack` made; None where that is too short
    a beginning, or garbled."""
    opened = open_head(data[: head_end(data)])
    return None if opened is None else opened.stored


def unpack_name(data: bytes) -> Name:
    """The key and the generation alone, of what this process packed itself: nothing is checked."""
    return _decode_name(memoryview(data)[_START.size :])


def head_end(data: bytes) -> int:
    """Where the body would begin."""
    return _START.size + _LENGTH.unpack_from(data, _LENGTH_AT)[0] if len(data) >= _START.size else 0


def open_head(head: bytes) -> Opened | None:
    """What stands before the body, None where it is garbled or cut off."""
    if len(head) < _START.size:
        return None
    version, expected, length = _START.unpack_from(head)
    text = head[_START.size :]
    if version != VERSION or len(text) != length or _checksum(text) & 0xFFFFFFFF != expected:
        return None
    try:
        manifest = _decode(text)
        return Opened(_stored(manifest), manifest.body_sum, manifest.blocks)
    except _STRANGE:
        return None


def with_body(opened: Opened, data: bytes, end: int) -> Packed | None:
    """The same with the body, which begins at `end`; None where that is not what was packed."""
    stored, body_sum, blocks = opened
    if body_sum == _NO_SUM:
        return Packed(stored, None, blocks) if end == len(data) else None
    body = data[end:]
    return Packed(stored, body, ()) if _checksum(body) == body_sum else None


def _stored(m: _Manifest) -> Stored:
    head: Any = _Head(m.status, m.reason, unpack_fields(m.fields))
    head.__class__ = Head
    times: Any = _Exchange(m.requested, m.received)
    times.__class__ = Exchange
    length = m.length
    stored: Any = _Stored(
        m.id,
        m.key,
        head,
        times,
        m.selecting,
        length,
        ((0, length),) if m.parts is None else m.parts,
        m.flags & _INVALID != 0,
        m.flags & _OUTDATED != 0,
        m.jitter,
        m.expires,
        m.generation,
        m.held,
        m.tag,
    )
    stored.__class__ = Stored
    return cast(Stored, stored)


def pack_row(row: Row) -> bytes:
    """A row of `scrubjay_policies.rows` in 64 bytes, to the last bit: what proxies add up in
    turns has to come out as if one had added it."""
    return row.astype(_ROW, copy=False).tobytes()


def unpack_rows(packed: Sequence[bytes]) -> Row:
    """Rows that `pack_row` made, one below the other."""
    return np.frombuffer(bytearray(b"".join(packed)), _ROW).reshape(-1, at.WIDTH)


def expires_in(expires: float) -> tuple[int, bytes]:
    """Where in a packed row the end of the lifetime stands, and its bytes."""
    return _ROW.itemsize * at.EXPIRES, struct.pack("<d", expires)
