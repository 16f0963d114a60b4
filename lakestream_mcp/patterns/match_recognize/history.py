"""Row patterns whose definitions read the rows matched before.

Carried into generated code with the matcher.
"""
# ruff: noqa: I001

from .base import ROW_PATTERN_SHOWN, RowPartition, RowPatternBase
from .memory import row_folds

# --- carried ---
from typing import Any


class RowHistoryMatcher(RowPatternBase):
    """Where definitions read the rows matched before: one attempt after the other.

    `live` holds [start, threads, path, next row] of the attempt at hand, or nothing: `path` is the
    match it would be now, None for none. Threads are (place, path, memory); memory: slots (kind,
    variables or None, argument(v, i), size) that tests read. by_labels: tests read labels of other
    rows. Beyond max_threads an attempt is given up.
    """

    def __init__(
        self,
        program: tuple[tuple[Any, ...], ...],
        names: tuple[str, ...],
        tests: tuple[tuple[int | None, Any, Any], ...],
        output: Any,
        memory: tuple[Any, ...] = (),
        by_labels: bool = False,
        max_threads: int = 10_000,
        **given: Any,
    ) -> None:
        super().__init__(program, names, tests, output, **given)
        self.by_labels = by_labels
        self.max_threads = max_threads
        self._initial, self._changes = row_folds(memory, len(names))

    def _play(self, p: RowPartition, upto: int, now: int, emit: Any) -> None:
        p.todo = max(p.todo, upto)
        while self._attempt(p, now):
            self._conclude(p, now, emit)

    def _close(self, p: RowPartition, now: int, emit: Any) -> None:
        while p.live:
            threads = p.live[1]
            n = self._threads.passing_end([place for place, _, _ in threads])
            if n is not None:
                p.live[2] = threads[n][1]
            self._conclude(p, now, emit)
            self._play(p, p.todo, now, emit)

    def _oldest(self, p: RowPartition) -> int | None:
        if not p.live:
            return None
        start: int = p.live[0]
        return start if self._threads.taking_rows([thread[0] for thread in p.live[1]]) else None

    def _needed(self, p: RowPartition) -> int:
        needed: int = min(p.free, p.todo)
        return needed

    def _attempt(self, p: RowPartition, now: int) -> bool:
        """Go on with the attempt at hand, or with the next one; whether its threads have ended."""
        if not p.live:
            if p.free >= p.todo:
                return False
            found, done = self._threads.follow(0, self._initial, set(), at_start=p.free == 0)
            threads = [(place, b"", self._initial) for place in found]
            p.live = [p.free, threads, b"" if done else None, p.free]
        self._extend(p, p.live, now)
        return not p.live[1]

    def _extend(self, p: RowPartition, attempt: Any, now: int) -> None:
        """Move an attempt past the rows there are, until its threads have ended."""
        start, threads, _, i = attempt
        first = p.rows[start - p.base][0] if threads else 0
        while threads and i < p.todo:
            ts, _, row = p.rows[i - p.base]
            path = threads[0][1]
            reason = "condition false"
            if ts - first >= self.within:
                reason, threads = "expired", []
            elif i - start >= self.max_rows:
                reason, threads = "limit", []
            else:
                threads = self._step(p, attempt, threads, i)
                if len(threads) > self.max_threads:
                    reason, threads, attempt[2] = "limit", [], None
            i += 1
            self.dropped += reason == "limit"
            if (
                not threads
                and self.observer is not None
                and (attempt[2] is None or reason == "limit")
            ):
                self.observer(reason, self._bound(p, start, path), now, (ts, row))
        attempt[1], attempt[3] = threads, i

    def _step(self, p: RowPartition, attempt: Any, threads: Any, i: int) -> Any:
        """The threads after row `i`; the attempt's path is that of the one that is done."""
        view, bits = self._see(p), self._bits_of(p, i)
        view.at, view.start, view.number = i, attempt[0], p.number + 1
        after: list[Any] = []
        seen: set[Any] = set()
        for place, path, memory in threads:
            step = self._threads.program[place]
            if step[0] != "label" or not bits >> step[1] & 1:
                continue
            longer = path + bytes((step[1] << 1 | step[2],))
            view.path = longer
            grown = view.remember(self._changes, memory, step[1], i)
            test = self.tests[step[1]][2]
            if test is not None and test(view, grown) is not True:
                continue
            tag = (grown, longer) if self.by_labels else grown
            found, done = self._threads.follow(place + 1, tag, seen)
            after += [(there, longer, grown) for there in found]
            if done:
                attempt[2] = longer
                break
        return after

    def _expire(self, p: RowPartition, oldest: int, now: int, emit: Any) -> None:
        start, threads, path, _ = p.live
        waiting = self._threads.waiting_for_end([thread[0] for thread in threads])
        if waiting:
            p.live[1] = [thread for thread in threads if thread[0] in waiting]
            return
        if self.observer is not None and path is None:
            self.observer("expired", self._bound(p, start, threads[0][1]), now, None)
        self._conclude(p, now, emit)
        self._play(p, p.todo, now, emit)

    def _conclude(self, p: RowPartition, now: int, emit: Any) -> None:
        """The attempt is over: it matches as far as it came, or fails."""
        start, _, path, _ = p.live
        p.live = []
        if path is not None:
            self._found(p, start, path, now, emit)
        else:
            self._failed(p, start + 1, now, emit)

    def _open(self, p: RowPartition) -> list[tuple[int, bytes]]:
        if not p.live or not p.live[1]:
            return []
        path = p.live[1][0][1]
        return [(p.live[0], path)] if len(path) <= ROW_PATTERN_SHOWN else []
