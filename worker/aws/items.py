"""Items of the state table: their keys, by kind, and their values as DynamoDB writes them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

_MAX_PK = 2048  # bytes of UTF-8: DynamoDB's limits
_MAX_SK = 1024
_FRAME = frozenset({"pk", "sk", "expires"})

Value = str | int | float


@dataclass(frozen=True, slots=True)
class ItemKey:
    """Where an item lies: what is found together shares `pk`."""

    pk: str
    sk: str = "-"  # DynamoDB takes no empty one

    @classmethod
    def of(cls, kind: str, vendor: str, name: str = "", *, sort: str | None = None) -> Self:
        """`KIND#vendor#name` and `=sort`; what DynamoDB does not take (too long, no UTF-8) goes by its SHA-256."""
        pk, sk = f"{kind}#{vendor}#{name}", "-" if sort is None else f"={sort}"
        return cls(
            pk if _fits(pk, _MAX_PK) else f"{kind}-SHA256#{vendor}#{_digest(name)}",
            sk if _fits(sk, _MAX_SK) else f"sha256={_digest(sk)}",
        )


@dataclass(frozen=True, slots=True)
class Item:
    """What is known under a key until it expires."""

    key: ItemKey
    expires: int  # seconds since 1970: DynamoDB deletes it some time (hours, days) after that
    values: Mapping[str, Value] = field(default_factory=dict)

    def live(self, now: datetime) -> bool:
        """Whether it still counts."""
        return self.expires > now.timestamp()


def expiry(now: datetime, after: timedelta) -> int:
    """Seconds since 1970, rounded up: DynamoDB takes whole ones."""
    return math.ceil((now + after).timestamp())


def encoded(values: Mapping[str, Value]) -> dict[str, Any]:
    """As DynamoDB's API takes them: texts and numbers."""
    return {name: {"S": value} if isinstance(value, str) else {"N": repr(value)} for name, value in values.items()}


def encoded_key(key: ItemKey) -> dict[str, Any]:
    """A key as DynamoDB's API takes it."""
    return encoded({"pk": key.pk, "sk": key.sk})


def encoded_item(item: Item) -> dict[str, Any]:
    """A whole item as DynamoDB's API takes it."""
    return {**encoded(item.values), **encoded_key(item.key), **encoded({"expires": item.expires})}


def decoded_item(attributes: Mapping[str, Any]) -> Item:
    """An item from DynamoDB's answer."""
    values = {name: _decoded(value) for name, value in attributes.items()}
    key = ItemKey(str(values["pk"]), str(values["sk"]))
    return Item(key, int(values["expires"]), {name: value for name, value in values.items() if name not in _FRAME})


def _decoded(value: Mapping[str, str]) -> Value:
    if "S" in value:
        return value["S"]
    number = value["N"]
    return int(number) if number.lstrip("-").isdigit() else float(number)


def _fits(text: str, limit: int) -> bool:
    try:
        return len(text.encode()) <= limit
    except UnicodeEncodeError:
        return False


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
