"""Node type `geofence`: keys that enter, leave or stay in zones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ...cep.expression import PackedValues
from ...cep.near_miss import KeyView, Miss
from ...cep.pattern_type import PatternPlan, PatternType, StateBound
from ...cep.scenario import Scenario
from ...errors import InvalidSql, nearest
from ...graph.duration import duration_us
from ...graph.model import Column, Problem, Relation
from ...graph.node_type import ColumnResolver
from ..common import (
    FIELD_ALIASES,
    MOVED_FIELDS,
    by_key,
    check_common,
    check_measures,
    event_time_of,
    packed_values,
    raise_first,
    sql_access,
)
from .config import KINDS, GeofenceConfig, migrated, usable
from .zones import check_zones, zone_source

if TYPE_CHECKING:
    from sqlglot import exp

MEASURES = (
    Column("transition", "string"),
    Column("zone", "string"),
    Column("inside_ms", "bigint"),
)
NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")


class Geofence(PatternType):
    """Positions against zones."""

    type = "geofence"
    title = "Geofence"
    summary = "Keys that enter, leave or stay in named circles and polygons, by their positions"
    Config = GeofenceConfig
    aliases = ("geofence-location",)
    field_aliases = {
        **FIELD_ALIASES,
        "latField": "latitude",
        "lonField": "longitude",
        "trigger": "emit",
        "dwellDuration": "dwell",
        "stateTtl": "forget_after",
    }
    moved = {k: v for k, v in MOVED_FIELDS.items() if k != "stateTtl"}

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """The one zone of an earlier system, and zones as maps write them."""
        return migrated(config)

    def sentence(self, config: GeofenceConfig) -> str:
        """`enter or exit depot, port, by truck`."""
        names = [zone.name for zone in config.zones]
        where = ", ".join(names) if len(names) <= 3 else f"{len(names)} zones"
        by = by_key(config.key)
        return f"{' or '.join(config.emit)} {where}{by}"

    def check(self, config: GeofenceConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """Shared fields, zones, then fields that go together."""
        yield from check_common(config, inputs[0])
        yield from check_measures(config, [column.name for column in MEASURES])
        yield from check_zones(config)
        yield from _check_emit(config)
        if (config.accuracy is None) != (config.max_accuracy_m is None):
            missing = "accuracy" if config.accuracy is None else "max_accuracy_m"
            yield Problem(
                "MISSING_CONFIG",
                "`accuracy` and `max_accuracy_m` are given together.",
                missing,
                None,
                GeofenceConfig.model_fields[missing].description,
            )

    def plan(
        self, config: GeofenceConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> PatternPlan:
        """One condition: that the row is a usable fix. The matcher measures."""
        raise_first(check_zones(config))
        relation = inputs[0]
        reading = _Reading(config, relation, resolver)
        places = reading.places()
        return PatternPlan(
            key=config.key,
            event_time=event_time_of(config, relation),
            conditions=(reading.condition(),),
            values=packed_values(config, relation, reading.values.computed),
            all_rows=False,
            arrival=config.ordering == "arrival",
            matcher="geofence",
            construct=_construct(config, places),
            functions="",
            steps=("inside", "outside"),
            measures=MEASURES,
        )

    def step_conditions(self, config: GeofenceConfig) -> dict[str, str]:
        """Each fix is usable; which side it is on is measured, not a condition."""
        return dict.fromkeys(("inside", "outside"), usable(config))

    def open_partials(self, state: Any) -> list[tuple[Any, int | None]]:
        """Visits, also those not yet confirmed, and when each has dwelt."""
        if not state:
            return []
        return [
            (tuple((0, ts, row) for ts, row in fixes), due)
            for _, _, fixes, due, _ in state[2].values()
        ]

    def state_bound(self, config: GeofenceConfig) -> StateBound:
        """The fixes of visits, as if the key were in all zones and about to leave."""
        each = 2 * config.confirm - 1
        told = "zones × (confirm fixes inside + confirm − 1 outside)"
        return StateBound(told, len(config.zones) * each, config.forget_after)

    def scenarios(self, config: GeofenceConfig) -> Iterator[Scenario]:
        """Fixes in and around the zones, at their edges too."""
        from .scenarios import geofence_scenarios

        yield from geofence_scenarios(config)

    def misses(self, config: GeofenceConfig, view: KeyView) -> Iterator[Miss]:
        """What the key's fixes came near to, and what was missing."""
        from .why import geofence_misses

        yield from geofence_misses(config, view)

    def verdict(self, config: GeofenceConfig, match: dict[str, Any]) -> str:
        """What was measured, or what the timer decided."""
        zone, at = match["measures"]["zone"], match["detected_at"]
        many = f"{config.confirm} fixes in a row" if config.confirm > 1 else "The fix"
        if match["measures"]["transition"] == "dwell":
            return f"The key had been inside `{zone}` for {config.dwell} at {at}."
        if match["measures"]["transition"] == "enter":
            return f"{many} up to {at} inside `{zone}`: the key entered it."
        margin = f" by more than {config.exit_margin_m} m" if config.exit_margin_m else ""
        return f"{many} up to {at} outside `{zone}`{margin}: the key left it."


class _Reading:
    """Latitude, longitude and accuracy as SQL over the row; raises InvalidSql."""

    def __init__(
        self, config: GeofenceConfig, relation: Relation, resolver: ColumnResolver
    ) -> None:
        self.values = PackedValues(packed_values(config, relation))
        self._config = config
        self._relation = relation
        self._resolver = resolver

    def places(self) -> tuple[int, int]:
        """Where the matcher finds latitude and longitude."""
        latitude, longitude = (self._place(field) for field in ("latitude", "longitude"))
        return latitude, longitude

    def condition(self) -> str:
        """That the fix has a position on earth, and is accurate enough."""
        from sqlglot import exp

        from ...relational.sql import sql

        asked = [self._between("latitude", -90, 90), self._between("longitude", -180, 180)]
        if self._config.accuracy is not None:
            asked.append(self._between("accuracy", 0, self._config.max_accuracy_m or 0))
        return sql(exp.and_(*asked))

    def _between(self, field: str, low: float, high: float) -> exp.Expr:
        from sqlglot import exp

        bounds = (exp.cast(exp.convert(n), "double", dialect="spark") for n in (low, high))
        tree, _ = self._number(field)
        return exp.Between(this=exp.paren(tree), low=next(bounds), high=next(bounds))

    def _place(self, field: str) -> int:
        from sqlglot import exp

        from ...relational.sql import sql

        tree, column_type = self._number(field)
        if column_type == "double":
            name = tree.name if isinstance(tree, exp.Column) and not tree.table else None
            return self.values.place(sql(tree), "double", name)
        return self.values.place(sql(exp.cast(tree, "double", dialect="spark")), "double")

    def _number(self, field: str) -> tuple[exp.Expr, str]:
        """A field's expression, checked, and its type."""
        from ...relational.sql import parse_expression

        text = getattr(self._config, field)
        access = sql_access(self._relation, field, self._resolver)
        tree = access.check(parse_expression(text, field), True)
        column_type = access.type_of(tree)
        if not column_type.startswith(NUMBERS):
            raise InvalidSql(
                f"`{text}` is {column_type}, not a number.",
                where={"field": field},
                got=column_type,
                expected="a number",
                hint="cast it: `CAST(… AS DOUBLE)`, or TRY_CAST where it may be no number",
            )
        return tree, column_type


def _construct(config: GeofenceConfig, places: tuple[int, int]) -> str:
    given = {
        "zones": f"({''.join(f'{zone_source(zone)}, ' for zone in config.zones)})",
        "places": places,
        "emit": repr(config.emit),
        "dwell": duration_us(config.dwell) if config.dwell else None,
        "confirm": config.confirm,
        "first_enters": config.initial,
        "exit_margin_m": config.exit_margin_m,
        "forget_after": duration_us(config.forget_after),
    }
    return f"GeofenceMatcher({', '.join(f'{k}={v}' for k, v in given.items())})"


def _check_emit(config: GeofenceConfig) -> Iterator[Problem]:
    for name in config.emit:
        if name not in KINDS:
            near = nearest(name, KINDS)
            yield Problem(
                "INVALID_CONFIG",
                f"`{name}` is nothing a zone tells.",
                "emit",
                name,
                list(KINDS),
                f"Did you mean `{near}`?" if near else None,
                {"emit": [near if n == name else n for n in config.emit]} if near else None,
            )
    wanted = "dwell" in config.emit
    if wanted and config.dwell is None:
        yield Problem(
            "MISSING_CONFIG",
            "A `dwell` needs to know how long.",
            "dwell",
            None,
            "a duration",
            fix={"dwell": "5 minutes"},
        )
    if config.dwell is not None and not wanted:
        yield Problem(
            "UNUSED_CONFIG",
            "`dwell` has a meaning only where `emit` names `dwell`.",
            "dwell",
            config.dwell,
            fix={"emit": [*config.emit, "dwell"]},
        )
    if config.dwell and duration_us(config.dwell) > duration_us(config.forget_after):
        yield Problem(
            "FORGOTTEN_BEFORE",
            "A key without fixes would be forgotten before it has dwelt.",
            "forget_after",
            config.forget_after,
            f"at least {config.dwell}",
            fix={"forget_after": config.dwell},
        )


NODE = Geofence()
