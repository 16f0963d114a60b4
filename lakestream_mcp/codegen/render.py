"""From a plan to text: one cell per part, every value through a filter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..cep.pattern_type import PatternType
from ..cep.processor_type import ProcessorPlan, ProcessorType
from ..errors import Unsupported
from ..graph.kept import Kept
from ..graph.node_type import CodeTransformType, RelationalType, SinkType, SourceType
from ..relational.column_types import ddl
from .filters import FILTERS, Source, inside_function, sql_ident
from .imports import IMPORTS, import_lines
from .inline import Code, Names, carried_text, names_in, platform_functions, platform_names
from .placeholders import placed, unpack_text
from .plan import NotebookPlan, PatternStep, Step
from .verify import authored_lines

if TYPE_CHECKING:
    from jinja2 import Environment

    from ..relational.declarative.statements import Expectation

PACKAGE = Path(__file__).parent.parent
TARGET = "codegen/structured_streaming"
EMPTY: Mapping[str, str] = MappingProxyType({})
ALWAYS = ("parameter", "await_queries")
WORD = re.compile(r"\w+")
MAX_KEPT = 8_000
"""Characters of a cell; longer ones are an author's code, and are made each time."""


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Templates of this package; an unknown name is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(PACKAGE),
        auto_reload=False,
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
    cells = [_cell(step, plan) for step in plan.steps]
    platform = platform_functions({*ALWAYS, *(n for cell in cells for n in cell.names.mentioned)})
    used = platform.names.read.union(*(cell.names.read for cell in cells))
    return render(
        f"{TARGET}/notebook.py.j2",
        plan=plan,
        version=version,
        hashes=plan.hashes,
        packages=sorted({p for s in plan.steps for p in getattr(s.type, "packages", ())}),
        imports=Source(import_lines(used)),
        platform=platform.text,
        carried=_carried(plan),
        several_watermarks=sum(map(declares_watermark, plan.steps)) > 1,
        cells=[(s.node.name, cell.text) for s, cell in zip(plan.steps, cells, strict=True)],
    )


_CELLS: Kept[Any, Code] = Kept(10_000)


def _cell(step: Step, plan: NotebookPlan) -> Code:
    """The cell of a node, made anew only where it would be another."""
    key = (step.key, plan.settings.state_layout)
    known = _CELLS.get(key)
    if known is None:
        text = _node(step, plan)
        known = Code(text, _names(_without_authored(text)))
        if len(text) <= MAX_KEPT:
            _CELLS.put(key, known)
    return known


def _names(text: Source) -> Names:
    """Those of its names that need something: most cells have none, which is seen by words."""
    return names_in(text) if _needing().intersection(WORD.findall(text)) else Names()


@lru_cache(maxsize=1)
def _needing() -> frozenset[str]:
    return platform_names() | IMPORTS.keys()


def _without_authored(cell: Source) -> Source:
    """A cell without an author's code, whose names are its own."""
    authored = authored_lines(cell)
    if not authored:
        return cell
    lines = cell.splitlines()
    return Source("\n".join(x for n, x in enumerate(lines, 1) if n not in authored))


def _carried(plan: NotebookPlan) -> list[tuple[str, Source]]:
    """Kernel, condition runtime, matchers and the Spark host: each once, word for word."""
    if not plan.patterns:
        return []
    texts = [p.text for p in plan.patterns.values()]
    parts = [("kernel", texts[0].kernel)]
    for field in ("runtime", "values", "matcher"):
        found = dict.fromkeys(getattr(t, field) for t in texts if getattr(t, field))
        parts += [(field, text) for text in found]
    keyed = plan.settings.state_layout == "keys"
    hosts = ("spark_host.py", "key_states.py", "keyed_host.py") if keyed else ("spark_host.py",)
    named = [(field, Source(text)) for field, text in parts]
    return [*named, *((Path(host).stem.replace("_", " "), carried_text(host)) for host in hosts)]


def _node(step: Step, plan: NotebookPlan) -> Source:
    if isinstance(step.type, PatternType):
        keyed = plan.settings.state_layout == "keys"
        body = _pattern(step, plan.patterns[step.node.id], keyed)
    elif isinstance(step.type, ProcessorType):
        body = _processor(step, plan.processors[step.node.id])
    elif isinstance(step.type, SourceType):
        body = _own_template(step, frame=step.frame)
    elif isinstance(step.type, SinkType):
        body = _own_template(step, input=step.inputs[0])
    elif isinstance(step.type, CodeTransformType):
        body = _own_template(step, frame=step.frame, input=step.inputs[0])
    elif isinstance(step.type, RelationalType):
        body = _relational(step)
    else:
        raise Unsupported(f"Node type {step.type.type} has no code.", got=step.type.type)
    return render(
        f"{TARGET}/node.py.j2",
        node=step.node,
        sentence=step.type.sentence(step.config),
        body=body,
        frame=step.frame,
        relation=step.relation,
        declares=declares_watermark(step),
    )


def declares_watermark(step: Step) -> bool:
    """Whether this node is where the watermark of its rows is declared."""
    if step.relation.delay_ms is None or step.type.category in ("pattern", "sink"):
        return False
    return all(relation.delay_ms is None for relation in step.input_relations)


def _own_template(step: Step, **names: str) -> Source:
    """The cell of a source, a sink or a transform in Python, from the template in its folder."""
    folder = step.type.folder.relative_to(PACKAGE).as_posix()
    # A source has no input, and a sink's relation is its input's.
    relation = step.input_relations[0] if step.input_relations else step.relation
    variables = step.type.code(step.config, relation)  # type: ignore[attr-defined]
    return render(f"{folder}/structured_streaming.py.j2", **variables, **names, node=step.node.id)


def _relational(step: Step) -> Source:
    from ..relational.build import node_query

    assert isinstance(step.type, RelationalType)
    inputs = {f"in_{i}": frame for i, frame in enumerate(step.inputs)}
    tables = step.type.static_tables(step.config)
    frames = ({"out": step.frame} if step.has_out else {}) | step.ports
    cells = []
    if expectations := step.type.expectations(step.config, step.input_relations):
        cells.append(_observed(step, expectations))
        inputs["in_0"] = f"{step.node.id}_rows"
    for port, frame in frames.items():
        query = node_query(step.type, step.config, step.input_relations, step.relation, port)
        text = placed(query, [*inputs, *tables])
        cells.append(sql_cell(frame, text, inputs, tables))
    return Source("\n".join(cells))


def _observed(step: Step, expectations: Sequence[Expectation]) -> Source:
    """What counts the rows that fail, before any is dropped."""
    from ..relational.sql import sql

    return render(
        f"{TARGET}/expectations.py.j2",
        node=step.node.id,
        rows=f"{step.node.id}_rows",
        input=step.inputs[0],
        expectations={e.name: sql(e.condition) for e in expectations},
    )


def _pattern(step: Step, pattern: PatternStep, keyed: bool) -> Source:
    from ..relational.pack import packing_query, unpacking

    plan = pattern.plan
    inputs = {f"in_{i}": frame for i, frame in enumerate(step.inputs)}
    rows, found = f"{step.node.id}_rows", f"{step.node.id}_found"
    match_rows = unpacking(plan, step.input_relations[0])
    return render(
        f"{TARGET}/pattern.py.j2",
        build=Source(pattern.text.build),
        pack=sql_cell(rows, placed(packing_query(plan, step.input_relations), inputs), inputs),
        unpack=sql_cell(step.frame, unpack_text(match_rows, step.node.id), {"in_0": found}),
        rows=rows,
        found=found,
        layout=f"LAYOUT_{step.node.id.upper()}",
        matcher=f"matcher_{step.node.id}",
        conditions=len(plan.conditions),
        packed=[tuple(c) for c in pattern.packed],
        matches=[tuple(c) for c in pattern.matches],
        keyed=keyed,
    )


def _processor(step: Step, plan: ProcessorPlan) -> Source:
    """An author's code inside a function of its own, so that its names meet no others."""
    return render(
        f"{TARGET}/processor.py.j2",
        maker=f"processor_{step.node.id}",
        code=inside_function(plan.code),
        class_name=plan.class_name,
        frame=step.frame,
        input=step.inputs[0],
        columns=[sql_ident(name) for name in step.input_relations[0].names],
        key=[sql_ident(name) for name in plan.key],
        output=ddl(plan.output),
        output_mode=plan.output_mode.title(),
        time_mode=plan.time_mode.title().replace("_", ""),
    )


def sql_cell(
    frame: str, text: str, inputs: dict[str, str], tables: Mapping[str, str] = EMPTY
) -> Source:
    """`frame = spark.sql(…)` over frames and static tables that it names `in_0`, `in_1` …"""
    return render(f"{TARGET}/relational.py.j2", frame=frame, sql=text, inputs=inputs, tables=tables)
