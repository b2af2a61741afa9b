"""Which characters SNS and SQS take: those of XML 1.0."""

from __future__ import annotations

import re

# SQS SendMessage: "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def first_illegal(text: str) -> str | None:
    """Name the first character that is not taken and say where it stands; None: all are."""
    found = _ILLEGAL.search(text)
    return None if found is None else f"U+{ord(found[0]):04X} at character {found.start() + 1}"


def escape(text: str) -> str:
    """Write JSON text so that it is taken: what is not goes as a JSON escape, which says the same."""
    return _ILLEGAL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
