"""The three layers of settings, one over the other: file, environment, flags."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from worker.model.errors import ConfigurationError
from worker.settings.names import fold
from worker.settings.variables import NAMED, Tables, Variable, from_environment, from_flags, nest

_AT = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)")


@dataclass(frozen=True, slots=True)
class Layers:
    """What each source said, and all of it together."""

    text: str  # of the file
    file: Tables
    variables: tuple[Variable, ...]  # the strongest first
    merged: Tables
    twice: tuple[tuple[str, str, str], ...]  # table and two names in it that are one name


def read_layers(path: Path, text: str | None, environ: Mapping[str, str], flags: Mapping[str, str]) -> Layers:
    """Read and merge all sources; raises ConfigurationError where the file cannot be read as TOML.

    With a `text` there is no file: `path` is then what the text is called.
    """

    class Merged(BaseSettings):
        """The tables as they come; nothing but their order is decided here."""

        model_config = SettingsConfigDict(extra="allow")

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_usual: Any, **_named: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(
                InitSettingsSource(settings_cls, tables) for tables in (nest(flagged), nest(environment), file)
            )

    said = _read(path) if text is None else text
    file, twice = _folded(_parsed(path, said))
    environment, flagged = from_environment(environ, file), from_flags(flags, file)
    return Layers(said, file, (*flagged, *environment), dict(Merged().model_extra or {}), tuple(twice))


def _read(path: Path) -> str:
    try:
        if not path.exists():
            raise ConfigurationError(
                f"{path}: no such file; name one with --config FILE or SLUICE_CONFIG, or try it all with: sluice demo"
            )
        if not path.is_file():
            raise ConfigurationError(f"{path}: is not a file")
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error


def _parsed(path: Path, text: str) -> Tables:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(_syntax(path, str(error))) from error


def _syntax(path: Path, text: str) -> str:
    found = _AT.fullmatch(text)
    if found is None or found[2] is None:
        return f"{path}: is not TOML: {found[1] if found else text}, at the end of the file"
    return f"{path}:{found[2]}: is not TOML: {found[1]}, column {found[3]}"


def _folded(raw: Tables) -> tuple[Tables, list[tuple[str, str, str]]]:
    """Give every vendor and pool its one name; tells which two in a table have the same."""
    file, twice = dict(raw), []
    for table in NAMED:
        if not isinstance(entries := raw.get(table), dict):
            continue
        spelled: dict[str, str] = {}
        for name in entries:
            first = spelled.setdefault(fold(name), name)
            if first != name:
                twice.append((table, first, name))
        file[table] = {folded: entries[name] for folded, name in spelled.items()}
    return file, twice
