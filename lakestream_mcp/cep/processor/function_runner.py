"""The parent's side of an author's function: its answers for the rows of a table."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from ...errors import InvalidEvents
from ...graph.model import Column
from .codec import decoded_table, encoded_rows, tree_of
from .runner import LIMITS, Child, Failure, Limits, failed

if TYPE_CHECKING:
    import pyarrow as pa

Style = Literal["row", "pandas"]
ROW_LIMIT = 300_000


class FunctionPlan(NamedTuple):
    """An author's function, as both hosts call it: `code` is taken word for word.

    inputs: the columns it is given, in order. output: the column of its answers.
    """

    code: str
    function: str
    imports: tuple[str, ...]
    inputs: tuple[Column, ...]
    output: Column
    style: Style
    on_error: Literal["fail", "null"]

    @property
    def sha256(self) -> str:
        """The hash that generated code and test runs both name."""
        return hashlib.sha256(self.code.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def modules(self) -> tuple[str, ...]:
        """What must be loaded before the child is closed."""
        needed = {"pandas", "numpy"} if self.style == "pandas" else set()
        return tuple(sorted({*self.imports, *needed}))


def run_function(
    plan: FunctionPlan, table: pa.Table, node_id: str, limits: Limits = LIMITS
) -> pa.Array:
    """The function's answer for each row of a table, from a guarded process.

    Raises InvalidPipeline with the line of the code and the row; InvalidEvents, EngineFailed.
    """
    if table.num_rows > ROW_LIMIT:
        raise InvalidEvents(
            f"An author's function is tried on at most {ROW_LIMIT:,} rows.",
            where={"node": node_id},
            got=table.num_rows,
            expected=ROW_LIMIT,
        )
    request = {
        "code": plan.code,
        "function": plan.function,
        "style": plan.style,
        "on_error": plan.on_error,
        "inputs": trees(plan.inputs),
        "output": tree_of(plan.output.type),
        "rows": encoded_rows(table, plan.inputs),
    }
    with Child(plan.modules, limits) as child:
        answer = child.exchange(request, 1)
    if answer.failed is None and len(answer.runs[0].rows) != table.num_rows:
        message = "The code gave another number of answers than rows."
        answer.failed = Failure(code="CODE_CRASHED", message=message)
    if answer.failed is not None:
        raise failed(answer.failed, plan.code, node_id)
    return decoded_table(answer.runs[0].rows, (plan.output,)).column(0).combine_chunks()


def trees(columns: Sequence[Column]) -> list[object]:
    """The types of columns, as the called code reads them."""
    return [tree_of(column.type) for column in columns]
