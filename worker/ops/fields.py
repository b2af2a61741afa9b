"""Whether the payload fields that names of limits and secrets hold are fields of the adapter's payload."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from worker.model.naming import parse_naming
from worker.ops.finding import Finding, error
from worker.settings import VendorSettings

_WITHOUT_FIELDS = (str, int, float, bool)


def payload_fields(place: str, entry: VendorSettings, payload: Any) -> Iterator[Finding]:
    """Name those that can never be there; of a payload that is no model only a message can tell."""
    for key, text in (("limit_key", entry.limit_key), ("secret", entry.secret)):
        for path in parse_naming(key, text).fields if text is not None else ():
            if _lacks(payload, path):
                yield error(
                    f"{place} {key}",
                    f"the payload of the adapter {entry.adapter} has no field {'.'.join(path)}: "
                    "every message would be buried",
                    f"write one of its fields: {', '.join(payload.model_fields)}",
                )


def _lacks(payload: Any, path: tuple[str, ...]) -> bool:
    for name in path:
        if not (isinstance(payload, type) and issubclass(payload, BaseModel)):
            return payload in _WITHOUT_FIELDS
        if (field := payload.model_fields.get(name)) is None:
            return payload.model_config.get("extra") != "allow" and not hasattr(payload, name)
        payload = field.annotation
    return False
