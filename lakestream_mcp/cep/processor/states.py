"""The state variables an author's processor is given: Spark's, but strict.

Where Spark would store NULL, drop a field or end the query without saying where, these raise
`StrictError` with the state, the field and the value. Standard library only: the guarded child
loads this file.
"""
# ruff: noqa: N802, N803

from collections.abc import Callable, Iterator
from typing import Any

from .store import ENTRY_LIMIT, NEVER, Store, alive, map_order
from .values import STATE, MisfitError, revived, shown

MakeRow = Callable[[list[str], list[Any]], Any]


class StrictError(BaseException):
    """What Spark would corrupt, or fail on. Not an Exception: on Spark no `except` saves a query.

    facts: `state`, `field`, `got`, `expected`, `hint`.
    """

    def __init__(self, code: str, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.facts = {name: value for name, value in facts.items() if value not in (None, "")}


class Context:
    """Where a processor is: batch, key, and which of its methods runs."""

    def __init__(self, types: dict[str, Any], make_row: MakeRow, timed: bool) -> None:
        self.types = types
        self.make_row = make_row
        self.timed = timed
        self.store = Store()
        self.key: Any = None
        self.now_ms = 0
        self.phase = ""
        self.failed: StrictError | None = None

    def fail(self, code: str, message: str, **facts: Any) -> StrictError:
        """The error to raise; it is kept, since the author may catch everything."""
        self.failed = self.failed or StrictError(code, message, **facts)
        return self.failed

    def keyed(self, what: str) -> Any:
        """The current key. Fails where there is none, as in `init`."""
        if self.phase not in ("handleInputRows", "handleExpiredTimer"):
            raise self.fail("STATE_OUTSIDE_KEY", f"{what} needs a key, and {self.phase} has none.")
        return self.key


class State:
    """What the three kinds of state share."""

    kind = ""

    def __init__(self, context: Context, name: str, schema: str, ttl_ms: int | None) -> None:
        self._context = context
        self._name = name
        self._fields = context.types[schema]
        self._ttl_ms = ttl_ms

    def _entries(self) -> Any:
        """The current key's entries that are alive, to be changed in place; None without any."""
        key = self._context.keyed(f"State `{self._name}`")
        by_key = self._context.store.of(self._name)
        found = by_key.get(key)
        if found and self._ttl_ms is not None:
            found = by_key[key] = alive(found, self._context.now_ms)
        return found or None

    def _keep(self, entries: Any) -> None:
        """Make these the current key's entries."""
        key = self._context.keyed(f"State `{self._name}`")
        by_key = self._context.store.of(self._name)
        if len(entries) > ENTRY_LIMIT:
            raise self._context.fail(
                "STATE_TOO_LARGE", f"State `{self._name}` has over {ENTRY_LIMIT:,} entries of a key"
            )
        if entries:
            by_key[key] = entries
        else:
            by_key.pop(key, None)

    def _checked(self, value: Any, fields: Any, what: str) -> list[Any]:
        try:
            return STATE.fields(value, fields, "")
        except MisfitError as error:
            raise self._context.fail(
                "STATE_VALUE",
                f"State `{self._name}`, {what}: `{error.path}` cannot hold {error.got}; "
                "Spark would store NULL or end the query.",
                state=self._name,
                field=error.path,
                got=error.got,
                expected=error.expected,
                hint=error.hint,
            ) from None

    def _entry(self, value: Any, what: str = "value") -> tuple[Any, int]:
        expiry = NEVER if self._ttl_ms is None else self._context.now_ms + self._ttl_ms
        return self._checked(value, self._fields, what), expiry

    def _revived(self, data: list[Any], fields: Any) -> list[Any]:
        return [
            revived(v, t, self._context.make_row) for v, (_, t) in zip(data, fields, strict=True)
        ]

    def exists(self) -> bool:
        """Whether there is anything that has not expired."""
        return bool(self._entries())

    def clear(self) -> None:
        """Remove it for this key."""
        self._keep([])


class ValueState(State):
    """One tuple per key."""

    kind = "value"

    def get(self) -> tuple[Any, ...] | None:
        """The tuple, or None."""
        found = self._entries()
        return tuple(self._revived(found[0][0], self._fields)) if found else None

    def update(self, newValue: Any) -> None:
        """Replace the tuple."""
        self._keep([self._entry(newValue)])


class ListState(State):
    """Tuples per key, in the order they were added."""

    kind = "list"

    def get(self) -> Iterator[tuple[Any, ...]]:
        """The tuples."""
        found = self._entries() or []
        return iter([tuple(self._revived(data, self._fields)) for data, _ in found])

    def put(self, newState: Any) -> None:
        """Replace all."""
        self._keep(self._listed(newState))

    def appendValue(self, newState: Any) -> None:
        """Add one."""
        self._extend([self._entry(newState)])

    def appendList(self, newState: Any) -> None:
        """Add several."""
        self._extend(self._listed(newState))

    def _extend(self, added: list[Any]) -> None:
        entries = self._entries() or []
        entries += added
        self._keep(entries)

    def _listed(self, given: Any) -> list[Any]:
        if not isinstance(given, list | tuple) or not given:
            raise self._context.fail(
                "STATE_VALUE",
                f"State `{self._name}` takes a list with at least one tuple; an empty one ends the "
                "query on Spark.",
                state=self._name,
                got=shown(given),
                expected="a list of tuples",
                hint="write clear() for an empty list",
            )
        return [self._entry(value, f"entry {n}") for n, value in enumerate(given)]


class MapState(State):
    """A tuple by tuple per key."""

    kind = "map"

    def __init__(
        self, context: Context, name: str, key_schema: str, schema: str, ttl_ms: int | None
    ) -> None:
        super().__init__(context, name, schema, ttl_ms)
        self._key_fields = context.types[key_schema]

    def _user_key(self, key: Any) -> tuple[Any, ...]:
        return tuple(self._checked(key, self._key_fields, "map key"))

    def getValue(self, key: Any) -> Any:
        """The value as a Row, or None."""
        user_key = self._user_key(key)
        found = (self._entries() or {}).get(user_key)
        names = [name for name, _ in self._fields]
        return found and self._context.make_row(names, self._revived(found[0], self._fields))

    def containsKey(self, key: Any) -> bool:
        """Whether there is a value."""
        return self._user_key(key) in (self._entries() or {})

    def updateValue(self, key: Any, value: Any) -> None:
        """Set a value."""
        user_key, entry = self._user_key(key), self._entry(value)
        entries = self._entries() or {}
        entries[user_key] = entry
        self._keep(entries)

    def removeKey(self, key: Any) -> None:
        """Remove a value, if it is there."""
        user_key = self._user_key(key)
        entries = self._entries() or {}
        entries.pop(user_key, None)
        self._keep(entries)

    def iterator(self) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        """Keys with values."""
        found = self._entries() or {}
        ordered = sorted(found, key=lambda k: map_order(k, self._key_fields))
        return iter(
            [
                (
                    tuple(self._revived(list(k), self._key_fields)),
                    tuple(self._revived(found[k][0], self._fields)),
                )
                for k in ordered
            ]
        )

    def keys(self) -> Iterator[tuple[Any, ...]]:
        """Keys, in Spark's order."""
        return iter([key for key, _ in self.iterator()])

    def values(self) -> Iterator[tuple[Any, ...]]:
        """Values, in the order of the keys."""
        return iter([value for _, value in self.iterator()])
