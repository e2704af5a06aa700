"""As much of Structured Fields (RFC 9651) as caching needs: dictionaries and lists."""

from __future__ import annotations

import re
from collections.abc import Sequence


class Token(str):
    """A value that is no String: a token, or of a type that nobody here asks for."""

    __slots__ = ()


Scalar = int | float | str | bool
BareItem = Scalar | tuple[Scalar, ...]

_KEY = re.compile(r"[a-z*][a-z0-9_\-.*]*")
_NUMBER = re.compile(r"-?(?:[0-9]{1,12}\.[0-9]{1,3}|[0-9]{1,15})")
_STRING = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*")
_OTHER = re.compile(  # byte sequences, dates, display strings
    r''':[A-Za-z0-9+/=]*:|@-?[0-9]{1,15}|%"(?:[\x20-\x21\x23-\x24\x26-\x7e]|%[0-9a-f]{2})*"'''
)
_SPACE = re.compile(r"[ \t]*")


class _Malformed(ValueError):
    """The text is no structured field; the field is then ignored as a whole (RFC 9651, 4.2)."""


class _Reader:
    """A cursor over the text of one field."""

    def __init__(self, text: str) -> None:
        self.text = text.strip(" ")
        self.at = 0

    @property
    def ended(self) -> bool:
        return self.at >= len(self.text)

    def skip_space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def take(self, literal: str) -> bool:
        if self.text.startswith(literal, self.at):
            self.at += len(literal)
            return True
        return False

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def key(self) -> str:
        if found := self.match(_KEY):
            return found[0]
        raise _Malformed

    def item(self) -> BareItem:
        if self.take("("):
            value: BareItem = self._inner_list()
        else:
            value = self._bare()
        self.parameters()
        return value

    def _bare(self) -> Scalar:
        if found := self.match(_NUMBER):
            return float(found[0]) if "." in found[0] else int(found[0])
        if found := self.match(_STRING):
            return re.sub(r"\\(.)", r"\1", found[1])
        if self.take("?"):
            if self.take("1"):
                return True
            if self.take("0"):
                return False
            raise _Malformed
        if found := self.match(_TOKEN) or self.match(_OTHER):
            return Token(found[0])
        raise _Malformed

    def _inner_list(self) -> tuple[Scalar, ...]:
        values: list[Scalar] = []
        while True:
            self.skip_space()
            if self.take(")"):
                return tuple(values)
            values.append(self._bare())
            self.parameters()
            if not self.ended and self.text[self.at] not in " )":
                raise _Malformed

    def parameters(self) -> None:
        while self.take(";"):
            self.skip_space()
            self.key()
            if self.take("="):
                self._bare()

    def next_member(self) -> bool:
        """Move to the next member; False at the end of the field."""
        self.skip_space()
        if self.ended:
            return False
        if not self.take(","):
            raise _Malformed
        self.skip_space()
        if self.ended:
            raise _Malformed
        return True


def strings(values: Sequence[BareItem]) -> tuple[str, ...] | None:
    """The values where all of them are Strings, else None."""
    found = tuple(one for one in values if isinstance(one, str) and not isinstance(one, Token))
    return found if len(found) == len(values) else None


def parse_dictionary(text: str) -> dict[str, BareItem] | None:
    """Members of a dictionary, parameters dropped; None where the text is not one."""
    reader, members = _Reader(text), dict[str, BareItem]()
    if reader.ended:
        return members
    try:
        while True:
            name = reader.key()
            if reader.take("="):
                members[name] = reader.item()
            else:
                reader.parameters()
                members[name] = True
            if not reader.next_member():
                return members
    except _Malformed:
        return None


def parse_list(text: str) -> list[BareItem] | None:
    """Items of a list, parameters dropped; None where the text is not one."""
    reader, items = _Reader(text), list[BareItem]()
    if reader.ended:
        return items
    try:
        while True:
            items.append(reader.item())
            if not reader.next_member():
                return items
    except _Malformed:
        return None
