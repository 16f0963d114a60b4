"""A column that an author's own function computes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field, field_validator

from ....cep.authored.function import function_problems, read_function
from ....cep.processor.codec import tree_of
from ....cep.processor.function_runner import FunctionPlan, Style, run_function, trees
from ....graph.model import Column, Problem, Relation
from ....graph.node_parts import LocalRows
from ....graph.node_type import CodeTransformType, NodeConfig
from ...added_column import NESTED, column_problems, word_of
from ...fields import NameList, NewName, TypeText

CODE_CHARS = 100_000


class CustomPythonUdfConfig(NodeConfig):
    """A function, what it is given, and where its answer goes."""

    code: str = Field(
        min_length=1,
        max_length=CODE_CHARS,
        description="Python with exactly one function whose name has no leading underscore",
    )
    input_columns: NameList = Field(
        min_length=1, description="Columns whose values the function is given, by position"
    )
    output_column: NewName = Field(description="The new column, after all others")
    output_type: TypeText = Field(description="Its type, e.g. `bigint`")
    style: Style = Field(
        "row",
        description="`row`: called with the values of one row; `pandas`: with a Series per column",
    )
    on_error: Literal["fail", "null"] = Field(
        "fail",
        description="A row on which the function raises stops the query (`fail`) or has NULL "
        "(`null`)",
    )

    @field_validator("code")
    @classmethod
    def _plain_lines(cls, text: str) -> str:
        return text.replace("\r\n", "\n")


class CustomPythonUdf(CodeTransformType):
    """The author's own function."""

    type = "custom-python-udf"
    title = "Custom Python UDF"
    summary = "A column that your own Python function computes, row by row or on pandas Series"
    Config = CustomPythonUdfConfig
    aliases = ("python-udf", "udf")
    field_aliases = {
        "pythonCode": "code",
        "inputColumns": "input_columns",
        "outputColumn": "output_column",
        "outputType": "output_type",
    }

    def sentence(self, config: CustomPythonUdfConfig) -> str:
        """`double risk = score(amount, country)`."""
        found = re.search(r"^def ([^\W_]\w*)\(", config.code, re.MULTILINE)
        called = f"{found[1] if found else 'own code'}({', '.join(config.input_columns)})"
        return f"{config.output_column} = {called}, {config.output_type}"

    def check(self, config: CustomPythonUdfConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """The columns, then the code."""
        yield from column_problems(inputs[0], config.input_columns, config.output_column)
        yield from _type_problems(config, inputs[0])
        yield from function_problems(config.code, config.input_columns, "input_columns")

    def added(self, config: CustomPythonUdfConfig) -> tuple[Column, ...]:
        """The answer."""
        return (Column(config.output_column, config.output_type),)

    def authored_hash(self, config: CustomPythonUdfConfig) -> str:
        """Of the code as it is."""
        return _plan(config, Relation(())).sha256

    def code(self, config: CustomPythonUdfConfig, relation: Relation) -> dict[str, Any]:
        """The function by name, and the trees of its types."""
        plan = _plan(config, relation)
        return {
            "code": plan.code,
            "function": plan.function,
            "column": "series_column" if plan.style == "pandas" else "row_column",
            "names": list(config.input_columns),
            "inputs": trees(plan.inputs),
            "output_column": plan.output.name,
            "output": tree_of(plan.output.type),
            "returns": plan.output.type,
            "on_error": plan.on_error,
        }

    def local(
        self, config: CustomPythonUdfConfig, relation: Relation, table: Any, node_id: str
    ) -> LocalRows:
        """The code in its guarded process."""
        plan = _plan(config, relation)
        answers = run_function(plan, table, node_id)
        place = len(relation.columns)
        return LocalRows(table.add_column(place, plan.output.name, answers))


def _plan(config: CustomPythonUdfConfig, relation: Relation) -> FunctionPlan:
    authored = read_function(config.code)
    return FunctionPlan(
        config.code,
        authored.public[0].name,
        authored.imports,
        tuple(c for name in config.input_columns for c in relation.columns if c.name == name),
        Column(config.output_column, config.output_type),
        config.style,
        config.on_error,
    )


def _type_problems(config: CustomPythonUdfConfig, relation: Relation) -> Iterator[Problem]:
    given = [(name, relation.type_of(name) or "") for name in config.input_columns]
    if config.style == "pandas":
        typed = [(f"column `{n}`", "input_columns", kind) for n, kind in given]
        typed.append(("the answer", "output_type", config.output_type))
        for what, field, kind in typed:
            if word_of(kind) in NESTED:
                yield Problem(
                    "UNSUPPORTED_TYPE",
                    f"A Series has no form of its own for {what} of type {kind}.",
                    field,
                    kind,
                    "a type without parts",
                    fix={"style": "row"},
                )
    for _, kind in (*given, ("", config.output_type)):
        if re.search(r"map<(array|map|struct)", kind):
            yield Problem(
                "UNSUPPORTED_TYPE",
                f"A dict cannot have the keys of {kind}.",
                "output_type" if kind == config.output_type else "input_columns",
                kind,
                "maps whose keys have no parts",
            )


NODE = CustomPythonUdf()
