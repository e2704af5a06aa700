"""Responses and bodies of one process, in the fewest bytes: what is known of each stays packed.

Two dictionaries of bytes are all there is for most of them, heads by id and bodies by generation:
the collector has nothing to look through, and a hit finds its body at once. A key is hashed to the
id that it has without Vary, and is compared with what comes of unpacking: two keys of one hash are
told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.store.base import object_id
from scrubjay_proxy.store.packing import pack_head, unpack_head, unpack_name
from scrubjay_proxy.store.unpacked import Unpacked, Variants

_STRONG = 8_192  # keys that stay unpacked; those that are hit are in the hit path's hands anyway


class Shelf:
    """Responses by key and by id, each with the bytes held of its body, all parts in order."""

    def __init__(self) -> None:
        self._heads: dict[int, bytes] = {}
        self._bodies: dict[int, bytes] = {}  # by generation, which no two have in common
        # By the id of a key without Vary, the oldest first; not there where that is the only one.
        self._variants: dict[int, tuple[int, ...]] = {}
        self._unpacked: Unpacked[str, None] = Unpacked(_STRONG)

    def __len__(self) -> int:
        return len(self._heads)

    def keys(self) -> Iterator[str]:
        """Every key something is stored under."""
        return iter({unpack_name(head).key: None for head in self._heads.values()})

    def find(self, key: str) -> Sequence[Stored]:
        """The variants, the oldest first; the same sequence while nothing changes under the key
        and somebody keeps it."""
        return self._unpacked.get(key) or self._unpack(key)

    def body(self, stored: Stored) -> bytes | None:
        """What is held of the body of this very generation."""
        return self._bodies.get(stored.generation)

    def at(self, id: int) -> Stored | None:
        """What is stored under an id."""
        head = self._heads.get(id)
        return None if head is None else unpack_head(head)

    def select(
        self, names: Callable[[str], bool] | None, labels: Callable[[Stored], bool] | None
    ) -> Iterator[int]:
        """Ids of those whose key or whose head is one that is looked for."""
        for id, head in self._heads.items():
            named = names is not None and names(unpack_name(head).key)
            if named or (labels is not None and (one := unpack_head(head)) and labels(one)):
                yield id

    def put(self, stored: Stored, body: bytes | None = None) -> None:
        """From now on this is found, in its former place or as the newest variant; without a
        body, the one that is there stays."""
        id = stored.id
        former = unpack_name(self._heads[id]) if id in self._heads else None
        if former is not None and former.key != stored.key:
            self.discard(id)  # another key of the same hash
        elif former is not None and body is not None:
            del self._bodies[former.generation]
        base = object_id(stored.key, ()) if stored.selecting else id
        before = self._variants.get(base, (base,) if base in self._heads else ())
        if id not in before and (before or id != base):
            self._variants[base] = (*before, id)
        self._heads[id] = pack_head(stored)
        if body is not None:
            self._bodies[stored.generation] = body
        self._unpacked.drop(stored.key)

    def discard(self, id: int) -> None:
        """Hold it no more."""
        head = self._heads.pop(id, None)
        if head is None:
            return
        name = unpack_name(head)
        del self._bodies[name.generation]
        self._unpacked.drop(name.key)
        base = object_id(name.key, ())
        if base in self._variants:
            rest = tuple(one for one in self._variants.pop(base) if one != id)
            if rest not in ((), (base,)):
                self._variants[base] = rest

    def _unpack(self, key: str) -> Sequence[Stored]:
        base = object_id(key, ())
        ids = self._variants.get(base) or ((base,) if base in self._heads else ())
        if not ids:
            return ()
        every = map(self.at, ids)
        found = Variants(one for one in every if one is not None and one.key == key)
        if not found:
            return ()
        self._unpacked.put(key, found, None)
        return found
