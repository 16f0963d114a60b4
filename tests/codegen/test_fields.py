"""No setting is without effect: every field changes the code, or its value is refused."""

from __future__ import annotations

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.errors import LakestreamError
from tests import witness

from .bench import Bench
from .cases import BASES, CHANGES, LOCAL_ONLY, Json, document

TYPES = Catalog.load().types()
FIELDS = [(name, field) for name, fields in CHANGES.items() for field in fields]


def code(bench: Bench, node_type: str, config: Json) -> str | None:
    """The generated code, or None where the document is refused."""
    try:
        made = bench.attempt(document(node_type, config))
    except LakestreamError:
        return None
    return None if made is None else next(iter(made.generated.files.values()))


@pytest.mark.parametrize("node_type", TYPES)
def test_every_field_has_another_value_to_try(bench: Bench, node_type: str) -> None:
    assert node_type in BASES, "add a base document to tests/codegen/cases.py"
    assert set(CHANGES[node_type]) == set(bench.catalog.get(node_type).Config.model_fields)


@pytest.mark.parametrize(("node_type", "field"), FIELDS)
def test_a_field_changes_the_code_or_is_refused(bench: Bench, node_type: str, field: str) -> None:
    change = CHANGES[node_type][field]
    without = {k: v for k, v in change.items() if k != field}
    base = code(bench, node_type, BASES[node_type] | without)
    changed = code(bench, node_type, BASES[node_type] | change)
    if (node_type, field) in LOCAL_ONLY:
        assert changed == base
    else:
        assert changed is None or changed != base
    witness.saw(node_type, "fields", f"sss {field}")


@pytest.mark.parametrize("node_type", TYPES)
def test_the_base_document_is_right(bench: Bench, node_type: str) -> None:
    assert code(bench, node_type, BASES[node_type]) is not None
