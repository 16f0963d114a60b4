"""What a match remembers of its rows, so that no expression has to look at all of them again.

A slot is kept per partial match and changes with each row of its labels: places of rows for FIRST
and LAST, running values for aggregates.
"""

from __future__ import annotations

from typing import NamedTuple

from ...cep.expression import plain


class Slot(NamedTuple):
    """What `matcher.py` calls a slot. `labels` None: every row. `argument`: code over (v, i).

    `size`: how many places or values are kept, where the kind keeps several.
    """

    kind: str
    labels: frozenset[int] | None
    argument: str | None = None
    size: int = 1


class Slots:
    """The slots of one memory; equal ones are shared, positions are as large as any use needs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.slots: list[Slot] = []

    def place(self, slot: Slot) -> int:
        """The number of a slot, which is added if it is new."""
        for number, known in enumerate(self.slots):
            if known == slot:
                return number
            if slot.kind in ("first", "last") and known[:3] == slot[:3]:
                self.slots[number] = known._replace(size=max(known.size, slot.size))
                return number
        self.slots.append(slot)
        return len(self.slots) - 1

    def source(self) -> str:
        """Python source of the functions that read a slot's value from a row."""
        return "\n".join(
            f"def {self.name}_{number}(v, i):\n    return {plain(slot.argument)}\n"
            for number, slot in enumerate(self.slots)
            if slot.argument is not None
        )

    def construct(self) -> str:
        """The slots as a Python expression."""
        parts = []
        for number, slot in enumerate(self.slots):
            argument = f"{self.name}_{number}" if slot.argument is not None else "None"
            labels = None if slot.labels is None else tuple(sorted(slot.labels))
            parts.append(f"({slot.kind!r}, {labels!r}, {argument}, {slot.size}), ")
        return f"({''.join(parts).rstrip()})"
