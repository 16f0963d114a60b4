"""Row patterns whose definitions do not read the rows matched before.

Carried into generated code with the matcher.
"""
# ruff: noqa: I001

from .base import (
    ROW_PATTERN_NEVER,
    ROW_PATTERN_SHOWN,
    ROW_PATTERN_TOLD,
    RowPartition,
    RowPatternBase,
)

# --- carried ---
import heapq
from collections import deque
from typing import Any


class RowTogetherMatcher(RowPatternBase):
    """All attempts run together.

    A thread's future depends on its place alone. `live` holds groups of attempts whose threads
    stand alike: [threads, starts, end, ends]; `end` is where a match of each would end now, -1 for
    none, unless `ends` says otherwise for its start. So a row costs as much as there are groups.
    """

    def _play(self, p: RowPartition, upto: int, now: int, emit: Any) -> None:
        while p.todo < upto:
            i = p.todo
            if p.live:
                if self.ahead:
                    self._settle(p, p.rows[i - p.base][0], emit, now)
                if i - p.oldest >= self.max_rows:
                    self._end_longest(p, i, now, emit)
            bits = self._bits_of(p, i)
            p.todo = i + 1
            if p.live:
                self._step(p, i, bits)
            if i >= p.free:
                self._start(p, i, bits)
            if p.ready or self.unmatched:
                self._decide(p, now, emit)

    def _close(self, p: RowPartition, now: int, emit: Any) -> None:
        for group in p.live:
            at_end = self._threads.passing_end(group[0]) is not None
            if at_end:
                group[2] = p.todo
                group[3].clear()
            self._resolve(p, group, at_end)
        p.live = []
        self._decide(p, now, emit)

    def _oldest(self, p: RowPartition) -> int | None:
        taking = self._threads.taking_rows
        return min([group[1][0] for group in p.live if taking(group[0])], default=None)

    def _needed(self, p: RowPartition) -> int:
        starts = [group[1][0] for group in p.live]
        needed: int = min(p.todo, *starts, p.ready[0][0] if p.ready else p.todo)
        return needed

    def _step(self, p: RowPartition, i: int, bits: int) -> None:
        """Move every open attempt past row `i`."""
        following: dict[Any, Any] = {}
        for group in p.live:
            after, accepted, _ = self._threads.move(group[0], bits)
            if accepted >= 0:
                group[2] = i + 1
                group[3].clear()
            if not after:
                self._resolve(p, group, False)
                continue
            group[0] = after
            other = following.get(after)
            following[after] = group if other is None else self._joined(other, group)
        p.live = list(following.values())

    def _joined(self, group: Any, other: Any) -> Any:
        """Two groups whose threads stand alike, as one."""
        if len(group[1]) < len(other[1]):
            group, other = other, group
        threads, starts, end, ends = group
        if end != other[2]:
            for start in other[1]:
                ends[start] = other[2]
        ends.update(other[3])
        if starts[-1] < other[1][0]:
            starts.extend(other[1])
        else:
            starts = deque(heapq.merge(starts, other[1]))
        return [threads, starts, end, ends]

    def _start(self, p: RowPartition, i: int, bits: int) -> None:
        """Make the attempt that starts at row `i`, and move it past the row."""
        threads, empty = self._threads.begin(i == 0)
        after, accepted, _ = self._threads.move(threads, bits)
        end = i + 1 if accepted >= 0 else i if empty else -1
        if not after:
            if end >= 0:
                heapq.heappush(p.ready, (i, end, False))
            return
        if not p.live:
            p.oldest = i
        for group in p.live:
            if group[0] == after:
                group[1].append(i)
                if group[2] != end:
                    group[3][i] = end
                return
        p.live.append([after, deque((i,)), end, {}])

    def _resolve(self, p: RowPartition, group: Any, at_end: bool) -> None:
        """A group whose threads have ended: its attempts match as far as they came, or fail."""
        _, starts, end, ends = group
        if self.observer is not None:
            self._report_failed(p, group)
        if end < 0 and not ends:
            return
        for start in starts:
            stop = ends.get(start, end)
            if stop >= 0:
                heapq.heappush(p.ready, (start, stop, at_end))

    def _expire(self, p: RowPartition, oldest: int, now: int, emit: Any) -> None:
        self._end(p, oldest, "expired", now)
        self._decide(p, now, emit)

    def _end(self, p: RowPartition, start: int, reason: str, at: int) -> None:
        """An open attempt can take no more rows; it matches as far as it came."""
        taking = self._threads.taking_rows
        group = next(g for g in p.live if g[1][0] == start and taking(g[0]))
        threads, starts, end, ends = group
        starts.popleft()
        stop = ends.pop(start, end)
        p.live = [each for each in p.live if each[1]]
        waiting = self._threads.waiting_for_end(threads)
        if waiting:
            self._wait(p, waiting, start, stop)
        elif stop >= 0:
            heapq.heappush(p.ready, (start, stop, False))
        if self.observer is not None and (stop < 0 or reason == "limit") and not waiting:
            self.observer(reason, self._bound(p, start, self._so_far(p, start, p.todo)), at, None)

    def _wait(self, p: RowPartition, threads: Any, start: int, end: int) -> None:
        """Let an attempt wait for the end of the partition."""
        attempt = [threads, deque((start,)), end, {}]
        for n, group in enumerate(p.live):
            if group[0] == threads:
                p.live[n] = self._joined(group, attempt)
                return
        p.live.append(attempt)

    def _forget(self, p: RowPartition, free: int) -> None:
        """Drop the open attempts that start before row `free`."""
        for _, starts, _, ends in p.live:
            while starts and starts[0] < free:
                ends.pop(starts.popleft(), None)
        p.live = [group for group in p.live if group[1]]

    def _end_longest(self, p: RowPartition, i: int, now: int, emit: Any) -> None:
        """End the attempts that hold as many rows as a match may."""
        while (oldest := self._oldest(p)) is not None and i - oldest >= self.max_rows:
            self.dropped += 1
            self._end(p, oldest, "limit", now)
            self._decide(p, now, emit)
        p.oldest = i if oldest is None else oldest

    def _decide(self, p: RowPartition, now: int, emit: Any) -> None:
        """Put out the matches that no earlier attempt can prevent any more."""
        while True:
            live = min([group[1][0] for group in p.live]) if p.live else ROW_PATTERN_NEVER
            front = p.ready[0][0] if p.ready else ROW_PATTERN_NEVER
            if self.unmatched:
                self._failed(p, min(live, front, p.todo), now, emit)
            if live <= front:
                return
            start, end, at_end = heapq.heappop(p.ready)
            if start >= p.free:
                self._found(p, start, self._path(p, start, end, None, at_end), now, emit)
                self._forget(p, p.free)

    def _path(self, p: RowPartition, start: int, end: int, last: int | None, at_end: bool) -> bytes:
        rows = [self._bits_of(p, i) for i in range(start, end)]
        return self._threads.path(start == 0, rows, last, at_end)

    # What the tester is told

    def _report_failed(self, p: RowPartition, group: Any) -> None:
        """Tell of attempts that no thread is left of, without the row that ended them."""
        _, starts, end, ends = group
        ts, _, row = p.rows[p.todo - 1 - p.base]
        for start in list(starts)[:ROW_PATTERN_TOLD]:
            if ends.get(start, end) < 0 and self.observer is not None:
                bound = self._bound(p, start, self._so_far(p, start, p.todo - 1))
                self.observer("condition false", bound, ts, (ts, row))

    def _so_far(self, p: RowPartition, start: int, end: int) -> bytes:
        """The labels an open attempt prefers so far; none if they are many."""
        return self._path(p, start, end, 0, False) if 0 < end - start <= ROW_PATTERN_SHOWN else b""

    def _open(self, p: RowPartition) -> list[tuple[int, bytes]]:
        starts = sorted(s for group in p.live for s in list(group[1])[:ROW_PATTERN_TOLD])
        return [(s, self._so_far(p, s, p.todo)) for s in starts[:ROW_PATTERN_TOLD]]
