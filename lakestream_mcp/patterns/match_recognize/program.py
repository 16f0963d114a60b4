"""A pattern as a program: instructions that threads run, the preferred way first.

("label", variable, excluded)   takes a row as the variable
("split", first, second)        goes on at both places, `first` preferred
("jump", place)   ("start",)   ("end",)   ("done",)
"""

from __future__ import annotations

from itertools import permutations
from math import factorial
from typing import Any

from ...errors import LimitExceeded
from .pattern_text import Pattern
from .tokens import FIELD

MAX_INSTRUCTIONS = 20_000
Instruction = tuple[Any, ...]


def compile_pattern(pattern: Pattern, labels: tuple[str, ...]) -> tuple[Instruction, ...]:
    """The program of a pattern. Raises LimitExceeded before it grows too long."""
    size = _size(pattern)
    if size > MAX_INSTRUCTIONS:
        raise LimitExceeded(
            "The pattern is too large once its quantifiers and PERMUTE are written out.",
            code="PATTERN_TOO_LARGE",
            where={"field": FIELD},
            got=size,
            expected=f"at most {MAX_INSTRUCTIONS} steps",
            hint="use smaller bounds in {n,m}, `*` or `+` instead of a large bound, or fewer "
            "elements in PERMUTE",
        )
    compiler = Compiler(labels)
    compiler.add(pattern, False)
    compiler.program.append(("done",))
    return tuple(compiler.program)


def _size(pattern: Pattern) -> int:
    """How many instructions there will be, at most."""
    inner = sum(_size(part) for part in pattern.parts) + 2 * len(pattern.parts)
    if pattern.kind == "permute":
        return inner * factorial(min(len(pattern.parts), 20))
    if pattern.kind == "repeat":
        return inner * max(pattern.high or pattern.low, 1) + 2
    return inner + 1


class Compiler:
    """Appends the instructions of one node after the other."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.labels = labels
        self.program: list[Instruction] = []

    def add(self, node: Pattern, excluded: bool) -> None:
        """Append a node; `excluded`: its rows are not put out."""
        if node.kind == "label":
            self.program.append(("label", self.labels.index(node.label), excluded))
        elif node.kind in ("start", "end"):
            self.program.append((node.kind,))
        elif node.kind == "alternation":
            self._alternation([(part,) for part in node.parts], excluded)
        elif node.kind == "permute":
            self._alternation(list(permutations(node.parts)), excluded)
        elif node.kind == "repeat":
            self._repeat(node, excluded)
        else:
            for part in node.parts:
                self.add(part, excluded or node.kind == "exclude")

    def _alternation(self, ways: list[tuple[Pattern, ...]], excluded: bool) -> None:
        jumps = []
        for way in ways[:-1]:
            split = self._hole()
            for part in way:
                self.add(part, excluded)
            jumps.append(self._hole())
            self.program[split] = ("split", split + 1, len(self.program))
        for part in ways[-1]:
            self.add(part, excluded)
        for jump in jumps:
            self.program[jump] = ("jump", len(self.program))

    def _repeat(self, node: Pattern, excluded: bool) -> None:
        (part,) = node.parts
        loop = len(self.program)
        for _ in range(node.low):
            loop = len(self.program)
            self.add(part, excluded)
        if node.high is None:
            skip = None
            if node.low == 0:
                skip = self._hole()
                loop = len(self.program)
                self.add(part, excluded)
            self._split(self._hole(), loop, node.greedy)
            if skip is not None:
                self._split(skip, skip + 1, node.greedy)
            return
        splits = []
        for _ in range(node.low, node.high):
            splits.append(self._hole())
            self.add(part, excluded)
        for split in splits:
            self._split(split, split + 1, node.greedy)

    def _split(self, place: int, again: int, greedy: bool) -> None:
        """Fill a hole: once more, or on behind what has been written so far."""
        onward = len(self.program)
        self.program[place] = ("split", again, onward) if greedy else ("split", onward, again)

    def _hole(self) -> int:
        """An instruction to be filled in later; its place."""
        self.program.append(())
        return len(self.program) - 1
