"""Rows leave by named ports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from ....graph.model import Problem, Relation
from ....graph.naming import slug
from ....graph.node_type import ColumnResolver, NodeConfig, RelationalType
from ....relational.sql import column
from ...conditions import condition, condition_notes, fails, holds, refuse_other_types
from ...fields import Condition

if TYPE_CHECKING:
    from sqlglot import exp


def _not_out(name: str) -> str:
    if name == "out":
        raise ValueError("`out` is the port of nodes with one output; name the route otherwise")
    return name


RouteName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$"), AfterValidator(_not_out)
]


class Route(BaseModel):
    """One way out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: RouteName = Field(description="Name of the output port, e.g. `big_orders`")
    condition: Condition = Field(description="Spark SQL condition; a NULL is no match")


class SplitRouterConfig(NodeConfig):
    """The routes."""

    routes: list[Route] = Field(
        min_length=1,
        max_length=32,
        description="Ways out, in order: each a `name`, which is its output port, and a "
        "`condition` over the row's columns; a condition that is NULL does not match",
    )
    default_route: RouteName = Field(
        "other", description="Output port of the rows that no condition matches"
    )
    mode: Literal["first", "all"] = Field(
        "first", description="Whether a row leaves by the `first` route that matches, or by `all`"
    )

    @model_validator(mode="after")
    def _one_name_each(self) -> SplitRouterConfig:
        names = [*(route.name for route in self.routes), self.default_route]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two routes have the name `{twice[0]}`")
        return self

    def conditions(self) -> dict[str, str]:
        """Conditions by field."""
        return {f"routes.{i}.condition": route.condition for i, route in enumerate(self.routes)}


class SplitRouter(RelationalType):
    """One filter for each port over the same rows."""

    type = "split-router"
    title = "Split / router"
    summary = "Sends rows to named output ports by condition, and the rest to a default port"
    Config = SplitRouterConfig
    ports_out = ("<name of each route>", "<default_route>")
    unsaid = tuple(SplitRouterConfig.model_fields)
    aliases = ("router", "split", "switch", "branch")
    field_aliases = {"defaultRoute": "default_route"}

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """Routes came as JSON text, or as an object of conditions by name; names were free text."""
        routes = config.get("routes")
        if isinstance(routes, str):
            routes = json.loads(routes)
        if isinstance(routes, dict):
            routes = [{"name": name, "condition": given} for name, given in routes.items()]
        if isinstance(routes, list):
            config = config | {"routes": [_migrated(route) for route in routes]}
        default = config.get("default_route")
        return config | ({"default_route": _port(default)} if default is not None else {})

    def output_ports(self, config: SplitRouterConfig) -> tuple[str, ...]:
        """The routes in order, then the default."""
        return (*(route.name for route in config.routes), config.default_route)

    def sentence(self, config: SplitRouterConfig) -> str:
        names = ", ".join(route.name for route in config.routes)
        how = "every route" if config.mode == "all" else "the first route"
        return f"sends rows to {how} that matches of {names}, the rest to {config.default_route}"

    def check(self, config: SplitRouterConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        yield from condition_notes(config.conditions())

    def query(self, config: SplitRouterConfig, inputs: Sequence[Relation]) -> exp.Query:
        """All rows: what a preview of the node shows."""
        from sqlglot import exp

        return exp.select(*(column(name) for name in inputs[0].names)).from_("in_0")

    def port_query(
        self, config: SplitRouterConfig, inputs: Sequence[Relation], port: str
    ) -> exp.Query:
        """The rows of one route."""
        from sqlglot import exp

        trees = [condition(text, inputs[0], field) for field, text in config.conditions().items()]
        names = [route.name for route in config.routes]
        place = names.index(port) if port in names else len(names)
        own = [holds(tree) for tree in trees[place : place + 1]]
        before = trees[:place] if config.mode == "first" or not own else []
        rows = exp.select(*(column(name) for name in inputs[0].names)).from_("in_0")
        return rows.where(*own, *(fails(tree) for tree in before))

    def relation(
        self, config: SplitRouterConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """The input as it is, once all conditions are known to be booleans."""
        refuse_other_types(config.conditions(), inputs, resolver)
        return inputs[0]


def _migrated(route: Any) -> Any:
    if not isinstance(route, dict):
        return route
    renamed = {"route": "name", "output": "name", "expression": "condition", "where": "condition"}
    found = {renamed.get(key, key): value for key, value in route.items()}
    return found | ({"name": _port(found["name"])} if "name" in found else {})


def _port(name: Any) -> Any:
    """A name as ports are written; an earlier `Big orders` is `big_orders`."""
    return slug(name) if isinstance(name, str) and name != slug(name) else name


NODE = SplitRouter()
