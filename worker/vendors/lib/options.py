"""What an adapter's options are read with."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from worker.model.duration import parse_duration

Duration = Annotated[timedelta, BeforeValidator(parse_duration)]


class Options(BaseModel):
    """The `options` of a vendor entry: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
