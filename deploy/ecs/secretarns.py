"""Which secrets of Secrets Manager the topology names: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from worker.model.naming import parse_naming
from worker.settings import VendorSettings

_WHOLE_ARN = re.compile(r"arn:.*-[A-Za-z0-9]{6}")
_END = "-??????"  # AWS ends each secret's ARN in a dash and six characters


def secret_arns(vendors: Iterable[VendorSettings], here: str) -> list[str]:
    """The ARNs of their secrets, as IAM patterns; `here`: what stands before a name in this account and region.

    Where a payload field is part of a name, any value of it; IAM's `*` matches slashes too.
    """
    return list(dict.fromkeys(_pattern(vendor.secret, here) for vendor in vendors if vendor.secret is not None))


def _pattern(secret: str, here: str) -> str:
    parts = parse_naming("secret", secret).parts
    name = "".join(part if isinstance(part, str) else "*" for part in parts)
    if _WHOLE_ARN.fullmatch(name):
        return name
    return f"{name}{_END}" if name.startswith("arn:") else f"{here}{name}{_END}"
