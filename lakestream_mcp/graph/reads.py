"""Marks on fields of configurations that name columns of what flows in, and the walk over them.

A field is marked where it is declared: `Annotated[str, Reads(EXPRESSION)]`, at any depth. One walk
then finds for every node type what it reads, and writes it anew when a column gets another name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import UnionType
from typing import Annotated, Literal, NamedTuple, Protocol, Union, get_args, get_origin

from pydantic import BaseModel, JsonValue

from .config_places import Path, with_value
from .model import Relation

PLAIN = (str, int, float, bool, type(None))

Use = Literal["value", "condition", "key"]


class Inputs(NamedTuple):
    """What names in a text may mean.

    rows: the relations that flow in, with the port each flows into. labels: names of events (steps,
    states), which are no columns. qualified: whether columns carry their port, as in `left.id`.
    """

    rows: tuple[tuple[str, Relation], ...]
    labels: tuple[str, ...] = ()
    qualified: bool = False


class Named(NamedTuple):
    """A column that a text names: the place of its input, and its name as it was declared.

    output: the output column that is made of it, where the text says so. aggregated: it is read by
    an aggregate.
    """

    input: int
    column: str
    output: str | None = None
    aggregated: bool = False


Renames = Mapping[int, Mapping[str, str]]
"""By the place of an input: old name → new name."""


class Form(Protocol):
    """How a text names columns. Raises LakestreamError for a text that cannot be read."""

    def named(self, text: str, inputs: Inputs) -> Iterator[Named]:
        """The columns that the text names; those it does not know are left out."""
        ...

    def renamed(self, text: str, inputs: Inputs, renames: Renames) -> str:
        """The text with columns under their new names; as it was where none is named."""
        ...


@dataclass(frozen=True, slots=True)
class Reads:
    """The mark. `form` says how the text names columns, `use` what they are read for."""

    form: Form = field(repr=False)
    use: Use = "value"


class Leaf(NamedTuple):
    """A marked text of one configuration."""

    path: Path
    text: str
    mark: Reads

    @property
    def field(self) -> str:
        """The path as findings write it."""
        return ".".join(str(part) for part in self.path)


def leaves(config: BaseModel) -> Iterator[Leaf]:
    """Every marked text of a configuration."""
    for name, said, annotation in _fields(type(config)):
        yield from _inside(getattr(config, name), annotation, (said,))


@lru_cache(maxsize=1024)
def _fields(config: type[BaseModel]) -> tuple[tuple[str, str, object], ...]:
    """The fields that may hold a marked text: name, name as it is written, annotation."""
    found: list[tuple[str, str, object]] = []
    for name, info in config.model_fields.items():
        annotation = Annotated[info.annotation, *info.metadata] if info.metadata else None
        if not _unmarked(annotation or info.annotation):
            found.append((name, info.alias or name, annotation or info.annotation))
    return tuple(found)


def _unmarked(annotation: object) -> bool:
    """Whether a field is of plain types alone, none of them marked."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated and any(isinstance(mark, Reads) for mark in arguments[1:]):
        return False
    if origin is Annotated:
        return _unmarked(arguments[0])
    if arguments:
        return origin is Literal or all(each is ... or _unmarked(each) for each in arguments)
    return annotation in PLAIN


def _inside(value: object, annotation: object, path: Path) -> Iterator[Leaf]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        mark = next((m for m in arguments[1:] if isinstance(m, Reads)), None)
        if mark is not None:
            yield from _texts(value, mark, path)
        else:
            yield from _inside(value, arguments[0], path)
    elif origin in (Union, UnionType):
        for member in arguments:
            if _fits(value, member):
                yield from _inside(value, member, path)
                return
    elif isinstance(value, BaseModel):
        yield from (leaf._replace(path=(*path, *leaf.path)) for leaf in leaves(value))
    elif isinstance(value, list | tuple) and arguments:
        for at, item in enumerate(value):
            yield from _inside(item, arguments[0], (*path, at))
    elif isinstance(value, dict) and len(arguments) == 2:
        for key, item in value.items():
            yield from _inside(item, arguments[1], (*path, key))


def _texts(value: object, mark: Reads, path: Path) -> Iterator[Leaf]:
    """A marked text, or each text in marked JSON; keys of objects are not marked."""
    if isinstance(value, str):
        yield Leaf(path, value, mark)
    elif isinstance(value, dict | list | tuple):
        for at, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(item, mark, (*path, at))


def _fits(value: object, member: object) -> bool:
    """Whether a validated value came from this member of a union."""
    origin = get_origin(member)
    if origin is Annotated:
        return _fits(value, get_args(member)[0])
    if origin is Literal:
        return value in get_args(member)
    kind = origin or member
    return isinstance(kind, type) and isinstance(value, kind)


def replaced(config: BaseModel, texts: Mapping[Path, str]) -> dict[str, JsonValue]:
    """The configuration as JSON with other texts at some paths; only fields that were given."""
    found: dict[str, JsonValue] = config.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for path, text in texts.items():
        top = str(path[0])
        found[top] = with_value(found.get(top), path[1:], text)
    return found


class ColumnForm:
    """A text that is the name of a column."""

    def named(self, text: str, inputs: Inputs) -> Iterator[Named]:
        """The column, in each input that has it."""
        for place, (_, rows) in enumerate(inputs.rows):
            column = declared(rows, text)
            if column is not None:
                yield Named(place, column)

    def renamed(self, text: str, inputs: Inputs, renames: Renames) -> str:
        """The new name, if one of the inputs that have the column gives it another."""
        for place, column, *_ in self.named(text, inputs):
            new = renames.get(place, {}).get(column)
            if new is not None:
                return new
        return text


def declared(rows: Relation, name: str) -> str | None:
    """The name of a column as it was declared: SQL's names ignore case."""
    exact = rows.type_of(name)
    if exact is not None:
        return name
    return next((known for known in rows.names if known.lower() == name.lower()), None)


class FieldForm(ColumnForm):
    """A text that is the name of a column, or of a field inside one: `a.b`."""

    def named(self, text: str, inputs: Inputs) -> Iterator[Named]:
        """The column, in each input that has it."""
        for place, (_, rows) in enumerate(inputs.rows):
            column = declared(rows, text) or declared(rows, text.partition(".")[0])
            if column is not None:
                yield Named(place, column)

    def renamed(self, text: str, inputs: Inputs, renames: Renames) -> str:
        """The new name, with the fields that stood behind the old one."""
        for place, column, *_ in self.named(text, inputs):
            new = renames.get(place, {}).get(column)
            if new is not None:
                return new + text[len(column) :]
        return text


COLUMN = ColumnForm()
FIELD = FieldForm()
