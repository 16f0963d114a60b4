"""The checks that every generation climbs, when the machine is in their way."""

from __future__ import annotations

import pytest

from lakestream_mcp.codegen import verify
from lakestream_mcp.errors import EngineFailed


def test_a_check_that_takes_too_long_is_told_and_not_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "of_this_test = 1\n"
    with monkeypatch.context() as slow:
        slow.setattr(verify, "DEADLINE_S", 0.0)
        with pytest.raises(EngineFailed, match="could not be checked"):
            verify.check(text)
    verify.check(text)
