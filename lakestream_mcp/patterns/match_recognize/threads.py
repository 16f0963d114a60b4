"""The threads of a row pattern's program: where they stand, and what a row does to them.

A program is run by threads in order of preference; one that is done cuts off those behind it.
Carried into generated code with the matcher.
"""

# --- carried ---
from collections.abc import Sequence
from typing import Any

ROW_PATTERN_LEARNED = 20_000  # transitions kept


class RowThreads:
    """Runs a program (see `program.py`) whose definitions do not read the match.

    Then a thread's future depends on where it stands alone, and what a row does to threads that
    stand alike is learned once.
    """

    def __init__(self, program: tuple[tuple[Any, ...], ...]) -> None:
        self.program = program
        self._ends = {n for n, step in enumerate(program) if step[0] == "end"}
        self._moves: dict[Any, Any] = {}
        self._begins: dict[bool, Any] = {}

    def follow(
        self, place: int, tag: Any, seen: set[Any], at_start: bool = False, at_end: bool = False
    ) -> tuple[list[int], bool]:
        """Where a thread that goes on at `place` stands next, and whether it is done then.

        Threads of the same `tag` that come to a place later are less preferred and end there.
        """
        found: list[int] = []
        todo = [place]
        while todo:
            place = todo.pop()
            if (place, tag) in seen:
                continue
            seen.add((place, tag))
            step = self.program[place]
            kind = step[0]
            if kind == "split":
                todo += (step[2], step[1])
            elif kind == "jump":
                todo.append(step[1])
            elif kind == "done":
                return found, True
            elif (kind == "start" and at_start) or (kind == "end" and at_end):
                todo.append(place + 1)
            elif kind != "start":
                found.append(place)
        return found, False

    def taking_rows(self, threads: Sequence[int]) -> bool:
        """Whether a row could let one of the threads go on."""
        return not self._ends or any(place not in self._ends for place in threads)

    def waiting_for_end(self, threads: Sequence[int]) -> tuple[int, ...]:
        """Those of the threads that only the end of the partition can let pass."""
        if not self._ends:
            return ()
        return tuple([place for place in threads if place in self._ends])

    def passing_end(self, threads: Any) -> int | None:
        """The first thread that is done if no row comes any more."""
        seen: set[Any] = set()
        for n, place in enumerate(threads):
            if self.program[place][0] == "end" and self.follow(place, None, seen, False, True)[1]:
                return n
        return None

    def begin(self, first: bool) -> tuple[tuple[int, ...], bool]:
        """The threads of an attempt before its first row, and whether no row would do."""
        known = self._begins.get(first)
        if known is None:
            found, done = self.follow(0, None, set(), at_start=first)
            known = self._begins[first] = (tuple(found), done)
        return known

    def move(self, threads: tuple[int, ...], bits: int) -> tuple[Any, int, Any]:
        """The threads after a row, the thread that is done with it or -1, and who became whom."""
        known = self._moves.get((threads, bits))
        if known is None:
            if len(self._moves) >= ROW_PATTERN_LEARNED:
                self._moves.clear()
            known = self._moves[threads, bits] = self._learn(threads, bits)
        return known

    def _learn(self, threads: tuple[int, ...], bits: int) -> tuple[Any, int, Any]:
        seen: set[Any] = set()
        after: list[int] = []
        parents: list[int] = []
        for n, place in enumerate(threads):
            step = self.program[place]
            if step[0] == "label" and bits >> step[1] & 1:
                found, done = self.follow(place + 1, None, seen)
                after += found
                parents += [n] * len(found)
                if done:
                    return tuple(after), n, tuple(parents)
        return tuple(after), -1, tuple(parents)

    def path(self, first: bool, rows: list[int], last: int | None, at_end: bool) -> bytes:
        """The labels of an attempt's rows, given as bits; of the thread that ends there.

        A label is twice the variable, plus 1 if excluded. last: the thread after the last row;
        None: the one that is done.
        """
        threads, _ = self.begin(first)
        steps = []
        accepted, parents = -1, ()
        for bits in rows:
            before = threads
            threads, accepted, parents = self.move(threads, bits)
            steps.append((before, parents))
        if at_end:
            last = self.passing_end(threads)
        n = accepted if last is None else parents[last] if parents else -1
        path = bytearray()
        for before, _ in reversed(steps):
            _, variable, excluded = self.program[before[n]]
            path.append(variable << 1 | excluded)
            at = len(steps) - len(path) - 1
            n = steps[at][1][n] if at >= 0 else 0
        return bytes(reversed(path))
