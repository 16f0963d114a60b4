"""`python -m tests.codegen.make_golden` rewrites all golden files of generated code."""

import sys
from pathlib import Path

import pytest

from tests.conftest import REWRITE

if __name__ == "__main__":
    sys.exit(pytest.main(["-q", REWRITE, str(Path(__file__).with_name("test_golden.py"))]))
