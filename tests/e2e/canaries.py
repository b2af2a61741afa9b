"""Marked texts, different in every run, and the search for them in whatever they are written as."""

from __future__ import annotations

import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator

_LETTERS = "ghijklmnopqrstuvwxyz"  # none of a hexadecimal digit: no id or digest holds a mark by chance
_LENGTH = 24  # 103 bits
_PIECE = 9  # letters that count as a sighting, for what was cut; a chance hit is one in 5e11


class Canaries:
    """One mark for each name, made when it is first asked for.

    It consists of small letters alone, which JSON, `repr` and percent-encoding leave as they are.
    """

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        return self._marks.setdefault(name, "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)))

    def seen_in(self, text: str) -> dict[str, str]:
        """The names of those of which a piece is in a text, plain, in hexadecimal digits or in base64; and where."""
        plain = text.lower()
        return {
            name: _around(text, place)
            for name, mark in self._marks.items()
            if (place := next(_places(mark, text, plain), None)) is not None
        }


def _places(mark: str, text: str, plain: str) -> Iterator[int]:
    for start in range(len(mark) - _PIECE + 1):
        piece = mark[start : start + _PIECE].encode()
        haystacks = ((plain, piece.decode()), (plain, piece.hex()), *((text, spelling) for spelling in _base64(piece)))
        yield from (place for where, what in haystacks if (place := where.find(what)) >= 0)


def _base64(piece: bytes) -> Iterator[str]:
    """As it is written in base64 at each of the three places where a byte may stand; its whole characters."""
    for before in range(3):
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(b"\0" * before + piece).decode()[(8 * before + 5) // 6 : 8 * (before + len(piece)) // 6]


def _around(text: str, place: int) -> str:
    return text[max(0, place - 80) : place + 80]
