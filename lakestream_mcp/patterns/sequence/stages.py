"""What an event does to all partial matches of a sequence at once, by where they stand."""

# --- carried ---
from collections.abc import Callable, Iterable
from typing import Any

SEQUENCE_LEARNED = 10_000  # stages kept
# What an event does to the runs:
SEQUENCE_PASSES = 0  # they stay as they are, and it opens none
SEQUENCE_GOES_ON = 1  # each of them takes it or stays
SEQUENCE_ENDS = 2  # they end without a match
SEQUENCE_DECIDES = 3  # it has to be worked out


class SequenceStage(dict[int, Any]):
    """What events do while runs stand at no other than these nodes, by mask, as it is learned.

    (what the event does, the step that takes it, the node of the run that it opens or 0, nodes to
    go on to by node, the stage after it or None). Where it decides, instead of nodes the steps by
    which runs end in a match, as far as the first such match discards all other runs.
    """

    def __init__(self, stages: Any, nodes: frozenset[int]) -> None:
        self.stages = stages
        self.nodes = nodes

    def __missing__(self, mask: int) -> Any:
        self[mask] = self.stages.learn(self.nodes, mask)
        return self[mask]


class SequenceStages:
    """All stages.

    actions(node, mask): what an event does to a run at a node, a tuple if that needs no earlier
    events; `stay` if nothing. start: where runs begin. past_last: a match discards what started
    before its end.
    """

    def __init__(
        self, actions: Callable[[int, int], Any], stay: Any, start: int, past_last: bool
    ) -> None:
        self._actions = actions
        self._stay = stay
        self._start = start
        self._past_last = past_last
        self._known: dict[frozenset[int], SequenceStage] = {}
        self.empty = self._stage(())

    def of(self, runs: list[Any]) -> SequenceStage:
        """The stage of these runs."""
        return self._stage([run[0] for run in runs]) if runs else self.empty

    def learn(self, nodes: frozenset[int], mask: int) -> Any:
        """What an event does at a stage."""
        opens = self._actions(self._start, mask)
        found = {node: self._actions(node, mask) for node in nodes}
        if any(actions.__class__ is not tuple for actions in (opens, *found.values())):
            return (SEQUENCE_DECIDES, -1, 0, {}, None)
        moved = {node: actions for node, actions in found.items() if actions is not self._stay}
        reached = {target for actions in (opens, *moved.values()) for _, target in actions}
        after = self._stage((found.keys() - moved.keys()) | reached - {0})
        does = SEQUENCE_GOES_ON if moved or opens else SEQUENCE_PASSES
        ways = [actions for actions in (opens, *moved.values()) if actions]
        if moved and not any(moved.values()):
            does = SEQUENCE_ENDS if len(moved) == len(found) else SEQUENCE_DECIDES
        elif not all(moved.values()):
            does = SEQUENCE_DECIDES
        steps = {step for actions in ways for step, _ in actions}
        alike = len(steps) <= 1 and -1 not in steps
        if does == SEQUENCE_DECIDES or not alike or any(a[0][1] == 0 or a[1:] for a in ways):
            return (SEQUENCE_DECIDES, -1, 0, self._endings(found), after)
        targets = {node: actions[0][1] for node, actions in moved.items() if actions}
        return (does, max(steps, default=-1), opens[0][1] if opens else 0, targets, after)

    def _endings(self, found: dict[int, Any]) -> dict[int, int]:
        """The steps by which runs are completed, where that discards all others."""
        ended = {}
        for node, actions in found.items() if self._past_last else ():
            steps = [step for step, target in actions if target == 0]
            if steps and steps[0] >= 0:
                ended[node] = steps[0]
        return ended

    def _stage(self, nodes: Iterable[int]) -> SequenceStage:
        key = frozenset(nodes)
        stage = self._known.get(key)
        if stage is None:
            if len(self._known) >= SEQUENCE_LEARNED:
                self._known.clear()
            stage = self._known[key] = SequenceStage(self, key)
        return stage
