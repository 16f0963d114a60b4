"""Row pattern recognition of SQL:2016: a program of labels run over the rows of a partition.

A match is certain when no preferred way to match is left. An attempt is made at every row that no
match has skipped; the earlier attempt goes first. State: None when nothing is open, else what
`RowPartition` holds, as a tuple.
"""
# ruff: noqa: I001

from .base import ROW_PATTERN_NEVER, RowPartition
from .history import RowHistoryMatcher  # noqa: F401 - carried, too
from .threads import ROW_PATTERN_LEARNED
from .together import RowTogetherMatcher

# --- carried ---
from collections import deque
from collections.abc import Iterable
from typing import Any

# What a row does to the open attempts, as far as it can be learned:
ROW_CHANGES_MUCH = 0  # it has to be worked out
ROW_PASSES = 1  # there are none, and it starts none
ROW_GOES_ON = 2  # each of them goes on
ROW_JOINS = 3  # the attempt that it starts stands where all others do
ROW_STARTS = 4  # they fail, and it starts one
ROW_ENDS = 5  # they fail
ROW_UNFORESEEN: Any = [None, {}]  # the stage where a match is in sight


class RowPatternMatcher(RowTogetherMatcher):
    """Learns what a row does to all attempts at once, where no match is in sight.

    A stage is [threads of each group, what a row of a mask does and the stage it leads to].
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._stages: dict[Any, Any] = {}
        self._plain = not (self._looks or self.ahead or self.back or self.unmatched)
        self._plain = self._plain and not self._anchored
        if self.forget_after is not None and self._kept_for_ever:
            self._plain = False

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        if self.observer is not None or not self._plain:
            return super().on_events(state, events, emit)
        p = RowPartition(state)
        rows, stage, lone, base, ts = p.rows, self._stage(p), -1, p.base, p.last
        within, most = self.within, self.max_rows
        silence = ROW_PATTERN_NEVER if self.forget_after is None else self.forget_after
        for event in events:
            ts, mask, _ = event
            known = stage[1].get(mask)
            change, following = self._foresee(stage, mask) if known is None else known
            if change == ROW_PASSES:
                base += 1
                continue
            if rows and (
                ts - rows[0][0] >= within or len(rows) >= most or ts - rows[-1][0] >= silence
            ):
                change = ROW_CHANGES_MUCH
            if change == ROW_STARTS:
                base += len(rows)
                rows, stage, lone = [event], following, base
            elif change == ROW_GOES_ON:
                rows.append(event)
                stage = following
            elif change == ROW_ENDS:
                base += len(rows) + 1
                rows, stage, lone, p.live = [], following, -1, []
            else:
                self._restore(p, rows, stage, lone, base)
                if change == ROW_JOINS:
                    p.live[0][1].append(p.todo)
                    rows.append(event)
                    stage = following
                else:
                    stage = self._work_out(p, event, emit)
                rows, lone, base = p.rows, -1, p.base
        self._restore(p, rows, stage, lone, base)
        p.last = ts
        return self._left(p)

    def _work_out(self, p: RowPartition, event: Any, emit: Any) -> Any:
        """Play a row that may decide something; the stage after it."""
        ts = event[0]
        if p.rows and self.forget_after is not None:
            over = p.rows[-1][0] + self.forget_after
            if ts >= over:
                self._over(p, over, over, emit)
                p.restore(None)
        self._settle(p, ts, emit)
        p.rows.append(event)
        self._play(p, p.base + len(p.rows), ts, emit)
        gone = self._needed(p) - p.base
        del p.rows[:gone]
        p.base += gone
        return self._stage(p)

    def _restore(self, p: RowPartition, rows: Any, stage: Any, lone: int, base: int) -> None:
        """Write down what was only foreseen. lone: the row of the one open attempt, or -1."""
        p.rows, p.base, p.todo = rows, base, base + len(rows)
        if lone >= 0:
            p.live, p.oldest = [[None, deque((lone,)), -1, {}]], lone
        for group, threads in zip(p.live, stage[0] or ()):
            group[0] = threads

    def _stage(self, p: RowPartition) -> Any:
        """The stage of a partition; one at which nothing is foreseen if a match is in sight."""
        if p.ready or any(group[2] >= 0 or group[3] for group in p.live):
            return ROW_UNFORESEEN
        return self._stage_of(tuple([group[0] for group in p.live]))

    def _stage_of(self, threads: Any) -> Any:
        if threads not in self._stages:
            if len(self._stages) >= ROW_PATTERN_LEARNED:
                self._stages.clear()
            self._stages[threads] = [threads, {}]
        return self._stages[threads]

    def _foresee(self, stage: Any, mask: int) -> Any:
        """What a row of a mask does at a stage, and the stage after it."""
        groups, known = stage
        if groups is None:
            return ROW_CHANGES_MUCH, stage
        bits = self._bits_of_mask(mask)
        moves = [self._threads.move(threads, bits) for threads in groups]
        before, empty = self._threads.begin(False)
        start, accepted, _ = self._threads.move(before, bits)
        afters: Any = tuple([after for after, _, _ in moves])
        change, following = ROW_CHANGES_MUCH, afters
        if empty or accepted >= 0 or any(done >= 0 for _, done, _ in moves):
            pass
        elif not any(afters):
            change = ROW_STARTS if start else ROW_ENDS if groups else ROW_PASSES
            following = (start,) if start else afters[:0]
        elif all(afters) and len(set(afters)) == len(afters) and not start:
            change = ROW_GOES_ON
        elif afters == (start,):
            change = ROW_JOINS
        known[mask] = (change, self._stage_of(following))
        return known[mask]
