"""From a plan to text: one cell per part, every value through a filter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..cep.pattern_type import PatternType
from ..errors import Unsupported
from ..graph.node_type import RelationalType, SinkType, SourceType
from .filters import FILTERS, Source
from .inline import carried_text, names_in, platform_functions
from .plan import NotebookPlan, PatternStep, Step

if TYPE_CHECKING:
    from jinja2 import Environment
    from sqlglot import exp

PACKAGE = Path(__file__).parent.parent
TARGET = "codegen/structured_streaming"
EMPTY: Mapping[str, str] = MappingProxyType({})
ALWAYS = ("parameter", "await_queries")
IMPORTS = {
    "os": "import os",
    "re": "import re",
    "sys": "import sys",
    "Path": "from pathlib import Path",
    "SparkSession": "from pyspark.sql import SparkSession",
    "Window": "from pyspark.sql import Window",
    "F": "from pyspark.sql import functions as F",
}


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Templates of this package; an unknown name is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(PACKAGE),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    made.filters = dict(FILTERS)
    made.globals = {}
    return made


def render(template: str, **values: Any) -> Source:
    """One template, as source."""
    return Source(environment().get_template(template).render(**values))


def notebook(plan: NotebookPlan, version: str) -> str:
    """The whole notebook, not yet formatted."""
    cells = [_node(step, plan) for step in plan.steps]
    return render(
        f"{TARGET}/notebook.py.j2",
        plan=plan,
        version=version,
        hashes={node_id: p.text.sha256 for node_id, p in plan.patterns.items()},
        imports=_imports(cells),
        platform=platform_functions([*cells, *ALWAYS]),
        carried=_carried(plan),
        cells=cells,
    )


def _imports(cells: list[Source]) -> Source:
    """The imports that the platform functions and the nodes' cells use."""
    text = "\n".join([platform_functions([*cells, *ALWAYS]), *cells])
    used = names_in(text)
    return Source("\n".join(line for name, line in IMPORTS.items() if name in used) + "\n")


def _carried(plan: NotebookPlan) -> list[Source]:
    """Kernel, condition runtime, matchers and the Spark host: each once, word for word."""
    if not plan.patterns:
        return []
    texts = [p.text for p in plan.patterns.values()]
    parts = [texts[0].kernel]
    for field in ("runtime", "matcher"):
        parts += dict.fromkeys(getattr(t, field) for t in texts if getattr(t, field))
    return [Source(part) for part in parts] + [carried_text("spark_host.py")]


def _node(step: Step, plan: NotebookPlan) -> Source:
    if isinstance(step.type, PatternType):
        body = _pattern(step, plan.patterns[step.node.id])
    elif isinstance(step.type, SourceType):
        body = _own_template(step, frame=step.frame)
    elif isinstance(step.type, SinkType):
        body = _own_template(step, input=step.inputs[0])
    elif isinstance(step.type, RelationalType):
        body = _relational(step)
    else:
        raise Unsupported(f"Node type {step.type.type} has no code.", got=step.type.type)
    declares = step.relation.delay_ms is not None and step.type.category != "pattern"
    declares = declares and all(r.delay_ms is None for r in step.input_relations)
    return render(
        f"{TARGET}/node.py.j2",
        node=step.node,
        sentence=step.type.sentence(step.config),
        body=body,
        frame=step.frame,
        relation=step.relation,
        declares=declares and step.type.category != "sink",
    )


def _own_template(step: Step, **names: str) -> Source:
    """The cell of a source or sink, from the template in its folder."""
    folder = step.type.folder.relative_to(PACKAGE).as_posix()
    variables = step.type.code(step.config, step.relation)  # type: ignore[attr-defined]
    return render(f"{folder}/structured_streaming.py.j2", **variables, **names, node=step.node.id)


def _relational(step: Step) -> Source:
    from ..relational.build import node_query

    assert isinstance(step.type, RelationalType)
    query = node_query(step.type, step.config, step.input_relations, step.relation)
    inputs = {f"in_{i}": frame for i, frame in enumerate(step.inputs)}
    beside = getattr(step.type, "static_tables", None)
    return sql_cell(step.frame, query, inputs, beside(step.config) if beside else {})


def _pattern(step: Step, pattern: PatternStep) -> Source:
    from ..relational.pack import pack_query, unpack_query

    relation, plan = step.input_relations[0], pattern.plan
    rows, found = f"{step.node.id}_rows", f"{step.node.id}_found"
    return render(
        f"{TARGET}/pattern.py.j2",
        build=Source(pattern.text.build),
        pack=sql_cell(rows, pack_query(plan, relation), {"in_0": step.inputs[0]}),
        unpack=sql_cell(step.frame, unpack_query(plan, relation, step.node.id), {"in_0": found}),
        rows=rows,
        found=found,
        layout=f"LAYOUT_{step.node.id.upper()}",
        matcher=f"matcher_{step.node.id}",
        conditions=len(plan.conditions),
        packed=[tuple(c) for c in pattern.packed],
        matches=[tuple(c) for c in pattern.matches],
    )


def sql_cell(
    frame: str, query: exp.Query, inputs: dict[str, str], tables: Mapping[str, str] = EMPTY
) -> Source:
    """`frame = spark.sql(…)` over frames and static tables that it names `in_0`, `in_1` …"""
    text = with_placeholders(query, [*inputs, *tables])
    return render(f"{TARGET}/relational.py.j2", frame=frame, sql=text, inputs=inputs, tables=tables)


def with_placeholders(query: exp.Query, names: list[str]) -> str:
    """The query's text for `spark.sql`, which formats it: tables as `{in_0}`, braces doubled."""
    from sqlglot import exp

    from ..relational.dialect import DIALECT

    tree = query.copy()
    mark = "lakestream_input_"
    while mark in DIALECT.generate(tree, comments=False):
        mark += "_"
    for table in list(tree.find_all(exp.Table)):
        if table.name in names and not table.args.get("db"):
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
            table.set("this", exp.to_identifier(f"{mark}{table.name}"))
    pretty = not any("\n" in i.name for i in tree.find_all(exp.Identifier))
    text = DIALECT.generate(tree, comments=False, pretty=pretty, max_text_width=88)
    text = text.replace("{", "{{").replace("}", "}}")
    return re.sub(rf"{mark}(in_\d+)", r"{\1}", text)
