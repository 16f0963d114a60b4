"""Columns that SQL texts of configurations name, and the texts with other names, as trees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..graph.reads import Inputs, Named, Renames, declared
from .sql import identifier, sql

if TYPE_CHECKING:
    from sqlglot import exp


class ExpressionForm:
    """A SQL expression over rows that flow in, or over events of them: `amount > big.amount`."""

    def named(self, text: str, inputs: Inputs) -> Iterator[Named]:
        """The columns it reads."""
        return named_in(self._tree(text), inputs)

    def renamed(self, text: str, inputs: Inputs, renames: Renames) -> str:
        """The expression, written anew if it reads a column with a new name."""
        tree = self._tree(text)
        return sql(tree) if rename(tree, inputs, renames) else text

    def _tree(self, text: str) -> exp.Expr:
        from sqlglot import exp

        from .guard import parsed

        # A tree of one column alone has no parent in which it could be replaced.
        held: exp.Expr = exp.Paren(this=parsed(text, None)).this
        return held


class ProjectionsForm(ExpressionForm):
    """What stands after SELECT: `*, price * quantity AS total`."""

    def _tree(self, text: str) -> exp.Expr:
        from .guard import parsed

        return parsed(f"SELECT {text}", None)

    def renamed(self, text: str, inputs: Inputs, renames: Renames) -> str:
        """The list, written anew if it reads a column with a new name."""
        tree = self._tree(text)
        return sql(tree).removeprefix("SELECT ") if rename(tree, inputs, renames) else text


EXPRESSION = ExpressionForm()
PROJECTIONS = ProjectionsForm()


def named_in(tree: exp.Expr, inputs: Inputs) -> Iterator[Named]:
    """The columns of the inputs that a tree reads, each once."""
    from sqlglot import exp

    seen: set[Named] = set()
    for column in tree.find_all(exp.Column):
        aggregated = in_aggregate(column)
        for place, _, name in meant(column, inputs):
            found = Named(place, name, aggregated=aggregated)
            if found not in seen:
                seen.add(found)
                yield found


def rename(
    tree: exp.Expr,
    inputs: Inputs,
    renames: Renames,
    write: Callable[[str], exp.Identifier] = identifier,
) -> bool:
    """Give columns of a tree, in place, their new names; whether there were any."""
    from sqlglot import exp

    changed = False
    for column in list(tree.find_all(exp.Column)):
        for place, part, name in meant(column, inputs):
            new = renames.get(place, {}).get(name)
            if new is not None:
                part.replace(write(new))
                changed = True
                break
    return changed


def meant(column: exp.Column, inputs: Inputs) -> Iterator[tuple[int, exp.Identifier, str]]:
    """What a column may mean: the input, the part of it that names the column, the name."""
    from sqlglot import exp

    parts = [part for part in column.parts if isinstance(part, exp.Identifier)]
    if not parts:
        return
    part, ports = parts[0], None
    if len(parts) > 1:
        port = _port(parts[0].name, inputs)
        if port is not None:
            part, ports = parts[1], port
        elif _is_label(parts[0].name, inputs) or not _is_struct(parts[0].name, inputs):
            part = parts[1]
    elif _is_label(part.name, inputs) and in_aggregate(column):
        return  # `COUNT(step)` counts events, not values
    for place, (name, rows) in enumerate(inputs.rows):
        known = declared(rows, part.name) if ports is None or name in ports else None
        if known is not None:
            yield place, part, known


def is_aggregate(node: exp.Expr) -> bool:
    """Whether a node is a call that makes one value of many rows."""
    from sqlglot import exp

    from .functions import functions
    from .guard import function_name

    if not isinstance(node, exp.Func):
        return False
    known = functions().get(function_name(node).lower())
    return isinstance(node, exp.AggFunc) or (known is not None and known.kind == "aggregate")


def in_aggregate(column: exp.Column) -> bool:
    """Whether a column is read by an aggregate."""
    parent = column.parent
    while parent is not None and not is_aggregate(parent):
        parent = parent.parent
    return parent is not None


def _port(name: str, inputs: Inputs) -> tuple[str, ...] | None:
    """The port that a qualifier names; None for anything else."""
    ports = [port for port, _ in inputs.rows]
    if inputs.qualified and name.lower() in ports:
        return (name.lower(),)
    number = name[3:] if name.startswith("in_") else ""
    return (ports[int(number)],) if number.isdecimal() and int(number) < len(ports) else None


def _is_label(name: str, inputs: Inputs) -> bool:
    return name.lower() in {label.lower() for label in inputs.labels}


def _is_struct(name: str, inputs: Inputs) -> bool:
    return any(
        known is not None and (rows.type_of(known) or "").startswith("struct")
        for _, rows in inputs.rows
        for known in (declared(rows, name),)
    )
