"""Steps in order, matched by a nondeterministic automaton with the semantics of Flink CEP.

State: `()` when nothing is open, else `(serial, runs, done, within)`. A run is a partial match
`(node, start, events)`, its events `(step, ts, row, serial)`; runs stand in the order of their
first events. `done` holds matches that wait because a partial match with an earlier first event
may still win, as a heap of `(start, events, ended)`. Serials number a key's events.
"""

# ruff: noqa: I001

from .heap import sequence_heapify, sequence_pop, sequence_push
from .quiet import SequenceAfterQuiet  # noqa: F401 - carried with the others
from .stages import SEQUENCE_DECIDES, SEQUENCE_ENDS, SEQUENCE_PASSES, SequenceStages

# --- carried ---
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

SEQUENCE_NEVER = 1 << 62
SEQUENCE_NO_STEP = -1  # the step of the time at which a sequence began without an event
SEQUENCE_STAY = ((-1, -1),)  # the event leaves a run as it is


class SequenceNode(NamedTuple):
    """A node of the automaton; `name` is the step's, then a number where a step has several nodes.

    kind: `normal`, `final`, `stop` (a forbidden event came) or `pending` (decided at its deadline).
    gap: microseconds to the previous event, exclusive. edges: (action, target node, formula), where
    `take` binds the event, `ignore` lets it pass and `proceed` goes on with the same event; a
    formula is True, the number of a condition, ("not", f) or ("and", f, g).
    """

    kind: str
    name: str
    step: int
    gap: int | None
    edges: tuple[tuple[str, int, Any], ...]


class SequenceGuard(NamedTuple):
    """Reads earlier events: which conditions must be tested, and what was learned per outcome."""

    tested: tuple[int, ...]
    learned: dict[tuple[bool, ...], Any]


class SequenceMatcher:
    """Runs an automaton. `conditions` are (bit of the mask or None, test(bound, row) or None).

    within: microseconds from first to last event, exclusive. after_match: `no-skip`,
    `skip-to-next`, `skip-past-last`, `skip-to-first` or `skip-to-last` the step number `skip_to`;
    skip_must_exist: fail where a match has no such event. emit_timed_out: also emit what expires.
    measures(bound): the values of a match. max_partial_matches: the oldest is dropped beyond it.
    """

    def __init__(
        self,
        nodes: tuple[SequenceNode, ...],
        start: int,
        conditions: tuple[tuple[int | None, Callable[[Any, Any], Any] | None], ...],
        within: int | None = None,
        after_match: str = "no-skip",
        skip_to: int | None = None,
        skip_must_exist: bool = False,
        emit_timed_out: bool = False,
        max_partial_matches: int = 1000,
        measures: Callable[[Any], tuple[Any, ...]] | None = None,
    ) -> None:
        self.nodes = nodes
        self.start = start
        self.conditions = conditions
        self.within = SEQUENCE_NEVER if within is None else within
        self.after_match = after_match
        self.skip_to = skip_to
        self.skip_must_exist = skip_must_exist
        self.emit_timed_out = emit_timed_out
        self.max_partial_matches = max_partial_matches
        self.measures = measures
        self.observer: Callable[[str, Any, int, Any], None] | None = None
        self.dropped = 0
        self._keep_all = after_match == "no-skip"
        self._past_last = after_match == "skip-past-last"
        self._gapped = any(node.gap is not None for node in nodes)
        self._pending = any(node.kind == "pending" for node in nodes)
        self._timed = self._gapped or self._pending or emit_timed_out
        self._learned: list[dict[int, Any]] = [{} for _ in nodes]
        self._stages = SequenceStages(self._known, SEQUENCE_STAY, start, self._past_last)

    # The protocol

    def initial(self) -> Any:
        return ()

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        runs: list[Any]
        serial, runs, done, _ = state or (0, [], [], 0)
        limit, within, timed = self.max_partial_matches, self.within, self._timed
        stages, watched = self._stages, self.observer is not None
        stage = stages.of(runs)
        for ts, mask, row in events:
            serial += 1
            if runs and (timed or ts - runs[0][1] >= within):
                left = self._settle(runs, done, ts, emit)
                if left is not runs:
                    runs, stage = left, stages.of(left)
            does, step, opened, nodes, after = stage[mask]
            if does == SEQUENCE_PASSES:
                continue
            if does == SEQUENCE_DECIDES or (does == SEQUENCE_ENDS and (watched or done)):
                if runs and runs[0][0] in nodes and not (watched or done):
                    node, start, bound = runs[0]
                    bound = (*bound, (nodes[node], ts, row, serial))
                    self._emit((start, bound, ts), ts, emit)
                    runs = []
                else:
                    runs = self._work_out(runs, done, (ts, mask, row), serial, emit)
                stage = stages.of(runs) if after is None or not runs else after
                continue
            stage, entry = after, (step, ts, row, serial)
            if does == SEQUENCE_ENDS:
                runs = []
            elif nodes:
                runs = [
                    (nodes[run[0]], run[1], (*run[2], entry)) if run[0] in nodes else run
                    for run in runs
                ]
            if opened:
                runs.append((opened, ts, (entry,)))
                if len(runs) + len(done) > limit:
                    runs = self._drop(runs, done, ts, row)
                    runs = self._finish(runs, done, [], ts, emit)
        return (serial, runs, done, within) if runs or done else ()

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        serial, runs, done, within = state
        runs = self._settle(runs, done, now, emit)
        return (serial, runs, done, within) if runs or done else ()

    def next_timer(self, state: Any) -> int | None:
        if not state:
            return None
        _, runs, done, _ = state
        if done or self.emit_timed_out:
            due = min(map(self._deadline, runs), default=SEQUENCE_NEVER)
        elif self._pending:
            nodes = self.nodes
            waiting = [run for run in runs if nodes[run[0]].kind == "pending"]
            due = min(map(self._deadline, waiting), default=SEQUENCE_NEVER)
        else:
            return None
        return None if due >= SEQUENCE_NEVER else due

    def expires(self, state: Any) -> int | None:
        if not state or not state[1]:
            return None
        if not self._gapped:
            return None if self.within == SEQUENCE_NEVER else state[1][-1][1] + self.within
        due = max(map(self._deadline, state[1]))
        return None if due >= SEQUENCE_NEVER else due

    def begin(self, at: int) -> Any:
        """The state of a sequence that begins at a time, without an event."""
        target = self.nodes[self.start].edges[0][1]
        return (1, [(target, at, ((SEQUENCE_NO_STEP, at, None, 1),))], [], self.within)

    # What an event does to runs

    def _work_out(
        self, runs: list[Any], done: list[Any], event: tuple[int, int, Any], serial: int, emit: Any
    ) -> list[Any]:
        """The runs after an event; its matches are put out."""
        ts, mask, row = event
        won: list[Any] | None = None
        if runs:
            runs, won = self._advance(runs, ts, mask, row, serial, done)
        for step, target in self._look(self.start, mask, (), row):
            if target:
                runs.append((target, ts, ((step, ts, row, serial),)))
            else:
                won = [*(won or ()), (ts, ((step, ts, row, serial),), ts)]
        if len(runs) + len(done) > self.max_partial_matches:
            runs = self._drop(runs, done, ts, row)
        return self._finish(runs, done, won or [], ts, emit) if won or done else runs

    def _advance(
        self, runs: list[Any], ts: int, mask: int, row: Any, serial: int, done: list[Any]
    ) -> tuple[list[Any], list[Any] | None]:
        """The runs after an event, and the matches it completes."""
        learned, kept, won, entry = self._learned, None, None, None
        for at, run in enumerate(runs):
            actions = learned[run[0]].get(mask, True)
            if actions.__class__ is not tuple:
                actions = self._look(run[0], mask, run[2], row)
            if actions is SEQUENCE_STAY:
                if kept is not None:
                    kept.append(run)
                continue
            if kept is None:
                kept = runs[:at]
            node, start, bound = run
            for step, target in actions:
                taken = bound
                if step >= 0:
                    if entry is None or entry[0] != step:
                        entry = (step, ts, row, serial)
                    taken = (*bound, entry)
                if target:
                    kept.append((target, start, taken))
                else:
                    won = [*(won or ()), (start, taken, taken[-1][1])]
            if won is not None and self._wins_all(won[0], kept, serial, done):
                return [], won[:1]
            if not actions and self.observer is not None:
                self._report(self._why(node, mask), bound, ts, (ts, row))
        return (runs if kept is None else kept), won

    def _wins_all(self, match: Any, kept: list[Any], serial: int, done: list[Any]) -> bool:
        """Whether a match that an event completes discards all that started up to the event."""
        if not self._past_last or done or self.observer is not None:
            return False
        events = match[1]
        return events[-1][3] == serial and (not kept or kept[0][2][0][3] == events[0][3])

    def _look(self, node: int, mask: int, bound: Any, row: Any) -> Any:
        """What an event does at a node that has not seen its mask, or that tests earlier events."""
        actions = self._known(node, mask)
        if actions.__class__ is SequenceGuard:
            actions = self._ask(node, mask, actions, bound, row)
        return actions

    def _known(self, node: int, mask: int) -> Any:
        """The actions at a node for a mask, or the guard that finds them."""
        learned = self._learned[node]
        if mask not in learned:
            learned[mask] = self._learn(node, mask)
        return learned[mask]

    def _learn(self, node: int, mask: int) -> Any:
        """The same, worked out from the automaton."""
        tested = []
        for atom in sorted(self._reach(node)):
            bit, test = self.conditions[atom]
            if test is not None and (bit is None or mask >> bit & 1):
                tested.append(atom)
        return SequenceGuard(tuple(tested), {}) if tested else self._actions(node, mask, {})

    def _ask(self, node: int, mask: int, guard: SequenceGuard, bound: Any, row: Any) -> Any:
        """Test the conditions on earlier events, then look up the actions."""
        outcome = tuple([self.conditions[k][1](bound, row) is True for k in guard.tested])  # type: ignore[misc]
        try:
            return guard.learned[outcome]
        except KeyError:
            actions = self._actions(node, mask, dict(zip(guard.tested, outcome)))
            guard.learned[outcome] = actions
            return actions

    def _reach(self, node: int) -> set[int]:
        """The conditions that decide what happens at a node, its `proceed` targets included."""
        atoms: set[int] = set()
        for here in self._proceeds(node):
            for action, target, formula in self.nodes[here].edges:
                atoms |= sequence_atoms(formula)
                for after in self._proceeds(target) if action == "take" else ():
                    for onward, _, condition in self.nodes[after].edges:
                        if onward == "proceed":  # perhaps to the end of the pattern
                            atoms |= sequence_atoms(condition)
        return atoms

    def _actions(self, node: int, mask: int, tested: dict[int, bool]) -> Any:
        """(step or -1, target) for every way a run goes on; target 0 is the end of the pattern."""
        true = [
            tested.get(k, bit is None or bool(mask >> bit & 1))
            for k, (bit, _) in enumerate(self.conditions)
        ]
        found = []
        for action, source, target in self._edges(node, true):
            if action == "ignore":
                if node != self.start:
                    found.append((-1, target))
                continue
            found.append((self.nodes[source].step, target))
            if self._ends(target, true):
                found.append((self.nodes[source].step, 0))
        if any(self.nodes[target].kind == "stop" for _, target in found):
            found = [action for action in found if action[1] == 0]
        return SEQUENCE_STAY if found == [(-1, node)] else tuple(found)

    def _edges(self, node: int, true: list[bool]) -> list[tuple[str, int, int]]:
        """The `take` and `ignore` edges open at a node, and behind its `proceed` edges."""
        found, todo = [], [node]
        while todo:
            here = todo.pop()
            for action, target, formula in self.nodes[here].edges:
                if sequence_holds(formula, true):
                    if action == "proceed":
                        todo.append(target)
                    else:
                        found.append((action, here, target))
        return found

    def _ends(self, node: int, true: list[bool]) -> bool:
        """Whether a run that has just reached the node may end there."""
        todo = [node]
        while todo:
            for action, target, formula in self.nodes[todo.pop()].edges:
                if action == "proceed" and sequence_holds(formula, true):
                    if target == 0:
                        return True
                    todo.append(target)
        return False

    # Time

    def _deadline(self, run: Any) -> int:
        due: int = SEQUENCE_NEVER
        if self.within != SEQUENCE_NEVER:
            due = run[1] + self.within
        gap = self.nodes[run[0]].gap
        return due if gap is None else min(due, run[2][-1][1] + gap)

    def _settle(self, runs: list[Any], done: list[Any], now: int, emit: Any) -> list[Any]:
        """End the runs whose deadline is at or before now, one deadline after the other."""
        if not self._timed and not done:
            return self._expire(runs, now)
        while runs:
            due = min(map(self._deadline, runs)) if self._gapped else self._deadline(runs[0])
            if due > now:
                break
            if not done and not self._pending and not self.emit_timed_out:
                due = now
            kept, won = [], []
            for run in runs:
                deadline = self._deadline(run)
                if deadline > due:
                    kept.append(run)
                elif self.nodes[run[0]].kind == "pending":
                    won.append((run[1], run[2], deadline))
                else:
                    self._time_out(run, deadline, emit)
            runs = kept
            if won or done:
                runs = self._finish(runs, done, won, due, emit)
        return runs

    def _expire(self, runs: list[Any], now: int) -> list[Any]:
        """The same, where nothing is decided by it and the oldest come first."""
        gone = 0
        for run in runs:
            if now - run[1] < self.within:
                break
            gone += 1
            if self.observer is not None:
                self._report("expired", run[2], run[1] + self.within, None)
        return runs[gone:] if gone else runs

    def _time_out(self, run: Any, deadline: int, emit: Any) -> None:
        self._report("expired", run[2], deadline, None)
        bound = sequence_bound(run[2])
        if self.emit_timed_out and bound:
            values = () if self.measures is None else self.measures(bound)
            times = (bound[0][1], bound[-1][1], deadline)
            emit((*times, bound, (*values, True), ("timed out",)))

    def _drop(self, runs: list[Any], done: list[Any], ts: int, row: Any) -> list[Any]:
        """Drop the oldest partial matches beyond the limit, of those the least lately extended."""
        surplus = min(len(runs), len(runs) + len(done) - self.max_partial_matches)
        ages = [(run[2][0][3], run[2][-1][3], at) for at, run in enumerate(runs)]
        gone = {at for _, _, at in sorted(ages)[:surplus]}
        for at in sorted(gone):
            self._report("limit", runs[at][2], ts, (ts, row))
        self.dropped += surplus
        return [run for at, run in enumerate(runs) if at not in gone]

    # Matches

    def _finish(
        self, runs: list[Any], done: list[Any], won: list[Any], now: int, emit: Any
    ) -> list[Any]:
        """Emit matches, earliest first event first, unless an earlier partial match may still win.

        Each discards the partial and waiting matches that `after_match` skips. Among matches with
        the same first event the order is that of a binary heap, as in Flink.
        """
        if self._keep_all or not (runs or done or len(won) > 1 or self.skip_must_exist):
            for match in won:
                self._emit(match, now, emit)
            return runs
        if done:
            for match in won:
                sequence_push(done, match)
        else:
            done += won  # in order, and so a heap
        while done and not (runs and runs[0][2][0][3] < done[0][1][0][3]):
            match = sequence_pop(done)
            skipped = self._skipped(match[1])
            if skipped is not None:
                if runs:
                    runs = self._prune(runs, 2, skipped, now)
                if done:
                    left = self._prune(done, 1, skipped, now)
                    if len(left) < len(done):
                        done[:] = left
                        sequence_heapify(done)
            self._emit(match, now, emit)
        return runs

    def _skipped(self, events: Any) -> int | None:
        """The serial up to which (inclusive) a match discards others that start there."""
        if self.after_match == "skip-past-last":
            return events[-1][3]  # type: ignore[no-any-return]
        if self.after_match == "skip-to-next":
            return events[0][3]  # type: ignore[no-any-return]
        serials = [event[3] for event in events if event[0] == self.skip_to]
        if not serials:
            if self.skip_must_exist:
                raise RuntimeError("skip-to: the match has no event of the step to skip to")
            return None
        serial: int = serials[0] if self.after_match == "skip-to-first" else serials[-1]
        if self.skip_must_exist and serial == events[0][3]:
            raise RuntimeError("skip-to: the step to skip to holds the first event of the match")
        return serial - 1

    def _prune(self, items: list[Any], field: int, skipped: int, now: int) -> list[Any]:
        """The runs (or waiting matches) that start after `skipped`."""
        left = [item for item in items if item[field][0][3] > skipped]
        if self.observer is not None and len(left) < len(items):
            for item in items:
                if item[field][0][3] <= skipped:
                    self._report("skipped after match", item[field], now, None)
        return left

    def _emit(self, match: Any, now: int, emit: Any) -> None:
        start, events, ended = match
        bound = tuple([event[:3] for event in events])
        if bound[0][0] == SEQUENCE_NO_STEP:
            bound = bound[1:]
            start = bound[0][1]
        values = () if self.measures is None else self.measures(bound)
        if self.emit_timed_out:
            values = (*values, False)
        emit((start, ended, now, bound, values, ()))

    # Observation

    def _why(self, node: int, mask: int) -> str:
        """Why an event ended a run that had no other way to go on."""
        true = [bit is None or bool(mask >> bit & 1) for bit, _ in self.conditions]
        wanted = False
        for here in sorted(self._proceeds(node)):
            for action, target, formula in self.nodes[here].edges:
                if action == "proceed" and self.nodes[target].kind == "stop":
                    if formula is True or sequence_holds(formula, true):
                        return "forbidden event"
                elif action == "take" and sequence_holds(formula, true):
                    wanted = True
        return "condition false" if wanted else "contiguity broken"

    def _proceeds(self, node: int) -> set[int]:
        seen, todo = set(), [node]
        while todo:
            here = todo.pop()
            if here not in seen:
                seen.add(here)
                todo += [t for action, t, _ in self.nodes[here].edges if action == "proceed"]
        return seen

    def _report(self, reason: str, events: Any, at: int, event: Any) -> None:
        if self.observer is not None:
            self.observer(reason, sequence_bound(events), at, event)


def sequence_bound(events: Any) -> Any:
    """The bound events of a partial match, without their serials."""
    return tuple([event[:3] for event in events if event[0] != SEQUENCE_NO_STEP])


def sequence_holds(formula: Any, true: list[bool]) -> bool:
    """Whether a formula holds, given which conditions do."""
    if formula is True:
        return True
    if isinstance(formula, int):
        return true[formula]
    if formula[0] == "not":
        return not sequence_holds(formula[1], true)
    return sequence_holds(formula[1], true) and sequence_holds(formula[2], true)


def sequence_atoms(formula: Any) -> set[int]:
    """The conditions a formula asks for."""
    if formula is True:
        return set()
    if isinstance(formula, int):
        return {formula}
    return set().union(*map(sequence_atoms, formula[1:]))
