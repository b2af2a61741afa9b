#!/usr/bin/env python3
"""Says which packages that a file pins have a known vulnerability, and of how many nobody could say.

    requirements/audit.py FILE        with pip-audit on PATH; exits 1 where one has, or where pip-audit fails

pip-audit ends well where its service has never heard of a package, and fails where it reaches none: an index without
that service would pass everything, or stop everything. Both are told here, and are no failure.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

_COMMAND = ("pip-audit", "--format=json", "--progress-spinner=off", "--disable-pip", "--require-hashes")
_AWAY = ("connect", "timed out")  # in what it says last


def main(file: str) -> int:
    """Ask, and tell."""
    command = (*_COMMAND, f"--requirement={file}")
    asked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    try:
        packages = json.loads(asked.stdout)["dependencies"]
    except (ValueError, TypeError, KeyError):
        return _failed(file, (asked.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1])
    unknown = [package for package in packages if "skip_reason" in package]
    found = [_found(package, flaw) for package in packages for flaw in package.get("vulns", ())]
    if unknown:
        _tell(
            f"{file}: NOT AUDITED: {len(unknown)} of {len(packages)} packages, which pip-audit's service does not know"
        )
    _tell(f"{file}: audited: {len(packages) - len(unknown)} packages, {len(found)} known vulnerabilities", *found)
    return int(bool(found))


def _failed(file: str, reason: str) -> int:
    away = any(sign in reason.lower() for sign in _AWAY)
    _tell(f"{file}: NOT AUDITED: {'pip-audit reaches no service' if away else reason}")
    return int(not away)


def _found(package: dict[str, Any], flaw: dict[str, Any]) -> str:
    fixed = ", ".join(flaw["fix_versions"]) or "no version yet"
    return f"  {package['name']} {package['version']}: {flaw['id']}, fixed in {fixed}"


def _tell(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
