"""What Sail says of itself is no fault of the SQL: only that is remembered of a node."""

from __future__ import annotations

from lakestream_mcp.errors import EngineFailed, InvalidSql
from lakestream_mcp.relational.sail_errors import sail_error

SESSION = "8b6a3c1e-7f52-4a0d-9b1c-1a5e57ea0000"


def test_a_session_that_has_ended_is_the_engine_s_failure() -> None:
    said = f"invalid argument: session {SESSION} is not running"
    assert isinstance(sail_error(said, "INVALID_ARGUMENT", {"sql": "SELECT 1"}), EngineFailed)


def test_words_of_the_author_are_not_taken_for_it() -> None:
    said = "invalid argument: table session is not running"
    assert isinstance(sail_error(said, "INVALID_ARGUMENT", {"sql": "SELECT 1"}), InvalidSql)
