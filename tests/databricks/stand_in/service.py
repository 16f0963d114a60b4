"""Routes: a handler says which method of the SDK it serves; verb, path and types follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .contract import Contract, contract
from .principals import User
from .refusals import invalid

if TYPE_CHECKING:
    from .world import World

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Asked:
    """One request as its handler sees it. `half`: only a part of it is to be done."""

    user: User
    query: dict[str, Any]
    body: Any
    path: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)
    half: bool = False

    def __getitem__(self, name: str) -> Any:
        """What was sent under a name: in the path, the query or the body."""
        for part in (self.path, self.query, self.body):
            if isinstance(part, dict) and name in part:
                return part[name]
        raise invalid(f"Missing required field: {name}")

    def get(self, name: str, default: Any = None) -> Any:
        """The same, or a default."""
        for part in (self.path, self.query, self.body):
            if isinstance(part, dict) and name in part:
                return part[name]
        return default


class Route(NamedTuple):
    """A name as the SDK's user says it (`jobs.create`), what it takes, and who answers."""

    name: str
    contract: Contract
    handler: Callable[[Asked], Any]
    writes: bool


def serves(method: Callable[..., Any], *, reads: bool = False, deep: bool = False) -> Any:
    """Mark a handler. `reads`: it changes nothing, though it is posted."""

    def mark(handler: F) -> F:
        handler.__serves__ = (method, reads, deep)  # type: ignore[attr-defined]
        return handler

    return mark


class Service:
    """The part of the workspace behind one attribute of the SDK's client."""

    name = ""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> Iterator[Route]:
        """The routes of this service's handlers."""
        for attribute in dir(type(self)):
            handler = getattr(self, attribute)
            if marked := getattr(handler, "__serves__", None):
                method, reads, deep = marked
                made = contract(method, deep)
                writes = made.verb not in ("GET", "HEAD") and not reads
                yield Route(f"{self.name}.{method.__name__}", made, handler, writes)

    def advance(self) -> None:
        """Move what takes long one step."""


def page(
    rows: Sequence[Any], asked: Asked, size: int, most: int, limit: str = "max_results"
) -> tuple[Sequence[Any], dict[str, str]]:
    """A part of a list, and the token of the next part where there is one."""
    given = asked.get(limit) or size
    if not 0 < given <= most:
        raise invalid(f"{limit} must be between 1 and {most}")
    token = asked.get("page_token", "0")
    if not token.isdigit():
        raise invalid("Invalid page token")
    end = int(token) + given
    return rows[int(token) : end], {"next_page_token": str(end)} if end < len(rows) else {}
