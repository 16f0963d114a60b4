"""What a node type says of a node in one sentence, also while fields are missing."""

from __future__ import annotations

import pytest

from lakestream_mcp.graph.config import parse
from tests.codegen.cases import BASES, CATALOG


@pytest.mark.parametrize("name", BASES)
def test_a_field_that_is_missing_is_not_read_out(name: str) -> None:
    kind, base = CATALOG.get(name), BASES[name]
    fewer = [{k: v for k, v in base.items() if k != left_out} for left_out in base]
    needed = {k for k, field in kind.Config.model_fields.items() if field.is_required()}
    for given in [base, *fewer, {k: v for k, v in base.items() if k in needed}]:
        config = parse(kind, given).config
        if config is not None:
            assert "None" not in kind.sentence(config), given
