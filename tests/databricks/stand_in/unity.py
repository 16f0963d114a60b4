"""What Unity Catalog holds: catalogs, schemas, tables with rows, volumes, and who may use them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlglot
from sqlglot import exp

from .principals import User
from .refusals import Refused, denied, missing

KINDS = ("CATALOG", "SCHEMA", "TABLE", "VOLUME")
TYPE_NAMES = {"BIGINT": "LONG", "SMALLINT": "SHORT", "TINYINT": "BYTE", "TEXT": "STRING"}
USE = {"CATALOG": "USE_CATALOG", "SCHEMA": "USE_SCHEMA"}


@dataclass
class Securable:
    """One object with a name of its own below its parents."""

    kind: str
    full_name: str
    owner: str
    columns: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    table_type: str = "MANAGED"
    comment: str | None = None

    @property
    def name(self) -> str:
        """The last part of the name."""
        return self.full_name.rsplit(".", 1)[-1]

    @property
    def parents(self) -> list[tuple[str, str]]:
        """What is above it, the catalog first."""
        parts = self.full_name.split(".")
        return [(KINDS[n], ".".join(parts[: n + 1])) for n in range(len(parts) - 1)]

    @property
    def ddl(self) -> str:
        """The columns as they would be written."""
        return ", ".join(f"`{c['name']}` {c['type_text']}" for c in self.columns)


class Unity:
    """All securables by kind and full name (case counts for nothing), and grants on them."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.known: dict[tuple[str, str], Securable] = {}
        self.grants: dict[tuple[str, str], dict[str, set[str]]] = {}

    def add(self, kind: str, full_name: str, **given: Any) -> Securable:
        """Make something, and what is above it where it is missing."""
        made = Securable(kind, full_name, given.pop("owner", self.owner), **given)
        for above, name in made.parents:
            if (above, name.lower()) not in self.known:
                self.known[above, name.lower()] = Securable(above, name, self.owner)
        self.known[kind, full_name.lower()] = made
        return made

    def add_table(
        self, full_name: str, ddl: str, rows: list[dict[str, Any]] | None = None, **given: Any
    ) -> Securable:
        """A table with columns (`id BIGINT NOT NULL COMMENT 'x', …`) and rows."""
        return self.add("TABLE", full_name, columns=columns_of(ddl), rows=rows or [], **given)

    def add_volume(self, full_name: str, **given: Any) -> Securable:
        """A volume."""
        return self.add("VOLUME", full_name, **given)

    def grant(self, principal: str, privilege: str, on: str) -> None:
        """Give a privilege on whatever has this name."""
        (kind,) = [kind for kind in KINDS if (kind, on.lower()) in self.known]
        known = self.grants.setdefault((kind, on.lower()), {})
        known.setdefault(principal, set()).add(privilege.upper().replace(" ", "_"))

    def below(self, kind: str, parent: str) -> list[Securable]:
        """Everything of a kind in a catalog or schema, by name."""
        start = f"{parent.lower()}." if parent else ""
        depth = start.count(".")
        found = [
            thing
            for (known, name), thing in self.known.items()
            if known == kind and name.startswith(start) and name.count(".") == depth
        ]
        return sorted(found, key=lambda thing: thing.full_name)

    def may(self, user: User, thing: Securable, *privileges: str) -> bool:
        """Whether a user owns it or what is above, or has one of the privileges there."""
        for kind, name in [*thing.parents, (thing.kind, thing.full_name)]:
            owner = self.known[kind, name.lower()].owner
            given = self.grants.get((kind, name.lower()), {})
            mine = set().union(*(given.get(n, set()) for n in user.names))
            if owner in user.names or mine & {"ALL_PRIVILEGES", *privileges}:
                return True
        return False

    def seen(self, user: User, thing: Securable) -> bool:
        """Whether a list shows it to a user."""
        wanted = {"TABLE": "SELECT", "VOLUME": "READ_VOLUME"}
        return self.may(user, thing, "BROWSE", wanted.get(thing.kind, USE.get(thing.kind, "")))

    def enter(self, user: User, full_name: str) -> None:
        """Raise Refused unless the user may use this catalog or schema and what is above."""
        parts = full_name.split(".")
        for n, kind in enumerate(KINDS[: len(parts)]):
            thing = self.one(kind, ".".join(parts[: n + 1]))
            if not self.may(user, thing, USE[kind]):
                said = USE[kind].replace("_", " ")
                raise denied(f"User does not have {said} on {kind.title()} '{thing.full_name}'.")

    def may_make_tables(self, user: User, spec: dict[str, Any]) -> None:
        """Raise Refused unless a pipeline of this user may write where it says.

        A catalog or schema that no test has made counts as one that everybody may write to.
        """
        names = [spec.get("catalog"), spec.get("schema")]
        for n, kind in enumerate(KINDS[:2]):
            name = ".".join(str(part) for part in names[: n + 1])
            if thing := self.known.get((kind, name.lower())):
                self.enter(user, name)
                if kind == "SCHEMA" and not self.may(user, thing, "CREATE_TABLE"):
                    raise denied(f"User does not have CREATE TABLE on Schema '{name}'.")

    def use(self, user: User, kind: str, full_name: str, privilege: str) -> Securable:
        """One table or volume, if the user has the privilege and may go there."""
        self.enter(user, full_name.rsplit(".", 1)[0])
        thing = self.one(kind, full_name)
        if not self.may(user, thing, privilege):
            said = privilege.replace("_", " ")
            raise denied(f"User does not have {said} on {kind.title()} '{thing.full_name}'.")
        return thing

    def one(self, kind: str, full_name: str) -> Securable:
        """One securable. Raises Refused."""
        if thing := self.known.get((kind, full_name.lower())):
            return thing
        raise missing(f"{kind.title()} '{full_name}' does not exist.", f"{kind}_DOES_NOT_EXIST")


def columns_of(ddl: str) -> list[dict[str, Any]]:
    """Columns as the service describes them."""
    made = sqlglot.parse_one(f"CREATE TABLE t ({ddl})", dialect="databricks")
    return [_column(n, column) for n, column in enumerate(made.this.expressions)]


def _column(position: int, column: exp.ColumnDef) -> dict[str, Any]:
    kinds = [constraint.kind for constraint in column.args.get("constraints", ())]
    comments = [k.this.name for k in kinds if isinstance(k, exp.CommentColumnConstraint)]
    text = _type_text(column.args["kind"])
    word = text.split("<")[0].split("(")[0].upper()
    described = {
        "name": column.name,
        "position": position,
        "type_text": text,
        "type_name": TYPE_NAMES.get(word, word),
        "nullable": not any(isinstance(k, exp.NotNullColumnConstraint) for k in kinds),
    }
    return described | ({"comment": comments[0]} if comments else {})


def _type_text(kind: exp.DataType) -> str:
    """A type as Unity Catalog writes it: lower case, `struct<a:int,b:string>`."""
    parts = kind.expressions
    if kind.is_type("struct"):
        fields = [f"{_field(p.this)}:{_type_text(p.args['kind'])}" for p in parts]
        return f"struct<{','.join(fields)}>"
    if kind.is_type("array", "map"):
        return f"{kind.this.value.lower()}<{','.join(map(_type_text, parts))}>"
    return kind.sql("databricks").lower().replace(" ", "")


def _field(name: exp.Identifier) -> str:
    return f"`{name.name}`" if name.args.get("quoted") else str(name.name)


def not_enough(user: User, what: str) -> Refused:
    """The refusal of a change to something that is not the user's."""
    return denied(f"User {user.name} is not an owner of {what}.")
