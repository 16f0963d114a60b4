"""`make run` and the worked pipeline of the README, as a newcomer runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from .sources import ROOT

JOB = ROOT / "examples" / "earthquakes.py"
README_COMMAND = re.compile(r"^\.venv/bin/lakestream (.*)$", re.MULTILINE)
ON_SPARK = {"run", "verify", "serve"}
TIMEOUT_S = 250


def run(
    *command: str, data_dir: Path, shell: bool = False, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run a program of the checkout with a store of its own."""
    return subprocess.run(
        command[0] if shell else command,
        cwd=ROOT,
        env={**os.environ, "LAKESTREAM_DATA_DIR": str(data_dir), "LAKESTREAM_PORT": "0", **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
        shell=shell,
    )


def test_the_main_job_holds_what_it_checks_and_can_be_repeated(tmp_path: Path) -> None:
    first, second = (run(sys.executable, str(JOB), data_dir=tmp_path, ONCE="1") for _ in range(2))
    assert first.returncode == 0, first.stdout + first.stderr
    assert second.returncode == 0, second.stdout + second.stderr
    assert revisions(second.stdout) == revisions(first.stdout)


def revisions(said: str) -> list[str]:
    """The revisions that the edits ended with."""
    return re.findall(r"^edit_pipeline .* revision (\d+)", said, re.MULTILINE)


def test_the_main_job_fails_when_a_check_does_not_hold(tmp_path: Path) -> None:
    result = run(sys.executable, str(JOB), data_dir=tmp_path, ONCE="1", LAKESTREAM_ROLE="viewer")
    assert result.returncode == 1
    assert "FORBIDDEN" in result.stdout


def test_the_commands_of_the_readme_run_in_order(tmp_path: Path) -> None:
    commands = README_COMMAND.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    ours = [c for c in commands if c.split()[0] not in ON_SPARK]
    assert ours
    for command in ours:
        whole = f"{sys.executable} -m lakestream_mcp {command}"
        result = run(whole, data_dir=tmp_path, shell=True)
        assert result.returncode == 0, f"{command}\n{result.stderr}"
