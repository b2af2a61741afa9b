"""What resources are called within the template."""

from __future__ import annotations

import re


def logical(kind: str, name: str) -> str:
    """`Queue` and `foo-primary` make `QueueFooPrimary`; no two names make the same.

    CloudFormation takes letters and digits only. A dash makes the letter after it a capital; before a digit it is a Z,
    and before a z it is Zz. Of the kinds none may begin with another.
    """
    return kind + re.sub("-(.)", lambda found: _capital(found[1]), f"-{name}")


def _capital(character: str) -> str:
    if character.isdigit() or character == "z":
        return f"Z{character}"
    return character.upper()
