"""Finding the class that an entry's `adapter` names, and building a vendor of it; without any I/O."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, cast

from pydantic import BaseModel, ValidationError

import worker.vendors
from worker.model.errors import ConfigurationError
from worker.ports import Adapter, Vendor, VendorContext

GROUP = "sluice.vendors"  # of the entry points by which a package brings adapters
_PARTS = ("Options", "Payload", "prepare", "send", "classify")  # and traits, which it may set when it is built


def build(name: str, options: Mapping[str, Any], context: VendorContext) -> Vendor[Any, Any, Any]:
    """Make the vendor of an entry; raises ConfigurationError that names the option, or what the adapter lacks."""
    adapter = find(name)
    try:
        validated = adapter.Options.model_validate(dict(options))
    except ValidationError as error:
        raise ConfigurationError(_explained(error, adapter.Options, context.name)) from error
    try:
        return adapter(validated, context)
    except ConfigurationError:
        raise
    except Exception as error:
        raise ConfigurationError(f"vendors.{context.name}: adapter {name!r} was not built: {_told(error)}") from error


def find(name: str) -> Adapter:
    """Find an adapter: a module of worker/vendors, an entry point, or `package.module:Class`.

    A module's adapter is its one class that has Options. Raises ConfigurationError.
    """
    if ":" in name:
        return _checked(name, _from_package(name))
    module = name.replace("-", "_")
    if module in _own():
        return _checked(name, _only_adapter(_imported(name, f"{worker.vendors.__name__}.{module}")))
    for point in entry_points(group=GROUP, name=name):
        return _checked(name, _loaded(point))
    raise ConfigurationError(_unknown(name))


def names() -> list[str]:
    """The names of all adapters that are installed."""
    return sorted({*_own(), *(point.name for point in entry_points(group=GROUP))})


def _own() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(worker.vendors.__path__) if not module.ispkg]


def _from_package(name: str) -> object:
    module_name, _, class_name = name.partition(":")
    module = _imported(name, module_name)
    if not hasattr(module, class_name):
        near = get_close_matches(class_name, vars(module), 1)
        hint = f"; did you mean {module_name}:{near[0]}?" if near else ""
        raise ConfigurationError(f"adapter {name!r}: {module_name} has no {class_name!r}{hint}")
    return getattr(module, class_name)


def _imported(name: str, module: str) -> ModuleType:
    try:
        return import_module(module)
    except Exception as error:  # a module may raise anything while it is imported
        raise ConfigurationError(f"adapter {name!r}: {module} cannot be imported: {_told(error)}") from error


def _loaded(point: EntryPoint) -> object:
    try:
        return point.load()
    except Exception as error:
        raise ConfigurationError(f"adapter {point.name!r} ({point.value}) cannot be loaded: {_told(error)}") from error


def _only_adapter(module: ModuleType) -> object:
    found = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and value.__module__ == module.__name__ and hasattr(value, "Options")
    ]
    if len(found) != 1:
        raise ConfigurationError(
            f"{module.__name__} defines {len(found)} classes with Options; an adapter's file defines one, "
            f"or the topology says {module.__name__}:Class"
        )
    return found[0]


def _checked(name: str, found: object) -> Adapter:
    if not inspect.isclass(found):
        raise ConfigurationError(f"adapter {name!r} is of type {type(found).__name__}, not a class")
    missing = [part for part in _PARTS if not hasattr(found, part)]
    if missing:
        raise ConfigurationError(f"adapter {name!r}: {found.__name__} has no {', '.join(missing)}")
    adapter = cast("Adapter", found)
    options = adapter.Options
    if not (inspect.isclass(options) and issubclass(options, BaseModel)):
        raise ConfigurationError(f"adapter {name!r}: {found.__name__}.Options is not a pydantic model")
    if options.model_config.get("extra", "ignore") == "ignore":
        raise ConfigurationError(
            f"adapter {name!r}: {options.__name__} ignores unknown keys; inherit worker.vendors.lib.options.Options"
        )
    return adapter


def _unknown(name: str) -> str:
    known = names()
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"no adapter {name!r}: {hint}There are {', '.join(known)}; your own is written package.module:Class"


def _explained(error: ValidationError, options: type[BaseModel], vendor: str) -> str:
    lines = []
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        place = ".".join(("vendors", vendor, "options", *(str(part) for part in fault["loc"])))
        if fault["type"] == "extra_forbidden":
            lines.append(f"{place}: unknown{_nearest(fault['loc'], options)}")
        else:
            lines.append(f"{place}: {fault['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)


def _nearest(loc: tuple[int | str, ...], options: type[BaseModel]) -> str:
    valid = list(options.model_fields) if len(loc) == 1 else []
    near = get_close_matches(str(loc[-1]), valid, 1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; it takes {', '.join(valid)}" if valid else ""


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
