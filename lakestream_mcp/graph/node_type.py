"""What a node type declares. Each lives in a folder of its own; `catalog.py` finds them.

graph ← relational ← nodes, and graph ← cep ← patterns: this module knows neither SQL engine nor
kernel, only the protocols it needs from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from ..errors import Unsupported
from .model import Category, Column, Problem, Relation, Target

if TYPE_CHECKING:
    from sqlglot import exp


class NodeConfig(BaseModel):
    """Base of every node's configuration. Field descriptions are what an agent reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)


ConfigClass = type[NodeConfig]


class ColumnResolver(Protocol):
    """Types a query: `inputs` are the relations it names `in_0`, `in_1` …"""

    def columns(self, query: exp.Query, inputs: Sequence[Relation]) -> tuple[Column, ...]:
        """The output columns. Raises InvalidSql with the place and the nearest name."""
        ...

    def file_columns(self, path: str, file_format: str) -> tuple[Column, ...]:
        """Columns inferred from sample rows of a readable file. Raises InvalidEvents, NotFound."""
        ...


class NodeType:
    """One kind of node. Subclass once per folder and name the instance `NODE` in `node.py`."""

    type: ClassVar[str]
    category: ClassVar[Category]
    title: ClassVar[str]
    summary: ClassVar[str]
    Config: ClassVar[ConfigClass]
    input_ports: ClassVar[tuple[str, ...]] = ("in",)
    max_inputs: ClassVar[int] = 1
    aliases: ClassVar[tuple[str, ...]] = ()
    field_aliases: ClassVar[Mapping[str, str]] = {}
    moved: ClassVar[Mapping[str, str]] = {}
    """Fields of the earlier system that live elsewhere now: name → where to put the value."""
    targets: ClassVar[frozenset[Target]] = frozenset({"sss"})
    folder: Path

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """Turn an earlier system's config (names already aliased) into ours; default: unchanged."""
        return config

    def sentence(self, config: Any) -> str:
        """What this configured node does, in one short sentence for the canvas."""
        raise NotImplementedError

    def check(self, config: Any, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """What is wrong beyond the config's own types, given what flows in."""
        yield from ()

    def needs_watermark(self, config: Any) -> bool:
        """Whether what flows in must have an event time with a watermark; default: patterns do."""
        return self.category == "pattern"

    def relation(
        self, config: Any, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """What flows out. May raise InvalidSql, InvalidEvents, Unsupported, NotFound."""
        raise NotImplementedError


class TypeCatalog(Protocol):
    """The node types there are; `catalog.py` implements it by discovery."""

    def get(self, name: str) -> NodeType:
        """The type of this name or alias. Raises NotFound with the nearest name."""
        ...

    def types(self) -> Sequence[str]:
        """The names of all types, in a fixed order."""
        ...


class SourceType(NodeType):
    """Rows enter here. `structured_streaming.py.j2` in the folder renders the read."""

    category = "source"
    input_ports = ()
    max_inputs = 0

    def code(self, config: Any, relation: Relation) -> dict[str, Any]:
        """Variables for the folder's template; values are quoted by the template's filters."""
        raise NotImplementedError

    def declarative(self, config: Any, relation: Relation) -> exp.Query:
        """What this source reads in Databricks SQL: `SELECT … FROM STREAM read_kafka(…)`.

        No watermark: the writer adds it. Raises Unsupported where SQL has no form for it.
        """
        raise no_declarative_form(self)


class RelationalType(NodeType):
    """A transform that is one SQL query over `in_0`, `in_1` …: the only text of its meaning."""

    category = "transform"
    targets = frozenset({"sdp", "sss"})

    def query(self, config: Any, inputs: Sequence[Relation]) -> exp.Query:
        """The query, in the Spark dialect, as a sqlglot tree. Raises InvalidSql."""
        raise NotImplementedError

    def relation(
        self, config: Any, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """Default: resolve the query; event time and watermark follow the first input."""
        columns = resolver.columns(self.query(config, inputs), inputs)
        names = {c.name for c in columns}
        first = inputs[0]
        kept = first.event_time if first.event_time in names else None
        return Relation(columns, kept, first.delay_ms if kept else None)


class SinkType(NodeType):
    """Rows leave here. `structured_streaming.py.j2` in the folder renders the write."""

    category = "sink"

    def relation(
        self, config: Any, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """What is written: the input as it is."""
        return inputs[0]

    def code(self, config: Any, relation: Relation) -> dict[str, Any]:
        """Variables for the folder's template."""
        raise NotImplementedError

    def declarative(
        self, config: Any, relation: Relation, node_id: str, rows: exp.Query
    ) -> tuple[Any, ...]:
        """The statements that write `rows`, a streaming query over the input, in Databricks SQL.

        They are of `relational.declarative.statements`. Raises Unsupported where SQL has no form.
        """
        raise no_declarative_form(self)


def no_declarative_form(kind: NodeType) -> Unsupported:
    """The refusal of a node type that declarative SQL has no form for."""
    return Unsupported(
        f"`{kind.type}` has no declarative SQL.", got="sdp", expected=sorted(kind.targets)
    )
