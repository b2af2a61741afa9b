"""Whether something is there: what AWS says of what is not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from worker.aws.errors import code_of, wrapped
from worker.model.errors import RefusedError

_ABSENT = frozenset(
    {
        "404",  # HeadBucket has no body, so no code
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)


async def found(operation: str, call: Callable[..., Awaitable[Any]], **what: str) -> Any | None:
    """Ask; None: AWS says that it is not there. Else raises as `wrapped` does."""
    try:
        with wrapped(operation, next(iter(what.values()))):
            return await call(**what)
    except RefusedError as error:
        if code_of(error.__cause__) in _ABSENT:
            return None
        raise
