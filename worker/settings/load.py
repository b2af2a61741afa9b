"""Reads a topology: file, environment and flags, every mistake named at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath

from pydantic import Field, ValidationError

from worker.model.errors import ConfigurationError
from worker.settings.defaults import told_of_defaults, under_defaults
from worker.settings.layers import read_layers
from worker.settings.mistakes import explain, path_of
from worker.settings.places import Places
from worker.settings.platform import over_platform
from worker.settings.references import missing_pools, same_names, strangers_of, unknown, without
from worker.settings.topology import Frozen, Name, PoolSettings, SluiceSettings, Topology, VendorSettings
from worker.settings.variables import Tables


def load(
    path: FilePath, *, environ: Mapping[str, str], flags: Mapping[str, str] | None = None, text: str | None = None
) -> Topology:
    """Read `path`, then `SLUICE_*` of `environ`, then `flags` (path with dots → text).

    On ECS, as `environ` tells, some defaults are others. With a `text` it stands for the file: `path` is what mistakes
    call it.

    Raises ConfigurationError, whose text has one line for each mistake: place, what is wrong, what is valid.
    """
    layers = read_layers(path, text, environ, flags or {})
    places = Places(path, layers)
    strangers = strangers_of(layers)
    known = without({variable.path[:2] for variable in strangers}, layers.merged)
    draft = under_defaults(over_platform(known, environ))
    mistakes = [
        *same_names(layers, places),
        *(unknown(each, layers.file) for each in strangers),
        *missing_pools(draft, places),
    ]
    if not draft["vendors"]:
        mistakes.append(f'{path}: no vendors; add a table [vendors.NAME] with at least adapter = "…"')
    try:
        topology = _checked(draft)
    except ValidationError as error:
        own = [each for each in error.errors() if not told_of_defaults(each["type"], path_of(each), layers)]
        mistakes += explain(own, places)
    if mistakes:
        raise ConfigurationError("\n".join(dict.fromkeys(mistakes)))
    return topology


class _Draft(Frozen):
    """A whole file, `[defaults]` too."""

    sluice: SluiceSettings
    defaults: VendorSettings
    vendors: dict[Name, VendorSettings]
    pools: dict[Name, PoolSettings] = Field(default_factory=dict)


def _checked(draft: Tables) -> Topology:
    read = _Draft.model_validate(draft)
    return Topology(sluice=read.sluice, vendors=read.vendors, pools=read.pools)
