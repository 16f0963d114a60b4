"""What all tests share: an environment of their own, and golden files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import witness

SETTINGS = ("LAKESTREAM_", "PG", "DATABRICKS_")
KEPT = {"LAKESTREAM_SPARK_PYTHON"}
REWRITE = "--rewrite-golden"
Golden = Callable[[Path, str], None]

# No test fails because a machine is slow, and the same tests draw the same examples each time.
# `--hypothesis-profile search` draws others, and prints what brings a failure back.
settings.register_profile(
    "same", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile(
    "search", settings.get_profile("same"), derandomize=False, print_blob=True
)
settings.load_profile("same")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make golden` passes the option that rewrites golden files instead of comparing."""
    parser.addoption(REWRITE, action="store_true", help="rewrite golden files")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What a test has witnessed counts once the test has passed."""
    if report.when == "call" and report.passed:
        witness.keep(report.nodeid)
    elif report.when == "teardown":
        witness.forget()


@pytest.fixture(autouse=True, scope="session")
def own_environment() -> Iterator[None]:
    """Neither the user's settings reach the tests, nor the tests the user's data."""
    given = {k: v for k, v in os.environ.items() if k.startswith(SETTINGS)}
    for name in given.keys() - KEPT:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="lakestream-tests-") as folder:
        os.environ["LAKESTREAM_DATA_DIR"] = folder
        os.environ["DATABRICKS_CONFIG_FILE"] = f"{folder}/no-profiles"
        yield
    del os.environ["LAKESTREAM_DATA_DIR"], os.environ["DATABRICKS_CONFIG_FILE"]
    os.environ.update(given)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text with a golden file; with `--rewrite-golden`, write it."""
    rewrite = request.config.getoption(REWRITE)

    def compare(file: Path, text: str) -> None:
        if rewrite:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.exists(), f"{file} is missing: `make golden` writes it"
        assert text == file.read_text(encoding="utf-8"), f"{file} differs: see `make golden`"

    return compare
