"""Events can be told apart, and carry nothing that is not flat."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import get_args

import pytest

from worker.model.events import Event, Level

KINDS = get_args(Event)


def test_no_two_events_have_one_name() -> None:
    """A log is searched by it."""
    names = [kind.name for kind in KINDS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_is_a_dotted_past_tense_name_with_flat_fields(kind: type) -> None:
    """`message.settled`: a noun, a verb that is over (or the stopping, which is not), values that need no nesting."""
    assert re.fullmatch(r"[a-z]+\.[a-z_]+(ed|ing)|lease\.lost", kind.name)
    assert isinstance(kind.level, Level)
    assert {field.type for field in fields(kind)} <= {"str", "int", "float", "str | None"}
