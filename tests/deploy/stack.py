"""The committed template of examples/outbound-messaging."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parents[2] / "examples" / "outbound-messaging"
TEXT = (EXAMPLE / "stack.json").read_text("utf-8")
STACK: dict[str, Any] = json.loads(TEXT)
RESOURCES: dict[str, Any] = STACK["Resources"]
VENDORS = {"foo-primary": "FooPrimary", "foo-secondary": "FooSecondary", "bar": "Bar"}  # and their logical IDs
POOLS = {"default": "Default", "bar": "Bar"}
GROWN: dict[str, Any] = json.loads((Path(__file__).parents[1] / "e2e" / "grown" / "stack.json").read_text("utf-8"))


def of(resource: str) -> dict[str, Any]:
    """A resource's properties, by its logical ID."""
    found: dict[str, Any] = RESOURCES[resource].get("Properties", {})
    return found


def typed(kind: str) -> dict[str, dict[str, Any]]:
    """All resources of a type."""
    return {name: resource for name, resource in RESOURCES.items() if resource["Type"] == f"AWS::{kind}"}


def arn(resource: str) -> dict[str, Any]:
    """How the template says a resource's ARN."""
    return {"Fn::GetAtt": [resource, "Arn"]}
