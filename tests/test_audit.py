"""What requirements/audit.py makes of pip-audit's answers: one that knows nothing must not pass for a clean one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parent.parent / "requirements" / "audit.py"
CLEAN = {"name": "aiohttp", "version": "3.14", "vulns": []}
FLAWED = {"name": "six", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1", "2.0"]}]}
UNKNOWN = {"name": "acme", "skip_reason": "Dependency not found"}


def audited(folder: Path, stdout: str, *, stderr: str = "", code: int = 0) -> tuple[int, str]:
    """Run it with a pip-audit that answers so."""
    lines = (f"#!{sys.executable}", "import sys", f"sys.stdout.write({stdout!r})", f"sys.stderr.write({stderr!r})")
    (command := folder / "pip-audit").write_text("\n".join((*lines, f"sys.exit({code})")))
    command.chmod(0o755)
    argv = [sys.executable, str(AUDIT), "production.txt"]
    done = subprocess.run(argv, env={"PATH": str(folder)}, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def answer(*packages: object) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_clean_packages_pass(tmp_path: Path) -> None:
    """It says how many were audited."""
    assert audited(tmp_path, answer(CLEAN, CLEAN)) == (
        0,
        "production.txt: audited: 2 packages, 0 known vulnerabilities\n",
    )


def test_a_known_vulnerability_fails(tmp_path: Path) -> None:
    """With package, version, name of the flaw and the way out; whatever else is not known."""
    code, told = audited(tmp_path, answer(CLEAN, FLAWED, UNKNOWN), code=1)
    assert code == 1
    assert told.splitlines() == [
        "production.txt: NOT AUDITED: 1 of 3 packages, which pip-audit's service does not know",
        "production.txt: audited: 2 packages, 1 known vulnerabilities",
        "  six 1.0: CVE-1, fixed in 1.1, 2.0",
    ]


def test_packages_that_nobody_knows_are_told(tmp_path: Path) -> None:
    """pip-audit itself says nothing of it and ends well."""
    code, told = audited(tmp_path, answer(UNKNOWN, UNKNOWN))
    assert (code, told.splitlines()[0]) == (
        0,
        "production.txt: NOT AUDITED: 2 of 2 packages, which pip-audit's service does not know",
    )


@pytest.mark.parametrize("last", ["requests.exceptions.ConnectionError: no route", "Read timed out."])
def test_a_service_out_of_reach_is_told(tmp_path: Path, last: str) -> None:
    """And stops nothing: not every place where this runs has one."""
    told = audited(tmp_path, "", stderr=f"Traceback\n{last}\n", code=1)
    assert told == (0, "production.txt: NOT AUDITED: pip-audit reaches no service\n")


def test_any_other_failure_fails(tmp_path: Path) -> None:
    """A file that it cannot read, for one."""
    told = audited(tmp_path, "", stderr="ERROR: package six has duplicate requirements\n", code=1)
    assert told == (1, "production.txt: NOT AUDITED: ERROR: package six has duplicate requirements\n")
