"""Whose state a run folder holds, and what is lost when other code takes it over."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel

from ...codegen import Generated
from ...codegen.generated import Checkpoint
from ...errors import InvalidArgument, LakestreamError
from ..state_fit import StateFit, compare
from .place import RunFolder, write_json


class Claim(BaseModel):
    """What the checkpoints of a folder belong to.

    checkpoints: by query; None where a folder does not tell. Where given events are read instead of
    sources, these are named by the events. generation: as deployments count them.
    """

    pipeline: str
    revision: int = 0
    checkpoints: dict[str, Checkpoint] | None = None
    generation: int = 1

    @classmethod
    def of(cls, generated: Generated, revision: int, events: str | None) -> Claim:
        """The claim of a revision. events: what given events are known by, if any are given."""
        made = generated.checkpoints
        return cls(
            pipeline=next(iter(generated.files)),
            revision=revision,
            checkpoints=_reading(made, f"events {events[:12]}") if events else made,
        )

    def fit(self, held: Claim) -> StateFit:
        """Whether this code can go on from what another left, and what is lost if not."""
        if held.checkpoints is None:
            why = "nothing tells what it holds"
            return StateFit(misfits=[why], lost=["all that it holds"], notes=[])
        return compare(held.checkpoints, self.checkpoints or {})


def _reading(made: Mapping[str, Checkpoint], instead: str) -> dict[str, Checkpoint]:
    """The checkpoints of queries that read something else instead of each source."""
    return {
        query: held.model_copy(update={"sources": dict.fromkeys(held.sources, instead)})
        for query, held in made.items()
    }


def held(folder: RunFolder) -> Claim | None:
    """Whose state the folder holds."""
    if not folder.claim.exists():
        return None
    return Claim.model_validate(json.loads(folder.claim.read_text(encoding="utf-8")))


@contextmanager
def claimed(
    folder: RunFolder, mine: Claim, fresh: bool, generation: int | None = None
) -> Iterator[None]:
    """Take a folder over for a start; where the start fails, the folder is as it was before.

    fresh: begin with new checkpoints. The old ones are kept aside, with what was measured of them.
    generation: what deployments call the checkpoints from now on; none where that does not change.
    Raises InvalidArgument where the folder's checkpoints hold what cannot be read.
    """
    before = held(folder)
    if not fresh and before is not None and not (fit := mine.fit(before)).fits:
        raise _changed(folder, before, mine, fit)
    if generation is None:
        generation = before.generation if before else 1
    mine = mine.model_copy(update={"generation": generation})
    aside = folder.earlier / dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S_%f")
    try:
        if fresh:
            _put_aside(folder, aside)
        write_json(folder.claim, mine.model_dump(mode="json"))
        yield
    except (LakestreamError, OSError):
        if aside.exists():
            _put_back(folder, aside)
        elif before is not None:
            write_json(folder.claim, before.model_dump(mode="json"))
        raise


def _put_aside(folder: RunFolder, aside: Path) -> None:
    # Whose the checkpoints are is moved last: until then a folder that was left half-way is known.
    moved = [
        folder.checkpoints,
        folder.progress,
        *sorted(folder.root.glob(f"{folder.record.name}*")),
    ]
    for path in [*moved, folder.claim]:
        if path.exists():
            aside.mkdir(parents=True, exist_ok=True)
            path.rename(aside / path.name)


def _put_back(folder: RunFolder, aside: Path) -> None:
    """What was put aside is in its place again, instead of what a failed start has begun there."""
    for path in aside.iterdir():
        begun = folder.root / path.name
        if begun.is_dir():
            shutil.rmtree(begun)
        path.replace(begun)
    aside.rmdir()


def _changed(folder: RunFolder, before: Claim, mine: Claim, fit: StateFit) -> InvalidArgument:
    return InvalidArgument(
        f"Revision {mine.revision} cannot go on from the checkpoint of revision {before.revision}: "
        f"{'; '.join(fit.misfits[:5])}. With fresh=true this is lost: {'; '.join(fit.lost)}.",
        code="STATE_CHANGED",
        where={"folder": str(folder.root), "lost": fit.lost, "misfits": fit.misfits},
        got={"revision": mine.revision},
        expected={"revision": before.revision},
        hint=f"Start revision {before.revision} to go on, or start with fresh=true: the old "
        "checkpoints are kept aside, sources are read from their start, and sinks that append get "
        "their rows again.",
    )
