"""AWS's limits on what may be sent to a queue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from worker.model.errors import RefusedError
from worker.model.message import NOTHING, Attribute, Outgoing
from worker.model.wire import MAX_ATTRIBUTES, MAX_SQS_BYTES, size_of

MAX_ENTRIES = 10
MAX_DELAY = timedelta(minutes=15)
MAX_VISIBILITY = timedelta(hours=12)
MAX_IN_FLIGHT = 120_000

_CHARACTERS = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
_NAME = re.compile(r"(?!(?i:aws\.|amazon\.))[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_TYPE = re.compile(r"(String|Number|Binary)(\.[A-Za-z0-9_.-]+)?")
_NUMBER = re.compile(r"[+-]?\d{1,38}(\.\d{1,38})?([eE][+-]?\d{1,3})?")
_GROUP = re.compile(r"[!-~]{1,128}")


def check_entries(entries: Sequence[object]) -> None:
    """Refuse a batch that is empty or above ten, as AWS does: the whole call."""
    if not entries:
        raise RefusedError("AWS.SimpleQueueService.EmptyBatchRequest")
    if len(entries) > MAX_ENTRIES:
        raise RefusedError("AWS.SimpleQueueService.TooManyEntriesInBatchRequest")


def check_size(entries: Sequence[Outgoing]) -> None:
    """Refuse a batch that is too large all together."""
    if sum(size_of(entry.body, entry.attributes) for entry in entries) > MAX_SQS_BYTES:
        raise RefusedError("AWS.SimpleQueueService.BatchRequestTooLong")


def fault_of(entry: Outgoing) -> str | None:
    """AWS's code for an entry that it would not take."""
    if not _CHARACTERS.fullmatch(entry.body):
        return "InvalidMessageContents"
    if len(entry.attributes) > MAX_ATTRIBUTES or not all(map(_is_valid, entry.attributes.items())):
        return "InvalidParameterValue"
    if not NOTHING <= entry.delay <= MAX_DELAY:
        return "InvalidParameterValue"
    if entry.group is not None and not _GROUP.fullmatch(entry.group):
        return "InvalidParameterValue"
    return None


def _is_valid(named: tuple[str, Attribute]) -> bool:
    name, attribute = named
    kind = _TYPE.fullmatch(attribute.data_type)
    if not _NAME.fullmatch(name) or len(name) > 256 or kind is None or len(attribute.data_type) > 256:
        return False
    value = attribute.value
    if kind[1] == "Binary":
        return isinstance(value, bytes) and bool(value)
    if not isinstance(value, str) or not _CHARACTERS.fullmatch(value):
        return False
    return kind[1] == "String" or _NUMBER.fullmatch(value) is not None
