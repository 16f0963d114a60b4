"""One local engine for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.codegen.bench import Bench


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    """Catalog, local engine and resolver."""
    made = Bench()
    yield made
    made.close()
