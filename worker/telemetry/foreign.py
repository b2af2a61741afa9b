"""What libraries log: that they did, where and how loud, never what they said."""

from __future__ import annotations

import logging
from contextlib import suppress

from structlog.typing import FilteringBoundLogger


class Foreign(logging.Handler):
    """Turns a library's warning into an event without its text, which may quote a body, a header or a secret.

    Logger, function and line lead to the text in the library's source.
    """

    def __init__(self, logger: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Write `library.logged`; lost where nobody reads any more."""
        raised = record.exc_info[0] if record.exc_info else None
        with suppress(OSError, ValueError):
            self._logger.log(
                record.levelno,
                "library.logged",
                logger=record.name,
                place=f"{record.module}.{record.funcName}:{record.lineno}",
                error=raised.__name__ if raised else None,
            )
