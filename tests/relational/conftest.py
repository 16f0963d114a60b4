"""One engine for all tests of the relational layer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lakestream_mcp.relational.local import LocalEngine


@pytest.fixture(scope="package")
def engine() -> Iterator[LocalEngine]:
    """A running engine."""
    running = LocalEngine()
    yield running
    running.close()
