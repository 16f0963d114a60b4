"""Spark's batch cycle around an author's processor, on one partition.

Per batch: a fresh processor, `init`, the rows key by key (keys sorted), expired timers by expiry
across all keys, `close`. Standard library only: the guarded child loads this file.
"""

import builtins
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from .handle import Handle
from .states import Context, StrictError
from .store import NEVER
from .values import OUTPUT, MisfitError, as_dict, revived, shown

FILE = "<code>"
ROW_LIMIT = 300_000
TIMER_BATCH_LIMIT = 100_000
CLOSING_BATCH_LIMIT = 1_000
_HIDDEN = """open eval exec compile input breakpoint help globals locals vars dir getattr setattr
delattr memoryview exit quit copyright credits license"""
HIDDEN = frozenset(_HIDDEN.split())
"""Builtins that code has no use for."""
CONTAINERS = (list, dict, set, bytearray, deque)


class OutOfTimeError(BaseException):
    """The time for the code is up."""


class TimerValues:
    """The two clocks, as they are in this batch."""

    def __init__(self, now_ms: int, watermark_ms: int) -> None:
        self._now_ms = now_ms
        self._watermark_ms = watermark_ms

    def getCurrentProcessingTimeInMs(self) -> int:  # noqa: N802
        """Processing time of the batch."""
        return self._now_ms

    def getCurrentWatermarkInMs(self) -> int:  # noqa: N802
        """The watermark before the batch."""
        return self._watermark_ms


class ExpiredTimerInfo:
    """Which timer expired."""

    def __init__(self, expiry_ms: int) -> None:
        self._expiry_ms = expiry_ms

    def getExpiryTimeInMs(self) -> int:  # noqa: N802
        """When it was set to."""
        return self._expiry_ms


def loaded(
    code: str, class_name: str, import_module: Callable[..., Any]
) -> tuple[type, dict[str, Any]]:
    """Execute an author's code with few builtins; its class and its names."""
    allowed = {k: v for k, v in vars(builtins).items() if k not in HIDDEN}
    allowed["__import__"] = import_module
    names: dict[str, Any] = {"__builtins__": allowed, "__name__": "processor_code"}
    exec(compile(code, FILE, "exec"), names)
    return names[class_name], names


class Cycle:
    """One run of a processor over batches.

    request: time_mode, types (state schemas), columns, key (positions of columns), output (fields).
    """

    def __init__(
        self,
        made: tuple[type, dict[str, Any]],
        request: dict[str, Any],
        make_row: Callable[[list[str], list[Any]], Any],
        row_type: type,
    ) -> None:
        self.make_processor, self.names = made
        self.columns = request["columns"]
        self.key = request["key"]
        self.output = request["output"]
        self.mode = request["time_mode"]
        self.make_row = make_row
        self.row_type = row_type
        self.context = Context(request["types"], make_row, self.mode != "none")
        self.out: list[Any] = []
        self.batch = -1

    def play(self, batches: Iterable[dict[str, Any]]) -> None:
        """Play all batches; on processing time, timers expire between them too."""
        for number, batch in enumerate(batches):
            if self.mode == "processing_time" and batch.get("closing"):
                # A timer that always sets the next one goes on after the input, and is cut off.
                self._play_due_before(batch["time_ms"] + 1, CLOSING_BATCH_LIMIT)
                return
            if self.mode == "processing_time" and not self._play_due_before(batch["time_ms"]):
                raise self.context.fail("TOO_MANY_TIMERS", "Timers set each other without end.")
            self.batch = number
            self._play(batch["rows"], batch["time_ms"], batch["watermark_ms"])

    def _play_due_before(self, time_ms: int, limit: int = TIMER_BATCH_LIMIT) -> bool:
        """Spark runs batches without rows all the time: a timer expires at its own moment.

        False if timers were still due after so many batches.
        """
        for _ in range(limit):
            due = self.context.store.next_timer()
            if due >= time_ms:
                return True
            self._play([], max(due, self.context.now_ms), 0)
        return False

    def _play(self, rows: list[Any], time_ms: int, watermark_ms: int) -> None:
        context = self.context
        context.now_ms = time_ms
        clocks = TimerValues(time_ms, watermark_ms)
        processor = self.make_processor()
        self._call("init", None, lambda: processor.init(Handle(context)))
        before = self._shared(processor)
        for key, given in self._by_key(rows):
            handle_rows = partial(processor.handleInputRows, key, given, clocks)
            self._emit("handleInputRows", key, handle_rows)
            self._unchanged(processor, before)
        now = {"event_time": watermark_ms, "processing_time": time_ms}.get(self.mode, -NEVER)
        for expiry, key in context.store.due(now):
            words = {
                "key": self.make_row([self.columns[n][0] for n in self.key], list(key)),
                "timerValues": clocks,
                "expiredTimerInfo": ExpiredTimerInfo(expiry),
            }
            self._emit("handleExpiredTimer", key, partial(processor.handleExpiredTimer, **words))
            context.store.delete(key, expiry)
            self._unchanged(processor, before)
        self._call("close", None, processor.close)
        context.store.expire(time_ms)

    def _by_key(self, rows: list[Any]) -> Iterator[tuple[tuple[Any, ...], Iterator[Any]]]:
        """Rows by key, keys in Spark's order, rows in the order they came."""
        names = [name for name, _ in self.columns]
        found: dict[tuple[Any, ...], list[Any]] = {}
        for data in rows:
            pairs = zip(data, self.columns, strict=True)
            values = [revived(v, tree, as_dict) for v, (_, tree) in pairs]
            key = tuple(values[n] for n in self.key)
            found.setdefault(key, []).append(self.make_row(names, values))
        for key in sorted(found, key=lambda k: [_key_rank(v) for v in k]):
            yield key, iter(found[key])

    def _call(self, phase: str, key: Any, method: Callable[[], Any]) -> Any:
        """Call one of the author's methods."""
        self.context.phase, self.context.key = phase, key
        answer = method()
        if self.context.failed is not None:
            raise self.context.failed
        return answer

    def _emit(self, phase: str, key: Any, method: Callable[[], Any]) -> None:
        """Call a handler, check the rows it yields and keep them."""
        answer = self._call(phase, key, method)
        if not hasattr(answer, "__iter__"):
            raise self.context.fail(
                "NO_ITERATOR",
                f"{phase} returned {shown(answer)}; Spark ends the query.",
                expected="an iterator of Rows",
                hint="use `yield`, or `return iter([])` for no rows",
            )
        for row in answer:
            if self.context.failed is not None:
                raise self.context.failed
            self.out.append([self._output(row, phase), self.batch, phase])
            if len(self.out) > ROW_LIMIT:
                raise self.context.fail("TOO_MANY_ROWS", f"More than {ROW_LIMIT:,} rows came out.")
        if self.context.failed is not None:
            raise self.context.failed

    def _output(self, row: Any, phase: str) -> list[Any]:
        expected = f"Row({', '.join(f'{name}=…' for name, _ in self.output)})"
        if not isinstance(row, self.row_type) or not hasattr(row, "__fields__"):
            raise self.context.fail(
                "NOT_A_ROW",
                f"{phase} yielded {shown(row)}; Spark takes Rows with field names only.",
                got=f"{shown(row)} ({type(row).__name__})",
                expected=expected,
            )
        try:
            return OUTPUT.fields(row, self.output, "")
        except MisfitError as error:
            raise self.context.fail(
                "OUTPUT_VALUE",
                f"{phase} yielded a Row whose `{error.path}` is {error.got}.",
                field=error.path,
                got=error.got,
                expected=error.expected,
                hint=error.hint,
            ) from None

    def _shared(self, processor: Any) -> dict[str, Any]:
        """What lives outside state: attributes of the processor and its class, global names."""
        places = {"self.": vars(processor), "": self.names}
        places[f"{type(processor).__name__}."] = vars(type(processor))
        return {
            prefix + name: (id(value), repr(value) if isinstance(value, CONTAINERS) else "")
            for prefix, place in places.items()
            for name, value in place.items()
            if name != "__builtins__"
        }

    def _unchanged(self, processor: Any, before: dict[str, Any]) -> None:
        after = self._shared(processor)
        if after == before:
            return
        changed = next(n for n in {**before, **after} if before.get(n) != after.get(n))
        raise self.context.fail(
            "STATE_ON_SELF",
            f"`{changed}` changed in {self.context.phase}: on Spark it is shared by the keys of a "
            "partition, and lost after the batch.",
            field=changed,
            expected="state declared in `init`",
        )


def _key_rank(value: Any) -> Any:
    """NULL first, then as Spark sorts: text by its bytes."""
    if value is None:
        return (0, 0)
    return (1, value.encode() if isinstance(value, str) else value)


def failure(error: BaseException, cycle: Cycle | None) -> dict[str, Any]:
    """An error of the author's code as an answer: which line, in which method, what."""
    lines = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename == FILE:
        lines.append(error.lineno or 0)
    told: dict[str, Any] = {"line": lines[-1] if lines else None}
    if cycle is not None:
        told |= {
            "method": cycle.context.phase,
            "batch": cycle.batch,
            "key": shown(cycle.context.key),
        }
    if isinstance(error, StrictError):
        return told | {"code": error.code, "message": error.message, **error.facts}
    if isinstance(error, OutOfTimeError):
        return told | {"code": "CODE_TIMEOUT", "message": "The code took longer than it may."}
    if isinstance(error, MemoryError):
        return told | {"code": "CODE_OUT_OF_MEMORY", "message": "The code needs too much memory."}
    name = type(error).__name__
    return told | {"code": "CODE_RAISED", "message": f"The code raised {name}: {shown(error)}"}
