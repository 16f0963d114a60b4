"""The ways through a pattern's program: what may come next, and how many rows are still needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .program import Instruction

FAR = 1 << 30


class Expected(NamedTuple):
    """What may follow some rows.

    variables: what the next row may be. onward: those of them that bring the match nearer, where
    others repeat what is enough. end: whether the end may come. left: how many rows are needed.
    """

    variables: tuple[int, ...]
    onward: frozenset[int]
    end: bool
    left: int


class Ways:
    """Follows a program; left: for each place the least number of rows up to a match."""

    def __init__(self, program: Sequence[Instruction]) -> None:
        self.program = program
        self.left = self._distances()

    @property
    def needed(self) -> int:
        """How many rows a match has at least."""
        return self.left[0]

    def shortest(self) -> list[int]:
        """The variables of the shortest match, the preferred one of equals."""
        found: list[int] = []
        place = 0
        while self.program[place][0] != "done":
            step = self.program[place]
            if step[0] == "split":
                place = min(step[1:], key=lambda p: self.left[p])
            elif step[0] == "jump":
                place = step[1]
            else:
                if step[0] == "label":
                    found.append(step[1])
                place += 1
        return found

    def after(self, variables: Sequence[int], first: bool) -> Expected:
        """What may follow rows matched to these variables. first: they begin the partition."""
        places = self._waiting([0], first)
        for variable in variables:
            places = self._waiting(
                [p + 1 for p in places if self.program[p][:2] == ("label", variable)]
            )
        taking = [p for p in places if self.program[p][0] == "label"]
        left = min((self.left[p] for p in places), default=FAR)
        return Expected(
            tuple(dict.fromkeys(self.program[p][1] for p in taking)),
            frozenset(self.program[p][1] for p in taking if self.left[p] == left),
            len(taking) < len(places),
            left,
        )

    def _waiting(self, places: Sequence[int], at_start: bool = False) -> list[int]:
        """Where threads at these places stand until a row or the end comes, preferred first."""
        found: list[int] = []
        seen: set[int] = set()
        todo = list(reversed(places))
        while todo:
            place = todo.pop()
            if place in seen:
                continue
            seen.add(place)
            step = self.program[place]
            if step[0] == "split":
                todo += (step[2], step[1])
            elif step[0] == "jump":
                todo.append(step[1])
            elif step[0] == "start" and at_start:
                todo.append(place + 1)
            elif step[0] in ("label", "end"):
                found.append(place)
        return found

    def _distances(self) -> list[int]:
        left = [FAR] * len(self.program)
        changed = True
        while changed:
            changed = False
            for place in reversed(range(len(left))):
                step = self.program[place]
                if step[0] in ("split", "jump"):
                    least = min(left[p] for p in step[1:])
                elif step[0] == "done":
                    least = 0
                else:
                    least = left[place + 1] + (step[0] == "label")
                if least < left[place]:
                    left[place] = least
                    changed = True
        return left
