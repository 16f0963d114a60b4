"""`make run`, as a newcomer runs it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from .processes import run
from .sources import ROOT

JOB = ROOT / "examples" / "earthquakes.py"


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
    assert "DOES NOT HOLD" in result.stdout
    assert not result.stderr
