"""The pipeline graph as plain data: what is stored, exported, diffed and shown."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, JsonValue

ID_PATTERN = r"^[a-z][a-z0-9_]{0,47}$"

Category = Literal["source", "transform", "pattern", "sink"]
Severity = Literal["error", "warning", "info"]
Status = Literal["draft", "deployed", "paused", "archived"]
Target = Literal["sdp", "sss"]

ChangeData = dict[str, Any]
"""A change as plain JSON: what `edit_pipeline` takes, and what a finding offers as its fix."""


class Column(NamedTuple):
    """A column: its name and its Spark SQL type, as `DESCRIBE` prints it (`bigint`, `string`)."""

    name: str
    type: str


class Relation(NamedTuple):
    """What flows along an edge: columns in order, and the event time with its watermark delay.

    `event_time` is None until a source or a watermark node declares it; `delay_ms` is None until a
    watermark is declared.
    """

    columns: tuple[Column, ...]
    event_time: str | None = None
    delay_ms: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    def type_of(self, name: str) -> str | None:
        """The type of a column, or None if there is no such column."""
        return next((c.type for c in self.columns if c.name == name), None)


class Strict(BaseModel):
    """Base of every document part: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid")


class Position(Strict):
    """Where a node stands on the canvas, in pixels from the top left."""

    x: float = Field(allow_inf_nan=False)
    y: float = Field(allow_inf_nan=False)


class Node(Strict):
    """One operator. `config` is kept as given (after aliases); findings say what is wrong."""

    id: str = Field(pattern=ID_PATTERN, description="Short stable id, e.g. `big_orders`")
    type: str = Field(description="Node type; `describe_node_types` lists them")
    name: str = Field(min_length=1, max_length=120, description="Title shown on the canvas")
    config: dict[str, JsonValue] = Field(default_factory=dict)
    position: Position | None = None


class Edge(Strict):
    """Rows flow from `source` to `target`, between ports that their types name.

    Most have one, `out` and `in`.
    """

    source: str
    target: str
    source_port: str = "out"
    target_port: str = "in"

    def text(self) -> str:
        """`a -> b`, with a port only where it is not the usual one."""
        tail = "" if self.source_port == "out" else f":{self.source_port}"
        head = "" if self.target_port == "in" else f":{self.target_port}"
        return f"{self.source}{tail} -> {self.target}{head}"


def flow_name(node_id: str, port: str = "out") -> str:
    """What leaves a node by a port, as code names it: frame and dataset."""
    return node_id if port == "out" else f"{node_id}_{port}"


class PipelineDocument(Strict):
    """The whole graph of one pipeline: the unit of export, import, revision and diff."""

    format_version: Literal[1] = 1
    name: str = Field(min_length=1, max_length=120)
    description: str = Field(default="", max_length=4000)
    tags: list[str] = Field(default_factory=list, max_length=32)
    status: Status = "draft"
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    nodes: list[Node] = Field(default_factory=list)
    edges: list[Edge] = Field(default_factory=list)

    def node(self, node_id: str) -> Node | None:
        """The node with this id, or None."""
        return next((n for n in self.nodes if n.id == node_id), None)

    def inputs(self, node_id: str) -> list[Edge]:
        """Edges into a node, in the order they were connected."""
        return [e for e in self.edges if e.target == node_id]

    def edges_into(self) -> dict[str, list[Edge]]:
        """The inputs of every node: one walk, for those who ask about many nodes."""
        found: dict[str, list[Edge]] = {node.id: [] for node in self.nodes}
        for edge in self.edges:
            found.setdefault(edge.target, []).append(edge)
        return found

    def outputs(self, node_id: str) -> list[Edge]:
        """Edges out of a node, in the order they were connected."""
        return [e for e in self.edges if e.source == node_id]


class Finding(BaseModel):
    """Something validation has to say about a pipeline; `fix` can be sent to `edit_pipeline`."""

    code: str
    severity: Severity
    message: str
    node: str | None = None
    field: str | None = None
    got: Any = None
    expected: Any = None
    hint: str | None = None
    fix: list[dict[str, Any]] | None = None


class Problem(NamedTuple):
    """A finding as a node type sees it: without node id; `fix` is the config that would mend it."""

    code: str
    message: str
    field: str | None = None
    got: Any = None
    expected: Any = None
    hint: str | None = None
    fix: dict[str, Any] | None = None
    severity: Severity = "error"
