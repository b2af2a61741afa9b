"""The README's tables of settings and events, written from the models that they describe."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from inspect import getdoc
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from worker.model.duration import format_duration
from worker.model.events import Event, Level
from worker.model.rate import Rate
from worker.ops.table import markdown
from worker.settings import PoolSettings, ScalingSettings, SluiceSettings, VendorSettings
from worker.settings.platform import ON_ECS

_TABLES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("[sluice]", SluiceSettings),
    ("[vendors.NAME]", VendorSettings),
    ("[vendors.NAME.scaling]", ScalingSettings),
    ("[pools.NAME]", PoolSettings),
)
_PLATFORM: dict[type[BaseModel], Mapping[str, str]] = {
    SluiceSettings: ON_ECS.get("sluice", {}),
    VendorSettings: ON_ECS.get("defaults", {}),
}
_TYPES: dict[Any, str] = {
    bool: "true or false",
    int: "whole number",
    str: "text",
    timedelta: "duration",
    Rate: "rate",
    dict: "table",
    tuple: "list of texts",
}


def settings_tables() -> str:
    """Every key of `sluice.toml`: type, default and meaning, as Markdown."""
    return "\n\n".join(f"`{title}`\n\n{_settings_table(model)}" for title, model in _TABLES)


def events_table() -> str:
    """Every event: level, meaning and fields, as Markdown."""
    rows = [
        (
            f"`{event.name}`",
            _level(event.level),
            _first_sentence(event),
            ", ".join(f"`{f.name}`" for f in fields(event)),
        )
        for event in get_args(Event)
    ]
    return markdown([("event", "level", "meaning", "fields"), *rows])


def _settings_table(model: type[BaseModel]) -> str:
    on_ecs = _PLATFORM.get(model, {})
    rows = [
        (f"`{name}`", _bounded(field), _default(field) + _on_ecs(on_ecs.get(name)), field.description or "")
        for name, field in model.model_fields.items()
        if not _is_table(field)
    ]
    return markdown([("key", "type", "default", "meaning"), *rows])


def _is_table(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _bounded(field: FieldInfo) -> str:
    least, most = (
        next((getattr(rule, end) for rule in field.metadata if hasattr(rule, end)), None) for end in ("ge", "le")
    )
    bounds = "" if least is None else f", {least} … {most}" if most is not None else f", at least {least}"
    return _type(field.annotation) + bounds


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f'`"{value}"`' for value in get_args(annotation))
    if get_origin(annotation) in (Union, types.UnionType):
        return _type(next(arg for arg in get_args(annotation) if arg is not type(None)))
    if hasattr(annotation, "__metadata__"):
        return _type(get_args(annotation)[0])
    return _TYPES[get_origin(annotation) or annotation]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    match field.get_default(call_default_factory=True):
        case None | () | {}:
            return "–"
        case timedelta() as duration:
            return f'`"{format_duration(duration)}"`'
        case bool(flag):
            return f"`{str(flag).lower()}`"
        case str(text):
            return f'`"{text}"`'
        case value:
            return f"`{value}`"


def _on_ecs(default: str | None) -> str:
    return "" if default is None else f'; on ECS `"{default}"`'


def _level(level: Level) -> str:
    return "metric only" if level is Level.METRIC else level.name.lower()


def _first_sentence(event: type) -> str:
    sentence, *_ = " ".join((getdoc(event) or "").split()).partition(". ")
    return f"{sentence.removesuffix('.')}."
