"""Names as people write them: which are the same, and which was meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def fold(name: str) -> str:
    """The one form of a name: `-` and `_` are equal, and so are upper and lower case."""
    return name.strip().lower().replace("_", "-")


def nearest(name: str, valid: Iterable[str]) -> str:
    """Say which of the valid names was most likely meant; all of them, where none is close."""
    spelled = {fold(word): word for word in sorted(valid)}
    close = get_close_matches(fold(name), spelled, n=1, cutoff=0.6)
    if close:
        return f"did you mean {spelled[close[0]]}?"
    return f"valid: {', '.join(spelled.values())}" if spelled else "there are none"
