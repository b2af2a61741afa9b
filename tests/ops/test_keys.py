"""What the generated tables hold."""

from __future__ import annotations

from typing import get_args

import pytest

from worker.model.events import Event
from worker.ops.keys import events_table, settings_tables
from worker.settings import PoolSettings, ScalingSettings, SluiceSettings, VendorSettings


@pytest.mark.parametrize("model", [SluiceSettings, VendorSettings, ScalingSettings, PoolSettings])
def test_every_key_has_a_row_and_a_meaning(model: type) -> None:
    """A key that is not described cannot be shipped."""
    for name, field in model.model_fields.items():  # type: ignore[attr-defined] # each is a pydantic model
        if name != "scaling":
            assert f"\n| `{name}` | " in settings_tables()
            assert field.description


def test_defaults_are_written_as_in_the_file() -> None:
    """What the table shows can be copied into a sluice.toml."""
    rows = settings_tables().splitlines()
    assert any(row.startswith('| `grace` | duration | `"20s"` |') for row in rows)
    assert any(row.startswith("| `table` | true or false | `false` |") for row in rows)
    assert any(row.startswith("| `concurrency` | whole number, 1 … 10000 | `10` |") for row in rows)
    assert any(row.startswith("| `adapter` | text | required |") for row in rows)
    assert any(row.startswith("| `rate` | rate | – |") for row in rows)
    assert any(row.startswith('| `stop_timeout` | duration | `"30s"`; on ECS `"110s"` |') for row in rows)


def test_every_event_has_a_row() -> None:
    """Name, level, the first sentence of its docstring, its fields."""
    rows = events_table().splitlines()
    assert len(rows) == 2 + len(get_args(Event))
    assert "| `pipeline.started` | info | A vendor's pipeline receives. | `vendor` |" in rows
