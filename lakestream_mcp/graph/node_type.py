"""What a node type declares. Each lives in a folder of its own; `catalog.py` finds them.

graph ← relational ← nodes, and graph ← cep ← patterns: this module knows neither SQL engine nor
kernel, only the protocols it needs from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from ..errors import Unsupported
from .local_source import LocalSource
from .model import Category, Column, Problem, Relation, Target
from .node_parts import LocalRows, Reading

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
    ports_out: ClassVar[tuple[str, ...]] = ("out",)
    """How the output ports are named, for documentation; a configuration may decide their names."""
    aliases: ClassVar[tuple[str, ...]] = ()
    implied: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """What a word in another name says of the configuration: `slack` is a provider."""
    field_aliases: ClassVar[Mapping[str, str]] = {}
    moved: ClassVar[Mapping[str, str]] = {}
    """Fields of the earlier system that live elsewhere now: name → where to put the value."""
    targets: ClassVar[frozenset[Target]] = frozenset({"sss"})
    unsaid: ClassVar[tuple[str, ...]] = ()
    """Fields that declarative SQL does not say; generated SQL gives them in a remark."""
    stateful: ClassVar[bool] = False
    """Whether Spark keeps state for it; a streaming query has at most one such node."""
    field_ports: ClassVar[Mapping[str, str]] = {}
    """Fields that name columns of one input only: field → the input's port."""
    passes_through: ClassVar[bool] = False
    """Whether a column that goes out under a name and type it came in with holds what it held."""
    folder: Path

    def unsaid_by_sql(self, config: Mapping[str, Any]) -> tuple[str, ...]:
        """Fields that declarative SQL does not say of this configuration."""
        return self.unsaid

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """Turn an earlier system's config (names already aliased) into ours; default: unchanged."""
        return config

    def sentence(self, config: Any) -> str:
        """What this configured node does, in one short sentence for the canvas."""
        raise NotImplementedError

    def check(self, config: Any, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """What is wrong beyond the config's own types, given what flows in."""
        yield from ()

    def spelled_out(self, config: Any) -> Any:
        """The same, with what a field says of several inputs said apart; default: as it is."""
        return config

    def labels(self, config: Any) -> tuple[str, ...]:
        """Names that stand before columns in its expressions and are no columns; default: none."""
        return ()

    def needs_watermark(self, config: Any) -> bool:
        """Whether what flows in must have an event time with a watermark; default: patterns do."""
        return self.category == "pattern"

    def output_ports(self, config: Any) -> tuple[str, ...]:
        """The ports that rows leave by; the rows of each have the node's one relation."""
        return ("out",)

    def authored_hash(self, config: Any) -> str | None:
        """sha256 of the author's code that generated code carries word for word; None without."""
        return None

    def probe(self, config: Any, secret: Callable[[Any], str], send: bool) -> str:
        """Reach what this node connects to and say what answered; a message only when asked.

        secret: reads the secret of a reference. Raises LakestreamError with the reason.
        """
        raise Unsupported(
            f"`{self.type}` connects to nothing outside the workspace.",
            hint="Its tables and files are checked when the code runs.",
        )

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


class SourceType(LocalSource, NodeType):
    """Rows enter here. `structured_streaming.py.j2` in the folder renders the read."""

    category = "source"
    input_ports = ()
    max_inputs = 0
    packages: ClassVar[tuple[str, ...]] = ()
    """Python packages that the generated notebook installs first, with their versions."""

    def code(self, config: Any, relation: Relation) -> dict[str, Any]:
        """Variables for the folder's template; values are quoted by the template's filters."""
        raise NotImplementedError

    def declarative(self, config: Any, relation: Relation) -> exp.Query:
        """What this source reads in Databricks SQL: `SELECT … FROM STREAM read_kafka(…)`, without a
        watermark, which the writer adds. Raises Unsupported where SQL has no form for it."""
        raise no_declarative_form(self)

    def unsaid_by_sql(self, config: Mapping[str, Any]) -> tuple[str, ...]:
        """An event time is said by its watermark only."""
        return self.unsaid if config.get("watermark_delay") else (*self.unsaid, "event_time")

    def read(self, query: exp.Query) -> Reading | None:
        """The inverse of `declarative`: the configuration that reads so; None if there is none."""
        return None


class RelationalType(NodeType):
    """A transform that is one SQL query over `in_0`, `in_1` …: the only text of its meaning."""

    category = "transform"
    targets = frozenset({"sdp", "sss"})
    passes_every_row: ClassVar[bool] = False  # even one of NULLs and its time

    def query(self, config: Any, inputs: Sequence[Relation]) -> exp.Query:
        """The query, in the Spark dialect, as a sqlglot tree. Raises InvalidSql."""
        raise NotImplementedError

    def read(
        self, query: exp.Query, inputs: Sequence[Relation], tables: Mapping[str, str]
    ) -> Reading | None:
        """The inverse of `query`: the configuration of such a query; None if there is none.

        `tables` are as `static_tables` has them; what is known of their columns ends `inputs`. The
        answer may be a guess: what is read counts only if `query` gives the same tree.
        """
        return None

    def static_tables(self, config: Any) -> Mapping[str, str]:
        """Tables read beside the streams, by their `in_n` in the query; default: none."""
        return {}

    def port_query(self, config: Any, inputs: Sequence[Relation], port: str) -> exp.Query:
        """The rows that leave by a port, over the same inputs; default: all of `query`."""
        return self.query(config, inputs)

    def expectations(self, config: Any, inputs: Sequence[Relation]) -> tuple[Any, ...]:
        """What rows must satisfy, each of `relational.declarative.statements`; default: nothing.

        They are over the rows of `unchecked_query`, which declarative SQL states them on.
        """
        return ()

    def unchecked_query(self, config: Any, inputs: Sequence[Relation]) -> exp.Query:
        """The rows at `out` before an expectation drops any; default: `query`."""
        return self.query(config, inputs)

    def relation(
        self, config: Any, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """Default: resolve the query; event time and watermark follow the first input."""
        columns = resolver.columns(self.query(config, inputs), inputs)
        first = inputs[0]
        kept = first.event_time if first.event_time in {c.name for c in columns} else None
        return Relation(columns, kept, first.delay_ms if kept else None)


class CodeTransformType(NodeType):
    """A transform whose meaning is Python: `structured_streaming.py.j2` renders it.

    It adds columns to each row of its one input; rows and their event time stay.
    """

    category = "transform"
    calls_service: ClassVar[bool] = False
    """Whether generated code asks a service, whose answers a test only stands in for."""

    def added(self, config: Any) -> tuple[Column, ...]:
        """The columns that it adds."""
        raise NotImplementedError

    def relation(
        self, config: Any, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """The input with the added columns."""
        return inputs[0]._replace(columns=inputs[0].columns + self.added(config))

    def code(self, config: Any, relation: Relation) -> dict[str, Any]:
        """Variables for the folder's template; `relation` is the input's."""
        raise NotImplementedError

    def local(self, config: Any, relation: Relation, table: Any, node_id: str) -> LocalRows:
        """The rows with the added columns, in this process: `table` flows in, with `relation`.

        Raises InvalidPipeline with the place in the configuration.
        """
        raise NotImplementedError


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

    def messages(
        self, config: Any, relation: Relation, rows: list[dict[str, Any]]
    ) -> list[Any] | None:
        """What a test shows of a sink that sends messages; None for those that keep rows."""
        return None

    def declarative(
        self, config: Any, relation: Relation, node_id: str, rows: exp.Query
    ) -> tuple[Any, ...]:
        """The statements that write `rows`, a streaming query over the input, in Databricks SQL.

        They are of `relational.declarative.statements`. Raises Unsupported where SQL has no form.
        """
        raise no_declarative_form(self)

    def read(self, statements: Sequence[Any]) -> Reading | None:
        """The inverse of `declarative`, but for what feeds it: the configuration, or None."""
        return None


def no_declarative_form(kind: NodeType) -> Unsupported:
    """The refusal of a node type that declarative SQL has no form for."""
    return Unsupported(
        f"`{kind.type}` has no declarative SQL.", got="sdp", expected=sorted(kind.targets)
    )
