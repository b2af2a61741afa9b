"""What is otherwise by default on ECS."""

from __future__ import annotations

from collections.abc import Mapping

from worker.settings.variables import Tables

ON_ECS: Mapping[str, Mapping[str, str]] = {  # by table and key, as a file would say it
    "sluice": {
        "stop_timeout": "110s",  # Fargate kills after 120 s at the latest
        "metrics": "emf",  # nobody scrapes a task there; its log is read anyway
    },
    "defaults": {"share": "fleet"},  # tasks come and go, and a rolling deploy runs old and new ones side by side
}
MARK = "ECS_CONTAINER_METADATA_URI_V4"  # the ECS agent tells it to each container


def over_platform(merged: Tables, environ: Mapping[str, str]) -> Tables:
    """Put the platform's defaults under all that was said. What is no table stays as it is: validation names it."""
    if MARK not in environ:
        return merged
    return {**merged, **{table: _over(keys, merged.get(table, {})) for table, keys in ON_ECS.items()}}


def _over(defaults: Mapping[str, str], table: object) -> object:
    return {**defaults, **table} if isinstance(table, dict) else table
