"""What both ways to run a row pattern share: rows, time, and when a partition is over.

Carried into generated code with the matcher.
"""
# ruff: noqa: I001

from .memory import MatchView
from .output import RowOutput
from .threads import RowThreads

# --- carried ---
from collections.abc import Callable, Iterable
from typing import Any

ROW_PATTERN_NEVER = 1 << 62
ROW_PATTERN_END = 3_900_000_000_000_000  # 2093: a watermark as late as this closes every partition
ROW_PATTERN_SHOWN = 100  # the tester is told of attempts of so many rows at most …
ROW_PATTERN_TOLD = 10  # … and of so many attempts at once


class RowPartition:
    """What is known of one partition; its rows have numbers from 0.

    rows: (ts, mask, row) from row number `base` on. todo: the next row to be played. live: the open
    attempts, see the matchers. ready: matches (start, end, at the end?) that wait for an earlier
    attempt, a heap. number: of matches so far. free: where the next match may start. covered: up
    to where rows are in a match. oldest: no attempt starts before it. last: time of the last row.
    """

    def __init__(self, state: Any) -> None:
        self.restore(state)

    def restore(self, state: Any) -> None:
        """Take on what was stored; None: a partition without rows."""
        if state is None:
            state = ([], 0, 0, [], [], 0, 0, 0, 0, 0, ())
        self.rows, self.base, self.todo, self.live, self.ready = state[:5]
        self.number, self.free, self.covered, self.oldest, self.last = state[5:10]

    def state(self, shown: Any) -> Any:
        """What is stored; `shown`: open attempts and their deadlines, for the tester."""
        return (
            *(self.rows, self.base, self.todo, self.live, self.ready),
            *(self.number, self.free, self.covered, self.oldest, self.last, shown),
        )


class RowPatternBase:
    """Runs a program over partitions.

    tests: per variable the bit of the mask, a look(v) at the place of the row and a test(v, m) of
    the match so far; None: holds. unmatched: rows without a match are put out, too. skip: `past
    last row`, `next row`, `first` or `last` of the variables skip_to. within, forget_after:
    microseconds. numbered: the match's number is read. back, ahead: how many rows before and after
    a row expressions see. Beyond max_rows a match cannot go on.
    """

    def __init__(
        self,
        program: tuple[tuple[Any, ...], ...],
        names: tuple[str, ...],
        tests: tuple[tuple[int | None, Any, Any], ...],
        output: RowOutput,
        unmatched: bool = False,
        skip: str = "past last row",
        skip_to: tuple[int, ...] = (),
        within: int | None = None,
        forget_after: int | None = None,
        numbered: bool = False,
        back: int = 0,
        ahead: int = 0,
        max_rows: int = 10_000,
    ) -> None:
        self.tests = tests
        self.output = output
        self.unmatched = unmatched
        self.skip = skip
        self.skip_to = frozenset(skip_to)
        self.within = ROW_PATTERN_NEVER if within is None else within
        self.forget_after = forget_after
        self.back = back
        self.ahead = ahead
        self.max_rows = max_rows
        self.observer: Callable[[str, Any, int, Any], None] | None = None
        self.dropped = 0
        self._anchored = any(step[0] == "start" for step in program)
        self._kept_for_ever = numbered or self._anchored or back > 0
        self._timed = within is not None and not ahead
        self._looks = [(n, look) for n, (_, look, _) in enumerate(tests) if look is not None]
        self._threads = RowThreads(program)
        self._view = MatchView(names)
        self._bits: dict[int, int] = {}

    # The protocol

    def initial(self) -> Any:
        return None

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        p = RowPartition(state)
        silence = self.forget_after
        for event in events:
            ts = event[0]
            if silence is not None and p.base + len(p.rows) and ts - p.last >= silence:
                self._over(p, p.last + silence, p.last + silence, emit)
                p = RowPartition(None)
            if self._timed:
                self._settle(p, ts, emit)
            p.rows.append(event)
            p.last = ts
            self._play(p, p.base + len(p.rows) - self.ahead, ts, emit)
        return self._left(p)

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        p = RowPartition(state)
        end = self._end_of(p)
        if end <= now:
            self._over(p, end, p.last if self.forget_after is None else end, emit)
            return None
        if self._timed:
            self._settle(p, now, emit)
        return self._left(p)

    def next_timer(self, state: Any) -> int | None:
        if state is None:
            return None
        p = RowPartition(state)
        due = self._end_of(p)
        oldest = self._oldest(p) if self._timed else None
        return due if oldest is None else min(due, p.rows[oldest - p.base][0] + self.within)

    def expires(self, state: Any) -> int | None:
        return None

    # Time

    def _end_of(self, p: RowPartition) -> int:
        """When the partition is over if no row comes."""
        return ROW_PATTERN_END if self.forget_after is None else p.last + self.forget_after

    def _over(self, p: RowPartition, end: int, now: int, emit: Any) -> None:
        """The partition is over: decide what is open."""
        if self._timed:
            self._settle(p, end, emit)
        self._play(p, p.base + len(p.rows), now, emit)
        self._close(p, now, emit)

    def _settle(self, p: RowPartition, time: int, emit: Any, now: int | None = None) -> None:
        """End the attempts whose time is over, one deadline after the other."""
        while (oldest := self._oldest(p)) is not None:
            due = p.rows[oldest - p.base][0] + self.within
            if due > time:
                return
            self._expire(p, oldest, due if now is None else now, emit)

    # Rows

    def _bits_of(self, p: RowPartition, i: int) -> int:
        """The variables a row may be, as far as that does not depend on the match."""
        bits = self._bits_of_mask(p.rows[i - p.base][1])
        if self._looks:
            view = self._see(p)
            view.at = i
            for n, look in self._looks:
                if bits >> n & 1 and look(view) is not True:
                    bits ^= 1 << n
        return bits

    def _bits_of_mask(self, mask: int) -> int:
        bits = self._bits.get(mask)
        if bits is None:
            bits = 0
            for n, (bit, _, _) in enumerate(self.tests):
                if bit is None or mask >> bit & 1:
                    bits |= 1 << n
            self._bits[mask] = bits
        return bits

    def _see(self, p: RowPartition) -> MatchView:
        view = self._view
        view.rows, view.base = p.rows, p.base
        return view

    def _left(self, p: RowPartition) -> Any:
        """The state, without the rows that nothing can read any more."""
        needed = self._needed(p)
        if not self._kept_for_ever and needed == p.base + len(p.rows):
            return None
        gone = needed - self.back - p.base
        if gone > 0:
            del p.rows[:gone]
            p.base += gone
        return p.state(() if self.observer is None else self._shown(p))

    # Matches

    def _found(self, p: RowPartition, start: int, path: bytes, now: int, emit: Any) -> None:
        """Put out a match and go on where it says."""
        p.number += 1
        view = self._see(p)
        view.start, view.path, view.number = start, path, p.number
        self.output.match(view, now, emit)
        p.covered = max(p.covered, start + len(path))
        p.free = self._onward(start, path)

    def _onward(self, start: int, path: bytes) -> int:
        """Where the next match may start. Raises RuntimeError where the standard has an error."""
        if not path or self.skip == "next row":
            return start + 1
        if self.skip == "past last row":
            return start + len(path)
        places = [k for k, label in enumerate(path) if label >> 1 in self.skip_to]
        if not places:
            raise RuntimeError("AFTER MATCH SKIP failed: the match has no row of the variable")
        place = places[0] if self.skip == "first" else places[-1]
        if place == 0:
            raise RuntimeError("AFTER MATCH SKIP failed: cannot skip to the match's first row")
        return start + place

    def _failed(self, p: RowPartition, upto: int, now: int, emit: Any) -> None:
        """No match starts before row `upto` but those that were found."""
        if self.unmatched:
            for i in range(max(p.free, p.covered), upto):
                self.output.unmatched(p.rows[i - p.base], now, emit)
        p.free = max(p.free, upto)

    def _bound(self, p: RowPartition, start: int, path: bytes) -> Any:
        """Rows of an attempt with their labels."""
        view = self._see(p)
        view.start, view.path = start, path
        return view.bound()

    def _shown(self, p: RowPartition) -> Any:
        """Open attempts and when each is decided, as long as they are short enough to show."""
        timed = self.within < ROW_PATTERN_NEVER
        return tuple(
            [
                (
                    self._bound(p, start, path),
                    p.rows[start - p.base][0] + self.within if timed else None,
                )
                for start, path in self._open(p)
                if path
            ]
        )

    # What the two ways differ in

    def _play(self, p: RowPartition, upto: int, now: int, emit: Any) -> None:
        """Play the rows before `upto`."""
        raise NotImplementedError

    def _close(self, p: RowPartition, now: int, emit: Any) -> None:
        """No more rows will come."""
        raise NotImplementedError

    def _expire(self, p: RowPartition, oldest: int, now: int, emit: Any) -> None:
        """The time of the oldest open attempt is over."""
        raise NotImplementedError

    def _oldest(self, p: RowPartition) -> int | None:
        """The first row of the oldest open attempt."""
        raise NotImplementedError

    def _needed(self, p: RowPartition) -> int:
        """The first row that an attempt can still read."""
        raise NotImplementedError

    def _open(self, p: RowPartition) -> list[tuple[int, bytes]]:
        """Open attempts as the tester shows them: first row, labels."""
        raise NotImplementedError
