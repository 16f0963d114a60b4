"""Which history stands for a source: a folder or table, and the part of it that is meant."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ...errors import InvalidArgument, nearest
from ...graph.model import Relation
from .broker import Offsets
from .moments import micros
from .reading import quoted

Format = Literal["json", "parquet", "csv", "delta"]
ENDINGS: Mapping[str, Format] = {
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".csv": "csv",
}


class Slice(BaseModel):
    """A part of history, whose rows have the columns of the source it stands for.

    path: a folder or file below the data roots, for a local backtest. table: in Unity Catalog, for
    one in the workspace. version: of a Delta table. offsets: of the broker that the source reads
    itself. start, end: event times; the end is not in it.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    path: str = Field("", max_length=1000)
    table: str = Field("", max_length=800)
    format: Format | None = None
    version: int | None = Field(None, ge=0)
    offsets: Offsets | None = None
    start: str = Field("", alias="from", max_length=40)
    end: str = Field("", alias="to", max_length=40)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        elsewhere = self.path or self.table or self.version is not None or self.format
        if self.offsets is not None and elsewhere:
            raise ValueError("with `offsets` the broker has the history, and nothing else")
        return self

    @classmethod
    def of(cls, given: Any, source: str) -> Slice:
        """What a caller gives. Raises InvalidArgument with the nearest field."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            known = [f.alias or name for name, f in cls.model_fields.items()]
            near = nearest(field, known)
            raise InvalidArgument(
                f"The history of `{source}` cannot be used: {field or 'it'}: {first['msg']}.",
                where={"argument": "history", "source": source, "field": field},
                expected=known,
                hint=f"Did you mean `{near}`?" if near and near != field else None,
            ) from None

    def condition(self, relation: Relation, source: str) -> str:
        """The slice as Spark SQL over the source's rows. Raises InvalidArgument."""
        bounds = [(self.start, ">=", "from"), (self.end, "<", "to")]
        given = [(text, sign, name) for text, sign, name in bounds if text]
        if given and relation.event_time is None:
            raise InvalidArgument(
                f"`{source}` declares no event time, so its history has no times to be cut at.",
                code="UNBOUNDED_HISTORY",
                where={"argument": "history", "source": source},
                got={name: text for text, _, name in given},
                hint="cut it beforehand, or at a `version`",
            )
        parts = [
            f"{quoted(relation.event_time or '')} {sign} timestamp_micros({micros(text, name)})"
            for text, sign, name in given
        ]
        return " AND ".join(parts) or "true"


def slices_of(given: Mapping[str, Any], sources: list[str]) -> dict[str, Slice]:
    """The history of every source: of the only one, or by its id. Raises InvalidArgument."""
    if len(sources) == 1 and not set(given) & set(sources):
        return {sources[0]: Slice.of(dict(given), sources[0])}
    for name in given:
        if name not in sources:
            near = nearest(name, sources)
            raise InvalidArgument(
                f"`{name[:64]}` is no source of this pipeline.",
                where={"argument": "history"},
                got=name[:64],
                expected=sources,
                hint=f"Did you mean `{near}`?" if near else None,
            )
    if missing := [name for name in sources if name not in given]:
        raise InvalidArgument(
            f"There is no history for {', '.join(f'`{name}`' for name in missing)}.",
            where={"argument": "history"},
            expected={n: {"path": "history", "from": "2026-01-01T00:00:00Z"} for n in sources},
        )
    return {name: Slice.of(given[name], name) for name in sources}


def format_of(path: Path, asked: Format | None, source: str) -> Format:
    """The format of the files of a history, as asked for or as they show it."""
    if asked is not None:
        return asked
    if path.is_dir() and (path / "_delta_log").is_dir():
        return "delta"
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    found = {ENDINGS[p.suffix] for p in files[:1000] if p.suffix in ENDINGS}
    if len(found) != 1:
        raise InvalidArgument(
            f"The history of `{source}` has no files of one known format.",
            where={"argument": "history", "source": source},
            got=sorted(found) or [p.name for p in files[:3]],
            expected=["json", "parquet", "csv", "delta"],
            hint="say which with `format`",
        )
    return found.pop()
