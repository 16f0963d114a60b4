"""The handle an author's processor is given: it declares state and sets timers, strictly.

Standard library only: the guarded child loads this file.
"""
# ruff: noqa: N802, N803

from collections.abc import Iterator
from typing import Any

from .states import Context, ListState, MapState, ValueState
from .store import timer_order
from .values import plain, shown

LONG = 1 << 63


class Handle:
    """What `init` receives."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._declared: set[str] = set()

    def getValueState(
        self, stateName: str, schema: str, ttlDurationMs: int | None = None
    ) -> ValueState:
        """Declare a value."""
        self._declare(stateName, ttlDurationMs)
        return ValueState(self._context, stateName, self._known(schema), ttlDurationMs)

    def getListState(
        self, stateName: str, schema: str, ttlDurationMs: int | None = None
    ) -> ListState:
        """Declare a list."""
        self._declare(stateName, ttlDurationMs)
        return ListState(self._context, stateName, self._known(schema), ttlDurationMs)

    def getMapState(
        self, stateName: str, userKeySchema: str, valueSchema: str, ttlDurationMs: int | None = None
    ) -> MapState:
        """Declare a map."""
        self._declare(stateName, ttlDurationMs)
        schemas = self._known(userKeySchema), self._known(valueSchema)
        return MapState(self._context, stateName, *schemas, ttlDurationMs)

    def deleteIfExists(self, stateName: str) -> None:
        """Purge a state that earlier code declared."""
        self._only_in_init("deleteIfExists")
        if stateName in self._declared:
            raise self._context.fail(
                "STATE_DELETED", f"State `{stateName}` is declared and deleted.", state=stateName
            )
        self._context.store.values.pop(stateName, None)

    def registerTimer(self, expiryTimestampMs: int) -> None:
        """Call handleExpiredTimer for this key when time has come so far."""
        key = self._context.keyed("A timer")
        self._context.store.register(key, self._milliseconds(expiryTimestampMs))

    def deleteTimer(self, expiryTimestampMs: int) -> None:
        """Remove a timer, if it is there."""
        key = self._context.keyed("A timer")
        self._context.store.delete(key, self._milliseconds(expiryTimestampMs))

    def listTimers(self) -> Iterator[int]:
        """This key's timers, in no useful order."""
        times = self._context.store.timers.get(self._context.keyed("A timer"), set())
        return iter(timer_order(times))

    def _milliseconds(self, given: Any) -> int:
        if not self._context.timed:
            raise self._context.fail(
                "TIMERS_WITHOUT_TIME",
                "Timers need a time mode.",
                expected="time_mode event_time or processing_time",
            )
        given = plain(given)
        if isinstance(given, bool) or not isinstance(given, int) or not -LONG <= given < LONG:
            raise self._context.fail(
                "TIMER_VALUE",
                "A timer is set to whole milliseconds since 1970.",
                got=f"{shown(given)} ({type(given).__name__})",
                expected="int",
                hint="write int(…)",
            )
        return int(given)

    def _known(self, schema: Any) -> str:
        if schema not in self._context.types:
            raise self._context.fail(
                "STATE_SCHEMA", "A schema is a literal.", got=shown(schema), expected="DDL text"
            )
        return str(schema)

    def _declare(self, name: Any, ttl_ms: Any) -> None:
        self._only_in_init("State is declared")
        if name in self._declared:
            raise self._context.fail(
                "STATE_TWICE", f"State `{name}` is declared twice.", state=name
            )
        if ttl_ms is not None and (isinstance(ttl_ms, bool) or not isinstance(ttl_ms, int)):
            raise self._context.fail(
                "STATE_TTL", "A time to live is whole milliseconds.", state=name, got=shown(ttl_ms)
            )
        if ttl_ms is not None and ttl_ms <= 0:
            raise self._context.fail(
                "STATE_TTL", "A time to live is positive.", state=name, got=ttl_ms
            )
        self._declared.add(name)
        self._context.store.lives |= ttl_ms is not None

    def _only_in_init(self, what: str) -> None:
        if self._context.phase != "init":
            raise self._context.fail(
                "STATE_OUTSIDE_INIT", f"{what} in `init`, not in {self._context.phase}."
            )
