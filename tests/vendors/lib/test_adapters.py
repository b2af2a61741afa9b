from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import worker.vendors
from worker.model.errors import ConfigurationError
from worker.ports import VendorContext
from worker.vendors.echo import Echo
from worker.vendors.http import Http
from worker.vendors.lib import adapters
from worker.vendors.lib.adapters import build, find, names

GOOD = """
from typing import Any
from worker.vendors.lib.rest import Request, RestVendor
from worker.vendors.lib.options import Options

class AcmeOptions(Options):
    account: str

class Acme(RestVendor[AcmeOptions, dict[str, Any]]):
    def request(self, job):
        return Request("POST", "https://acme.example/v1", json=job.payload)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Write a module where Python finds it; gives its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str) -> str:
        name = f"package_{abs(hash(request.node.nodeid))}"
        (tmp_path / f"{name}.py").write_text(text)
        return name

    return write


def refusal(name: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        find(name)
    return str(raised.value)


def test_own_adapters_are_found_by_module() -> None:
    """A module of worker/vendors is an adapter, by the one class that has Options."""
    assert find("http") is Http
    assert find("echo") is Echo
    assert {"echo", "http"} <= set(names())
    assert "lib" not in names()


def test_any_class_is_found_by_its_path(package: Callable[[str], str], context: Callable[..., VendorContext]) -> None:
    """`package.module:Class` needs no registration, and builds without I/O."""
    name = package(GOOD)
    vendor = build(f"{name}:Acme", {"account": "7"}, context())
    assert type(vendor).__name__ == "Acme"


def test_package_brings_adapters_by_entry_point(package: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point of group sluice.vendors is found by its name, and listed."""
    point = EntryPoint("acme", f"{package(GOOD)}:Acme", adapters.GROUP)
    broken = EntryPoint("broken", "package_not_there:Acme", adapters.GROUP)

    def installed(*, group: str, name: str | None = None) -> list[EntryPoint]:
        assert group == "sluice.vendors"
        return [each for each in (point, broken) if name in {None, each.name}]

    monkeypatch.setattr(adapters, "entry_points", installed)
    assert getattr(find("acme"), "__name__", None) == "Acme"
    assert "acme" in names()
    assert "No module named 'package_not_there'" in refusal("broken")


def test_unknown_adapter_is_told_with_the_nearest() -> None:
    """The error lists what exists."""
    told = refusal("htpp")
    assert "did you mean 'http'?" in told
    assert "echo, http" in told
    assert "did you mean" not in refusal("zzz")


@pytest.mark.parametrize("name", ["lib", "lib.rest", "..settings", "", "os"])
def test_other_modules_are_no_adapters(name: str) -> None:
    """Only files of worker/vendors are looked up by a bare name."""
    assert f"no adapter {name!r}" in refusal(name)


def test_import_error_inside_an_adapter_is_told(package: Callable[[str], str]) -> None:
    """Whatever a third party's module raises is shown with its text."""
    name = package("import not_installed_here")
    told = refusal(f"{name}:Acme")
    assert f"{name} cannot be imported" in told
    assert "No module named 'not_installed_here'" in told
    assert "package_nowhere cannot be imported" in refusal("package_nowhere:Acme")
    assert "cannot be imported" in refusal(":Acme")


def test_missing_class_is_told_with_the_nearest(package: Callable[[str], str]) -> None:
    """A wrong class name is told by the right one."""
    name = package(GOOD)
    assert f"did you mean {name}:Acme?" in refusal(f"{name}:Acmee")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Acme = 7", "is of type int, not a class"),
        ("class Acme: pass", "Acme has no Options, Payload, prepare, send, classify"),
        (GOOD + "    Options = dict", "Acme.Options is not a pydantic model"),
        (GOOD.replace("AcmeOptions(Options)", "AcmeOptions(__import__('pydantic').BaseModel)"), "ignores unknown keys"),
    ],
)
def test_class_that_is_no_adapter_is_told_what_it_lacks(package: Callable[[str], str], text: str, told: str) -> None:
    """An adapter's author learns what is missing from `sluice check`."""
    assert told in refusal(f"{package(text)}:Acme")


def test_file_with_two_adapters_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of worker/vendors defines one class with Options, so that its name says which."""
    monkeypatch.setattr(worker.vendors, "__path__", [str(tmp_path)])
    (tmp_path / "two.py").write_text(GOOD + GOOD.replace("class Acme(", "class Other("))
    assert "worker.vendors.two defines 2 classes with Options" in refusal("two")


def test_wrong_options_are_named(context: Callable[..., VendorContext]) -> None:
    """Each wrong option on its line: entry, option, rule; unknown ones with the nearest valid name."""
    with pytest.raises(ConfigurationError) as raised:
        build("http", {"url": "https://h/{", "metod": "PUT", "retry": ["x"], "headers": {"X": 7}}, context())
    lines = str(raised.value).splitlines()
    assert "vendors.acme.options.url: a lone { at character 11; write it twice to mean the brace" in lines
    assert "vendors.acme.options.metod: unknown; did you mean 'method'?" in lines
    assert "vendors.acme.options.headers.X: 7 is not text" in lines
    assert any(line.startswith("vendors.acme.options.retry.0: ") for line in lines)


def test_unknown_option_without_a_near_one_lists_all(context: Callable[..., VendorContext]) -> None:
    """Where nothing is near, all are shown."""
    with pytest.raises(ConfigurationError, match=r"options\.zzz: unknown; it takes delay, batch"):
        build("echo", {"zzz": 1}, context())


def test_adapter_that_cannot_be_built_is_told(
    package: Callable[[str], str], context: Callable[..., VendorContext]
) -> None:
    """An error of its constructor is the operator's to see; its own ConfigurationError passes as it is."""
    name = package(GOOD + "\n    def __init__(self, options, context):\n        raise KeyError('account')")
    with pytest.raises(ConfigurationError, match=r"vendors\.acme: adapter .* was not built: KeyError: 'account'"):
        build(f"{name}:Acme", {"account": "7"}, context())
    with pytest.raises(ConfigurationError, match=r"^vendors\.acme\.secret is missing"):
        build("http", {"url": "{secret}"}, context())
