"""No setting is without effect in declarative code: it changes the code, or is refused."""

from __future__ import annotations

import pytest

from tests import witness
from tests.codegen.bench import Bench
from tests.codegen.cases import BASES, CHANGES, LOCAL_ONLY
from tests.conftest import Golden

from .cases import TYPES, code_for, code_or_none, declarative, without_config

SAID_ANYWAY = {("delta-table-sink", "merge_schema"), ("unity-catalog-table-sink", "merge_schema")}
"""What a pipeline does with any value: streaming tables take new columns."""
FIELDS = [(name, field) for name in TYPES for field in CHANGES[name]]


@pytest.mark.parametrize(("node_type", "field"), FIELDS)
def test_a_field_changes_the_code_or_is_refused(bench: Bench, node_type: str, field: str) -> None:
    change = CHANGES[node_type][field]
    without = {k: v for k, v in change.items() if k != field}
    base = code_or_none(bench, declarative(node_type, BASES[node_type] | without))
    changed = code_or_none(bench, declarative(node_type, BASES[node_type] | change))
    if (node_type, field) in LOCAL_ONLY | SAID_ANYWAY:
        assert base is not None
        assert changed is not None
        assert without_config(changed.files) == without_config(base.files)
    else:
        assert (
            changed is None
            or base is None
            or without_config(changed.files) != without_config(base.files)
        )
    witness.saw(node_type, "fields", f"sdp {field}")


@pytest.mark.parametrize("node_type", TYPES)
def test_a_node_of_each_type(bench: Bench, golden: Golden, node_type: str) -> None:
    made = code_for(bench, declarative(node_type, BASES[node_type]), "sdp")
    folder = bench.catalog.get(node_type).folder / "golden"
    own = [lines for lines in made.line_map if lines.node == "it"]
    assert own
    for lines in own:
        text = made.files[lines.file].split("\n")[lines.start - 1 : lines.end]
        name = f"declarative.{lines.file.rpartition('.')[2]}"
        golden(folder / name, "\n".join(text).strip() + "\n")


@pytest.mark.parametrize("node_type", TYPES)
def test_code_is_the_same_every_time(bench: Bench, node_type: str) -> None:
    made = declarative(node_type, BASES[node_type])
    assert code_for(bench, made, "sdp") == code_for(bench, made, "sdp")
