"""An author's function on rows: the guarded child's part.

Row by row, or on Series: then on all rows at once and again on small pieces, since Spark cuts rows
into batches as it likes and an answer must not depend on that. Standard library only, and pandas
where the function takes Series.
"""
# mypy: disable-error-code="no-untyped-call"

from collections.abc import Callable
from typing import Any

from .calls import ValueMisfitError, received, row_function, series_function
from .cycle import failure, loaded
from .states import StrictError
from .values import EPOCH, MICROSECOND, NAIVE_EPOCH, OUTPUT, as_dict, revived

PIECE_ROWS = 7
NUMPY_TYPES = {
    "boolean": "bool",
    "tinyint": "int8",
    "smallint": "int16",
    "int": "int32",
    "bigint": "int64",
    "float": "float32",
    "double": "float64",
}


class Applied:
    """One run of a function over rows.

    request: code, function, style, inputs (trees), output (tree), on_error, rows.
    """

    def __init__(self, request: dict[str, Any], import_module: Callable[..., Any]) -> None:
        self.inputs = request["inputs"]
        self.output = request["output"]
        self.on_error = request["on_error"]
        self.style = request["style"]
        self.rows = [
            [revived(v, tree, as_dict) for v, tree in zip(row, self.inputs, strict=True)]
            for row in request["rows"]
        ]
        self.row: int | None = None
        self.function, _ = loaded(request["code"], request["function"], import_module)

    def answers(self) -> list[Any]:
        """An answer per row, as plain data."""
        made = self._by_series() if self.style == "pandas" else self._by_row()
        return [OUTPUT.check(value, self.output, "the result") for value in made]

    def _by_row(self) -> list[Any]:
        call = row_function(self.function, self.inputs, self.output, self.on_error)
        found = []
        for number, row in enumerate(self.rows):
            self.row = number
            found.append(call(*row))
        return found

    def _by_series(self) -> list[Any]:
        whole = self._pieces(max(len(self.rows), 1))
        pieces = self._pieces(PIECE_ROWS)
        for n, (one, other) in enumerate(zip(whole, pieces, strict=True)):
            if repr(one) != repr(other):
                self.row = n
                raise StrictError(
                    "DEPENDS_ON_BATCH",
                    f"Row {n} has {one!r:.60} among all rows and {other!r:.60} in a batch of "
                    f"{PIECE_ROWS}: Spark cuts batches as it likes.",
                    expected="each answer computed from its own row",
                )
        return whole

    def _pieces(self, size: int) -> list[Any]:
        call = series_function(self.function, self.inputs, self.output, self.on_error)
        found: list[Any] = []
        for start in range(0, len(self.rows), size):
            rows = self.rows[start : start + size]
            columns = zip(self.inputs, zip(*rows, strict=True), strict=True)
            found += call(*(part for tree, values in columns for part in parts(values, tree)))
        return found


def parts(values: tuple[Any, ...], tree: Any) -> tuple[Any, Any]:
    """A column's values and where they are NULL, as generated code gets them from Spark."""
    import pandas as pd

    missing = pd.Series([value is None for value in values], dtype="bool")
    if tree in ("timestamp", "timestamp_ntz"):
        start = EPOCH if tree == "timestamp" else NAIVE_EPOCH
        times = [0 if value is None else (value - start) // MICROSECOND for value in values]
        return pd.Series(times, dtype="int64"), missing
    if isinstance(tree, str) and tree in NUMPY_TYPES:
        none = float("nan") if tree in ("float", "double") else 0
        filled = [none if value is None else value for value in values]
        return pd.Series(filled, dtype=NUMPY_TYPES[tree]), missing
    return pd.Series([received(v, tree) for v in values], dtype="object"), missing


def apply(request: dict[str, Any], import_module: Callable[..., Any]) -> dict[str, Any]:
    """The answers of all rows, or what failed."""
    applied = None
    try:
        applied = Applied(request, import_module)
        answers = applied.answers()
    except BaseException as error:  # noqa: BLE001  whatever the author's code raises
        told = failure(error, None)
        if isinstance(error, ValueMisfitError):
            told |= {"code": "OUTPUT_VALUE", "message": f"{error}."}
        if applied is not None and applied.row is not None:
            told["row"] = applied.row
        return {"failed": told}
    return {"runs": [{"rows": [[[a], 0, "call"] for a in answers], "timers": 0, "states": {}}]}
