"""The command line: data on stdout, diagnostics on stderr, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lakestream_mcp.operations import operations
from lakestream_mcp.surfaces.cli import COMMANDS, main
from lakestream_mcp.surfaces.host import Host


def run(host: Host, *words: str, given: str | None = None) -> Result:
    """A command in this process."""
    return CliRunner().invoke(main, list(words), obj=host, input=given)


def test_help_lists_every_operation(host: Host) -> None:
    text = run(host, "--help").stdout
    assert all(op.command in text for op in operations())
    assert all(name in text for name in COMMANDS)


@pytest.mark.parametrize("name", sorted(op.command for op in operations()))
def test_every_command_has_help(host: Host, name: str) -> None:
    result = run(host, name, "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout


def test_changes_come_from_a_file_from_stdin_or_as_text(host: Host, tmp_path: Path) -> None:
    assert run(host, "create-pipeline", "--name", "Shell").exit_code == 0
    file = tmp_path / "changes.json"
    file.write_text(json.dumps([{"op": "set_pipeline", "description": "from a file"}]))
    from_stdin = json.dumps([{"op": "set_pipeline", "description": "from stdin"}])
    as_text = json.dumps([{"op": "set_pipeline", "description": "as text"}])
    for words, given in (
        ((f"@{file}",), None),
        (("-",), from_stdin),
        ((as_text,), None),
    ):
        result = run(host, "edit-pipeline", "shell", "--changes", *words, "--json", given=given)
        assert result.exit_code == 0, result.stderr
        assert json.loads(result.stdout)["changed"]["settings"] == ["description"]
        assert not result.stderr


def test_an_error_of_the_product_is_exit_code_1_on_stderr(host: Host) -> None:
    plain = run(host, "get-pipeline", "not-there")
    assert (plain.exit_code, plain.stdout) == (1, "")
    assert plain.stderr.startswith("PIPELINE_NOT_FOUND: ")
    as_json = run(host, "get-pipeline", "not-there", "--json")
    assert (as_json.exit_code, as_json.stdout) == (1, "")
    assert json.loads(as_json.stderr)["error"]["code"] == "PIPELINE_NOT_FOUND"


@pytest.mark.parametrize(
    "words",
    [
        ("fly",),
        ("get-pipeline",),
        ("get-pipeline", "x", "--detial", "full"),
        ("get-history", "x", "--limit", "ten"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(host: Host, words: tuple[str, ...]) -> None:
    result = run(host, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


def test_a_file_that_is_not_there_is_exit_code_2(host: Host) -> None:
    result = run(host, "edit-pipeline", "x", "--changes", "@/not/there.json")
    assert result.exit_code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("run", "guarded"),
        ("status", "guarded"),
        ("stop", "guarded"),
        ("logs", "guarded"),
        ("verify", "guarded", "--events", "[]"),
        ("preview-on-spark", "guarded", "node", "--events", "[]"),
        ("export", "--all", "BACKUP"),
        ("import", "BACKUP"),
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize("role", ["viewer", "author"])
def test_commands_that_are_no_operations_take_the_role_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], role: str
) -> None:
    monkeypatch.setenv("LAKESTREAM_DATA_DIR", str(tmp_path / "data"))
    made = CliRunner().invoke(main, ["create-pipeline", "--name", "Guarded"])
    assert made.exit_code == 0, made.stderr
    log = tmp_path / "data" / "runs" / "guarded" / "logs" / "spark.log"
    log.parent.mkdir(parents=True)
    log.write_text("what Spark said\n")
    monkeypatch.setenv("LAKESTREAM_ROLE", role)
    backup = str(tmp_path / "backup")
    refused = CliRunner().invoke(main, [backup if w == "BACKUP" else w for w in words])
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("FORBIDDEN: ")
    assert not Path(backup).exists()


def test_explain_prints_the_page_of_a_code(host: Host) -> None:
    result = run(host, "explain", "revision_conflict")
    assert result.exit_code == 0
    assert result.stdout.startswith("REVISION_CONFLICT\n")
    wrong = run(host, "explain", "REVISION_CONFLIKT")
    assert wrong.exit_code == 1
    assert "REVISION_CONFLICT" in wrong.stderr


def test_the_module_is_the_command_and_needs_no_server(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "lakestream_mcp", "create-pipeline", "--name", "Alone", "--json"],
        env={"LAKESTREAM_DATA_DIR": str(tmp_path), "PATH": ""},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["pipeline_id"] == "alone"
    assert (tmp_path / "lakestream.db").exists()
