"""The worked pipeline of the README, typed in as it stands there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from .processes import run
from .sources import ROOT

README_COMMAND = re.compile(r"^\.venv/bin/lakestream (.*)$", re.MULTILINE)
ELSEWHERE = {"run", "verify", "serve"}
"""Commands with tests of their own: they need Spark, or do not end."""


def test_the_commands_of_the_readme_run_in_order(tmp_path: Path) -> None:
    commands = README_COMMAND.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    ours = [c for c in commands if c.split()[0] not in ELSEWHERE]
    assert ours
    for command in ours:
        whole = f"{sys.executable} -m lakestream_mcp {command}"
        result = run(whole, data_dir=tmp_path, shell=True)
        assert result.returncode == 0, f"{command}\n{result.stderr}"
