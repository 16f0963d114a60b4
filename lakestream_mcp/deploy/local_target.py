"""This machine as a target: a revision that its supervised Spark runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..codegen import generate
from ..errors import EngineFailed, Unsupported
from . import running
from .changes import Change, Known, Observation, Runs
from .desired import Desired, code_sha256
from .running.claim import held
from .running.start import folder_of


class LocalTarget:
    """One pipeline's local run. Its folder says which generation of checkpoints it holds, so that a
    start is known that nobody lived to record.

    What runs is made from the revision again. It is the text that was deployed, as code follows
    from the document; where another version of the product made that, it is refused.
    """

    def __init__(self, ws: Any, pipeline_id: str, known: Known) -> None:
        self.ws = ws
        self.pipeline_id = pipeline_id
        self.known = known
        self.run_mark = ""
        self.desired: Desired | None = None

    @property
    def folder(self) -> str:
        """Where the run keeps checkpoints, tables and logs."""
        return str(folder_of(self.ws, self.pipeline_id).root)

    def observe(self, desired: Desired | None, keep: list[str], runs: Runs) -> Observation:
        """Start it, start it again with another revision, or end it."""
        self.desired = desired
        now = running.status(self.ws, self.pipeline_id)
        before = now.revision if now.is_alive else None
        wanted = desired.revision if desired and not desired.paused else None
        change = Change(
            do="leave" if before == wanted and self._as_wanted() else "update",
            kind="runs",
            key=self.pipeline_id,
            name="on this machine",
            diff={} if before == wanted else {"revision": [before, wanted]},
            before=before,
        )
        if wanted is not None and change.writes:
            self._refuse_other_code(desired)
        world = {
            "revision": before,
            "generation": self._held(),
            "known": self.known.model_dump(mode="json"),
        }
        return Observation(changes=[change], world=world)

    def _refuse_other_code(self, desired: Desired | None) -> None:
        """Raise Unsupported where the revision's code is not what was deployed of it."""
        assert desired is not None
        with self.ws.reading() as store:
            document = store.load(self.pipeline_id, desired.revision).document
        made = generate(
            document,
            self.ws.validate(document),
            self.ws.catalog,
            self.pipeline_id,
            desired.revision,
            self.ws.resolver,
        )
        if made.files == desired.files:
            return
        raise Unsupported(
            f"The code that was deployed of revision {desired.revision} cannot be made again: "
            "this version of LakeStream makes other code of it.",
            code="CODE_CHANGED",
            where={"pipeline": self.pipeline_id, "revision": desired.revision},
            got=code_sha256(made.files),
            expected=desired.code_sha256,
            hint=f"restore_revision to {desired.revision}, test it and deploy it: its plan shows "
            "how the code differs.",
        )

    def _held(self) -> int:
        """The generation of checkpoints in the run's folder."""
        claim = held(folder_of(self.ws, self.pipeline_id))
        return claim.generation if claim else 0

    def _as_wanted(self) -> bool:
        """Whether the checkpoints are those that are asked for, if any are."""
        if self.desired is None or self.desired.paused:
            return True
        return self.desired.generation == self._held()

    def expect(self, change: Change) -> None:
        """Nothing is left behind that the run's folder does not say itself."""

    def do(self, change: Change) -> None:
        """End what runs, and start what shall run."""
        with self._writing():
            running.stop(self.ws, self.pipeline_id)
            if self.desired is None or self.desired.paused:
                return
            wanted = self.desired.generation
            options = running.RunOptions(fresh=wanted > self._held(), generation=wanted)
            running.start(self.ws, self.pipeline_id, self.desired.revision, options)

    def undo(self, change: Change) -> None:
        """Let run what ran before."""
        with self._writing():
            running.stop(self.ws, self.pipeline_id)
            if change.before is not None:
                running.start(self.ws, self.pipeline_id, change.before)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """What the system refuses is said of the run's folder."""
        try:
            yield
        except OSError as error:
            raise EngineFailed(
                f"The files of the run cannot be written: {error.strerror or error}.",
                code="START_FAILED",
                where={"folder": self.folder},
                hint="Make room on the disk, or give this server's user the folder.",
            ) from None
