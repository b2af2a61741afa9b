from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PINNED = ("production", "demo", "deploy", "build", "tools")


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return {
        canonicalize_name(project): version for project, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    }


def wanted(name: str) -> list[Requirement]:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = pyproject["project"]
    extras = project["optional-dependencies"]
    return [
        Requirement(text)
        for text in {
            "production": project["dependencies"],
            "demo": [*project["dependencies"], *extras["demo"]],
            "deploy": [*project["dependencies"], *extras["deploy"]],
            "build": pyproject["build-system"]["requires"],
            "tools": pyproject["dependency-groups"]["audit"],
        }[name]
    ]


@pytest.mark.parametrize("name", PINNED)
def test_pins_satisfy_the_project(name: str) -> None:
    """What the image installs is what pyproject.toml asks for; else run requirements/refresh."""
    pinned = pins(name)
    missed = [
        str(wish) for wish in wanted(name) if not wish.specifier.contains(pinned.get(canonicalize_name(wish.name), "0"))
    ]
    assert missed == []


@pytest.mark.parametrize("name", PINNED)
def test_every_pin_has_its_hashes_and_no_address(name: str) -> None:
    """Each pin is followed by a hash, and no file says where packages come from."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert len(re.findall(r"^[\w.-]+==.*\\\n +--hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)) == len(pins(name)) > 0
    assert "://" not in text
    assert "file:" not in text


@pytest.mark.parametrize("more", ["demo", "deploy"])
def test_production_and_its_extras_agree(more: str) -> None:
    """What both install, they install in the same version."""
    assert pins("production").items() <= pins(more).items()


def test_production_has_no_emulator() -> None:
    """The production image's packages hold neither the embedded AWS nor the live view."""
    assert not {"ministack", "rich"} & set(pins("production"))
