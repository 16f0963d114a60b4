"""The calls of Unity Catalog: lists that show what the caller may see, page by page."""

from __future__ import annotations

from typing import Any

from databricks.sdk.service.catalog import (
    CatalogsAPI,
    GrantsAPI,
    SchemasAPI,
    TablesAPI,
    VolumesAPI,
)

from .filters import like
from .refusals import denied, exists
from .service import Asked, Service, page, serves
from .unity import Securable, Unity, not_enough


class InUnity(Service):
    """A service over the world's Unity Catalog."""

    @property
    def unity(self) -> Unity:
        """The catalogs of the world."""
        return self.world.unity

    def seen(self, asked: Asked, kind: str, parent: str) -> list[Securable]:
        """What the caller may see in a place."""
        return [t for t in self.unity.below(kind, parent) if self.unity.seen(asked.user, t)]


class Catalogs(InUnity):
    """Catalogs."""

    name = "catalogs"

    @serves(CatalogsAPI.list)
    def list(self, asked: Asked) -> dict[str, Any]:
        """Catalogs the caller may see."""
        part, more = page(self.seen(asked, "CATALOG", ""), asked, 50, 1000)
        return {"catalogs": [_shown(c) for c in part], **more}

    @serves(CatalogsAPI.get)
    def get(self, asked: Asked) -> dict[str, Any]:
        """One catalog."""
        self.unity.enter(asked.user, asked["name"])
        return _shown(self.unity.one("CATALOG", asked["name"]))


class Schemas(InUnity):
    """Schemas."""

    name = "schemas"

    @serves(SchemasAPI.list)
    def list(self, asked: Asked) -> dict[str, Any]:
        """Schemas of a catalog."""
        self.unity.enter(asked.user, asked["catalog_name"])
        part, more = page(self.seen(asked, "SCHEMA", asked["catalog_name"]), asked, 50, 1000)
        return {"schemas": [_shown(s) for s in part], **more}

    @serves(SchemasAPI.get)
    def get(self, asked: Asked) -> dict[str, Any]:
        """One schema."""
        self.unity.enter(asked.user, asked["full_name"])
        return _shown(self.unity.one("SCHEMA", asked["full_name"]))

    @serves(SchemasAPI.create)
    def create(self, asked: Asked) -> dict[str, Any]:
        """Make a schema."""
        made = _make(self.unity, asked, "SCHEMA", asked["catalog_name"])
        return _shown(made)


class Tables(InUnity):
    """Tables and views."""

    name = "tables"

    @serves(TablesAPI.list)
    def list(self, asked: Asked) -> dict[str, Any]:
        """Tables of a schema."""
        place = f"{asked['catalog_name']}.{asked['schema_name']}"
        self.unity.enter(asked.user, place)
        part, more = page(self.seen(asked, "TABLE", place), asked, 50, 50)
        omit = asked.get("omit_columns")
        return {"tables": [_table(t, not omit) for t in part], **more}

    @serves(TablesAPI.list_summaries)
    def list_summaries(self, asked: Asked) -> dict[str, Any]:
        """Names of tables anywhere in a catalog that fit patterns."""
        self.unity.enter(asked.user, asked["catalog_name"])
        schemas = [
            s
            for s in self.seen(asked, "SCHEMA", asked["catalog_name"])
            if like(asked.get("schema_name_pattern"), s.name)
        ]
        found = [
            {"full_name": t.full_name, "table_type": t.table_type}
            for s in schemas
            for t in self.seen(asked, "TABLE", s.full_name)
            if like(asked.get("table_name_pattern"), t.name)
        ]
        part, more = page(found, asked, 100, 10_000)
        return {"tables": part, **more}

    @serves(TablesAPI.get)
    def get(self, asked: Asked) -> dict[str, Any]:
        """One table with its columns."""
        return _table(self.unity.use(asked.user, "TABLE", asked["full_name"], "SELECT"), True)

    @serves(TablesAPI.delete)
    def delete(self, asked: Asked) -> None:
        """Drop a table."""
        thing = self.unity.one("TABLE", asked["full_name"])
        if not self.unity.may(asked.user, thing, "MANAGE"):
            raise not_enough(asked.user, f"Table '{thing.full_name}'")
        del self.unity.known["TABLE", thing.full_name.lower()]

    @serves(TablesAPI.exists)
    def exists(self, asked: Asked) -> dict[str, Any]:
        """Whether there is such a table in a place the caller may use."""
        name = asked["full_name"]
        self.unity.enter(asked.user, name.rsplit(".", 1)[0])
        return {"table_exists": ("TABLE", name.lower()) in self.unity.known}


class Volumes(InUnity):
    """Volumes."""

    name = "volumes"

    @serves(VolumesAPI.list)
    def list(self, asked: Asked) -> dict[str, Any]:
        """Volumes of a schema."""
        place = f"{asked['catalog_name']}.{asked['schema_name']}"
        self.unity.enter(asked.user, place)
        part, more = page(self.seen(asked, "VOLUME", place), asked, 50, 10_000)
        return {"volumes": [_volume(v) for v in part], **more}

    @serves(VolumesAPI.read)
    def read(self, asked: Asked) -> dict[str, Any]:
        """One volume."""
        return _volume(self.unity.use(asked.user, "VOLUME", asked["name"], "READ_VOLUME"))

    @serves(VolumesAPI.create)
    def create(self, asked: Asked) -> dict[str, Any]:
        """Make a volume."""
        place = f"{asked['catalog_name']}.{asked['schema_name']}"
        return _volume(_make(self.unity, asked, "VOLUME", place))


class Grants(InUnity):
    """Privileges."""

    name = "grants"

    @serves(GrantsAPI.get)
    def get(self, asked: Asked) -> dict[str, Any]:
        """Privileges given on one securable."""
        thing = self._one(asked)
        given = self.unity.grants.get((thing.kind, thing.full_name.lower()), {})
        listed = [
            {"principal": name, "privileges": sorted(privileges)}
            for name, privileges in sorted(given.items())
            if asked.get("principal") in (None, name)
        ]
        return {"privilege_assignments": listed}

    @serves(GrantsAPI.get_effective)
    def get_effective(self, asked: Asked) -> dict[str, Any]:
        """The same with what comes from above."""
        thing = self._one(asked)
        found: dict[str, dict[str, dict[str, str]]] = {}
        for kind, name in [*thing.parents, (thing.kind, thing.full_name)]:
            above = {"inherited_from_type": kind, "inherited_from_name": name}
            for principal, given in self.unity.grants.get((kind, name.lower()), {}).items():
                if asked.get("principal") not in (None, principal):
                    continue
                for privilege in given:
                    where = {} if kind == thing.kind else above
                    found.setdefault(principal, {})[privilege] = where
        listed = [
            {
                "principal": principal,
                "privileges": [{"privilege": p, **w} for p, w in sorted(given.items())],
            }
            for principal, given in sorted(found.items())
        ]
        return {"privilege_assignments": listed}

    @serves(GrantsAPI.update)
    def update(self, asked: Asked) -> dict[str, Any]:
        """Give and take privileges."""
        thing = self._one(asked)
        if not self.unity.may(asked.user, thing, "MANAGE"):
            raise not_enough(asked.user, f"{thing.kind} {thing.full_name}")
        known = self.unity.grants.setdefault((thing.kind, thing.full_name.lower()), {})
        for change in asked.get("changes", []):
            mine = known.setdefault(change["principal"], set())
            mine |= set(change.get("add", []))
            mine -= set(change.get("remove", []))
        return self.get(asked)

    def _one(self, asked: Asked) -> Securable:
        return self.unity.one(asked["securable_type"].upper(), asked["full_name"])


def _make(unity: Unity, asked: Asked, kind: str, place: str) -> Securable:
    unity.enter(asked.user, place)
    above = unity.one("CATALOG" if kind == "SCHEMA" else "SCHEMA", place)
    if not unity.may(asked.user, above, f"CREATE_{kind}"):
        raise denied(f"User does not have CREATE {kind} on '{place}'.")
    full_name = f"{place}.{asked['name']}"
    if (kind, full_name.lower()) in unity.known:
        raise exists(f"{kind.title()} '{full_name}' already exists", f"{kind}_ALREADY_EXISTS")
    return unity.add(kind, full_name, owner=asked.user.name, comment=asked.get("comment"))


def _shown(thing: Securable) -> dict[str, Any]:
    parts = thing.full_name.split(".")
    names = dict(zip(("catalog_name", "schema_name"), parts[:-1], strict=False))
    known = {"name": thing.name, "full_name": thing.full_name, "owner": thing.owner, **names}
    return known | ({"comment": thing.comment} if thing.comment else {})


def _table(thing: Securable, columns: bool) -> dict[str, Any]:
    known = {"table_type": thing.table_type, "data_source_format": "DELTA"}
    return _shown(thing) | known | ({"columns": thing.columns} if columns else {})


def _volume(thing: Securable) -> dict[str, Any]:
    return _shown(thing) | {"volume_type": "MANAGED"}
