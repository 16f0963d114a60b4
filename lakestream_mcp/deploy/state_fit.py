"""Whether new code can go on from the checkpoints of what is deployed, and what is lost if not."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from ..codegen.generated import Checkpoint


class StateFit(BaseModel):
    """What becomes of stored state.

    misfits: why a checkpoint cannot be read by the new code. lost: what a new one begins without.
    """

    misfits: list[str]
    lost: list[str]
    notes: list[str]

    @property
    def fits(self) -> bool:
        """Whether every checkpoint can be kept."""
        return not self.misfits


def compare(old: Mapping[str, Checkpoint], new: Mapping[str, Checkpoint]) -> StateFit:
    """Query by query: one that is new has no checkpoint yet, one that is gone leaves its own."""
    misfits, notes = [], []
    for query, held in new.items():
        before = old.get(query)
        if before is not None:
            misfits += [f"{query}: {why}" for why in _misfits(before, held)]
            notes += [
                f"{query}: source `{n}` changed; its old positions are applied to what it reads now"
                for n, digest in held.inputs.items()
                if before.inputs.get(n, digest) != digest
            ]
    gone = sorted(set(old) - set(new))
    if gone:
        notes.append(f"the checkpoints of {', '.join(gone)} are left where they are")
    return StateFit(misfits=misfits, lost=_held(old), notes=notes)


def _misfits(old: Checkpoint, new: Checkpoint) -> list[str]:
    found = []
    if list(old.sources.items()) != list(new.sources.items()):
        found.append(f"reads {_names(new.sources)} instead of {_names(old.sources)}")
    for node in sorted({*old.states, *new.states}):
        before, after = old.states.get(node), new.states.get(node)
        if before is None:
            found.append(f"`{node}` keeps state that the checkpoint does not have")
        elif after is None:
            found.append(f"the state of `{node}` would have no reader")
        elif before != after:
            found.append(f"the state of `{node}` is laid out differently")
    return found


def _held(old: Mapping[str, Checkpoint]) -> list[str]:
    """What the old checkpoints hold, which a new one does not."""
    states = sorted({node for held in old.values() for node in held.states})
    sources = sorted({node for held in old.values() for node in held.sources})
    lost = [f"the open state of `{node}`: sequences begun, windows open" for node in states]
    if sources:
        lost.append(
            f"the positions in {', '.join(sources)}: sources are read from where they are told to "
            "start, so events may come again, and alerts with them"
        )
    return lost


def _names(sources: Mapping[str, str]) -> str:
    return ", ".join(f"{node} ({kind})" for node, kind in sources.items()) or "nothing"
