"""What a dead letter says of its end."""

from __future__ import annotations

import json
from datetime import datetime

from worker.model.disposition import Bury
from worker.model.wire import MAX_BURIAL_BYTES


def epitaph(bury: Bury, *, vendor: str, attempts: int, first_seen: datetime) -> str:
    """The value of `sluice-burial`: JSON of at most 1 KiB; long reasons, codes and errors are cut at the end."""
    reason, code, error = bury.reason, bury.code, bury.last_error or bury.reason
    while True:
        text = json.dumps(
            {
                "reason": reason,
                "code": code,
                "vendor": vendor,
                "attempts": attempts,
                "first_seen": first_seen.isoformat(timespec="milliseconds"),
                "last_error": error,
            }
        )
        over = len(text.encode()) - MAX_BURIAL_BYTES
        if over <= 0:
            return text
        longest = max(len(reason), len(code or ""), len(error))
        reason, error = _cut(reason, longest, over), _cut(error, longest, over)
        code = code and _cut(code, longest, over)


def _cut(text: str, longest: int, over: int) -> str:
    """Shorten the longest text; a character may take six bytes of JSON, so more than one round may be needed."""
    return text[: max(0, len(text) - max(1, over // 6) - 1)] + "…" if len(text) == longest else text
