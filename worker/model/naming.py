"""Names that payload fields are part of: `shop/{shop}`, `tokens/{account.id}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from worker.model.errors import BadMessageError

_PART = re.compile(r"\{([^{}]*)\}|([^{}]+)")
_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_MOST = 256  # characters of one value: it becomes part of a name
_SECRET = "secret"  # noqa: S105 - the key; AWS takes no other characters in a secret's name or ARN
_IN_A_SECRET = re.compile(r"[A-Za-z0-9/_+=.@:!-]*")
_IN_ITS_VALUES = re.compile(r"[A-Za-z0-9_+=.@!-]*")  # no / and no :, so that a payload stays in the place given to it


@dataclass(frozen=True, slots=True)
class Naming:
    """A name with places for payload fields. `key` is the topology's word for it, for errors."""

    key: str
    parts: tuple[str | tuple[str, ...], ...]  # literal text, or the path of a field

    def __str__(self) -> str:
        return "".join(part if isinstance(part, str) else f"{{{'.'.join(part)}}}" for part in self.parts)

    @property
    def has_fields(self) -> bool:
        """Whether it depends on the payload at all."""
        return bool(self.fields)

    @property
    def fields(self) -> tuple[tuple[str, ...], ...]:
        """The paths of the payload fields that it depends on; none: it is a name as it stands."""
        return tuple(part for part in self.parts if isinstance(part, tuple))

    def of(self, payload: Any) -> str:
        """The name for this payload; raises BadMessageError where a field is missing, or does not fit."""
        return "".join(part if isinstance(part, str) else self._value(payload, part) for part in self.parts)

    def _value(self, payload: Any, path: tuple[str, ...]) -> str:
        value, field = payload, ".".join(path)
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
        if value is None:
            raise BadMessageError(f"{field} is missing, and {self.key} needs it", code="field_missing")
        if not isinstance(value, str | int) or isinstance(value, bool) or not 0 < len(str(value)) <= _MOST:
            raise BadMessageError(
                f"{field} is no short text or whole number, and {self.key} needs one", code="field_type"
            )
        if self.key == _SECRET and not _IN_ITS_VALUES.fullmatch(str(value)):
            raise BadMessageError(
                f"{field} holds other characters than letters, digits and _+=.@!-, and {self.key} takes no others",
                code="field_unsafe",
            )
        return str(value)


def parse_naming(key: str, text: str) -> Naming:
    """Read a name; raises ValueError, with the valid form, for braces that hold no field and what is no name."""
    parts: list[str | tuple[str, ...]] = []
    end = 0
    for found in _PART.finditer(text):
        if found.start() != end:
            break
        end = found.end()
        if found[1] is None:
            parts.append(_literal(key, found[2]))
        elif _PATH.fullmatch(found[1]):
            parts.append(tuple(found[1].split(".")))
        else:
            raise ValueError(f"{found[0]!r} names no payload field; write such as {{shop}} or {{account.id}}")
    if end != len(text) or not parts:
        raise ValueError(f"{text!r} is no name; write such as shop/a, or shop/{{shop}} with a payload field in braces")
    return Naming(key, tuple(parts))


def _literal(key: str, text: str) -> str:
    if key == _SECRET and not _IN_A_SECRET.fullmatch(text):
        raise ValueError(f"{text!r} cannot be in a secret's name; write letters, digits and /_+=.@-")
    return text
