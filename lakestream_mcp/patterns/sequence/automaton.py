"""The automaton of a sequence, with the semantics of Flink CEP: built here, run by `matcher.py`.

A pattern is turned into nodes and edges from its end to its beginning. What Flink does is kept
where a user could see it, down to which repetitions a times-window bounds.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .matcher import SequenceNode

FINAL = 0  # the node that a finished run reaches
NEVER = ("not", True)
GROUP = "GroupPattern"


class Condition(NamedTuple):
    """When an event fits: `bit` of its mask (None: every row) and `test`, a function's name."""

    bit: int | None = None
    test: str | None = None


class Step(NamedTuple):
    """One step, or a group of steps, with durations in microseconds.

    gap: to the previous event, exclusive; repeat_gap: the same between repetitions. The first
    step of a chain has contiguity `strict`, since nothing comes before it. `waits`: the step binds
    no event; it stands for the end of a wait, at which the sequence begins.
    """

    name: str
    where: Condition = Condition()
    contiguity: str = "relaxed"
    min: int = 1
    max: int | None = 1
    greedy: bool = False
    inner: str = "relaxed"
    until: Condition | None = None
    optional: bool = False
    negated: bool = False
    gap: int | None = None
    repeat_gap: int | None = None
    group: tuple[Step, ...] = ()
    waits: bool = False

    @property
    def repeated(self) -> bool:
        """Whether it may bind more than one event (or the group more than one round)."""
        return self.max != 1

    @property
    def skippable(self) -> bool:
        """Whether a match may leave it out."""
        return self.optional or self.min == 0

    @property
    def forbids(self) -> bool:
        """Whether no such event may come until the next step is bound."""
        return self.negated and self.contiguity != "strict"


class Place(NamedTuple):
    """Where a step stands: in which chain, in which group, before which step."""

    chain: tuple[Step, ...]
    at: int
    group: Step | None
    following: Step | None

    @property
    def step(self) -> Step:
        """The step itself."""
        return self.chain[self.at]

    @property
    def heads_group(self) -> bool:
        """Whether it is the first step of a group; contiguity is then the group's."""
        return self.group is not None and self.at == 0


class Automaton(NamedTuple):
    """The compiled pattern. `conditions` are the atoms that the edges' formulas number."""

    nodes: tuple[SequenceNode, ...]
    start: int
    conditions: tuple[Condition, ...]
    steps: tuple[str, ...]


def compile_steps(steps: tuple[Step, ...], within: int | None) -> Automaton:
    """The automaton of a pattern. Raises ValueError for what has no defined meaning."""
    steps = _anchored(steps)
    build = _Build(steps, within)
    try:
        start = build.chain(steps, FINAL, None, None)
    except RecursionError:
        raise ValueError("an optional step between a negated step and a repeated group") from None
    nodes = tuple(
        SequenceNode(n.kind, n.name, n.step, n.gap, tuple((a, t, f) for a, t, f in n.edges))
        for n in build.nodes
    )
    return Automaton(nodes, start, tuple(build.conditions), tuple(build.step_names))


def _anchored(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps with the first of each chain strict: nothing comes before it."""
    whole = [s._replace(group=_anchored(s.group)) if s.group else s for s in steps]
    return (whole[0]._replace(contiguity="strict"), *whole[1:])


class _Node(NamedTuple):
    kind: str
    name: str  # unique; up to the colon it is the step's name
    step: int
    gap: int | None
    edges: list[list[Any]]


class _Build:
    """Collects nodes and edges. A formula is True, a condition's number, a "not" or an "and"."""

    def __init__(self, steps: tuple[Step, ...], within: int | None) -> None:
        self.nodes: list[_Node] = []
        self.conditions: list[Condition] = []
        self.step_names: list[str] = []
        self.within = within
        self._atoms: dict[tuple[int, str], Any] = {}
        self._index_of: dict[str, int] = {}
        self._names: set[str] = set()
        self._stops: dict[str, int] = {}
        self._greedy_copies: dict[str, int] = {}
        self._later_round: set[int] = set()  # groups whose repetition, not first round, is built
        self._enter(steps)
        self._node("final", "$end$", -1, None)

    def _enter(self, steps: tuple[Step, ...]) -> None:
        """Number the steps and their conditions in the order they are written."""
        for step in steps:
            if step.group:
                self._enter(step.group)
            else:
                self._index_of[step.name] = len(self.step_names)
                self.step_names.append(step.name)
                take = NEVER if step.waits else self._atom(step.where)
                self._atoms[id(step), "take"] = take
            if step.until is not None:
                self._atoms[id(step), "until"] = self._atom(step.until)

    def _atom(self, condition: Condition) -> Any:
        if condition == Condition():
            return True
        if condition not in self.conditions:
            self.conditions.append(condition)
        return self.conditions.index(condition)

    def _node(self, kind: str, base: str, step: int, gap: int | None) -> int:
        name, n = base, 0
        while name in self._names:
            name, n = f"{base}:{n}", n + 1
        self._names.add(name)
        self.nodes.append(_Node(kind, name, step, gap, []))
        return len(self.nodes) - 1

    def _step_node(self, step: Step, timed: bool) -> int:
        """A node of a step; of a repeated step, only nodes made after the first keep its gap."""
        name = GROUP if step.group else step.name
        if step.repeated:
            gap = step.repeat_gap if name in self._names else None
        else:
            gap = step.gap
        index = -1 if step.group else self._index_of[name]
        return self._node("normal", name, index, gap if timed else None)

    def _edge(self, source: int, action: str, target: int, formula: Any) -> None:
        self.nodes[source].edges.append([action, target, formula])

    # Chains of steps: a pattern, or the inside of a group

    def chain(
        self,
        chain: tuple[Step, ...],
        sink: int,
        group: Step | None,
        after: Step | None,
    ) -> int:
        """The first node of a chain that ends in `sink`; `after` is the step that follows it."""
        following = after
        for i in range(len(chain) - 1, -1, -1):
            place = Place(chain, i, group, following)
            step = chain[i]
            if step.negated and i:
                sink = self._negated(place, sink)
            else:
                sink = self._step(place, sink)
            following = step
        return sink

    def _negated(self, place: Place, sink: int) -> int:
        step, take = place.step, self._take(place.step, place.group)
        is_last = self.nodes[sink].kind == "final"
        if step.contiguity == "strict":
            node = self._step_node(step, timed=True)
            stop = self._stop(step, take)
            # at the end of a pattern an event is needed that shows what did not come
            self._edge(node, "ignore" if is_last else "proceed", sink, ("not", take))
            self._edge(node, "proceed", stop, take)
            return node
        if is_last and (step.gap is not None or self.within is not None):
            node = self._node("pending", step.name, self._index_of[step.name], step.gap)
            self._edge(node, "proceed", self._stop(step, take), take)
            self._edge(node, "ignore", node, ("not", take))
            return node
        return sink

    def _step(self, place: Place, sink: int) -> int:
        step = place.step
        if step.max is None:
            self._round(step, later=True)
            loop = self._loop(place, self._past_negations(place, sink))
            self._round(step, later=False)
            first = self._times(place, loop, sink, step.min or 1, step.min or 1)
        elif step.repeated:
            first = self._times(place, sink, sink, step.min or 1, step.max)
        else:
            take, ignore = self._take(step, place.group), self._ignore(place)
            first = self._single(place, sink, sink, take, ignore, step.skippable)
        self._add_stops(place, first)
        return first

    def _round(self, step: Step, later: bool) -> None:
        if step.group:
            (self._later_round.add if later else self._later_round.discard)(id(step))

    # One step

    def _times(self, place: Place, sink: int, past: int, low: int, high: int) -> int:
        """`low` to `high` repetitions before `sink`; `past` is where a complete loop goes on."""
        step, group, last = place.step, place.group, sink
        self._round(step, later=True)
        ignore = self._unless_until(step, self._inner_ignore(place), False)
        take = self._unless_until(step, self._take(step, group), True)
        if step.greedy and low != high:
            if step.until is not None:
                self._greedy_copies[self.nodes[sink].name] = self._copy(sink)
            self._only_if_not(sink, take)
        for n in range(high - 1):
            last = self._single(place, last, past, take, ignore, n < high - low)
            self._stop_in_loop(place, last)
        self._round(step, later=False)
        return self._single(place, last, past, take, self._ignore(place), step.skippable)

    def _single(
        self, place: Place, sink: int, past: int, take: Any, ignore: Any, optional: bool
    ) -> int:
        step = place.step
        if step.group:
            first = self.chain(step.group, sink, step, place.following)
            if optional:
                self._edge(first, "proceed", past, self._always(place.group))
            return first
        node = self._step_node(step, timed=True)
        taken = self._past_negations(place, sink)
        self._edge(node, "take", taken, take)
        if optional:
            self._proceed(step, node, past, self._always(place.group))
        if ignore is not None:
            waiting = node
            if optional or self._opens_optional_group(place):
                waiting = self._step_node(step, timed=False)
                self._edge(waiting, "take", taken, take)
                self._edge(waiting, "ignore", waiting, ignore)
                self._add_stops(place, waiting)
            self._edge(node, "ignore", waiting, ignore)
        return node

    def _loop(self, place: Place, sink: int) -> int:
        step = place.step
        if step.group:
            node = self._step_node(step, timed=True)
            first = self.chain(step.group, node, step, place.following)
            self._edge(first, "proceed", sink, self._always(place.group))
            self._edge(node, "proceed", first, self._always(place.group))
            return first
        ignore = self._unless_until(step, self._inner_ignore(place), False)
        take = self._unless_until(step, self._take(step, place.group), True)
        node = self._step_node(step, timed=True)
        if step.greedy and step.until is not None:
            self._greedy_copies[self.nodes[sink].name] = self._copy(sink)
        self._proceed(step, node, sink, self._always(place.group))
        if step.greedy:
            self._only_if_not(sink, self._take(step, place.group))
        self._edge(node, "take", node, take)
        self._stop_in_loop(place, node)
        if ignore is not None:
            waiting = self._step_node(step, timed=False)
            self._edge(waiting, "take", node, take)
            self._edge(waiting, "ignore", waiting, ignore)
            self._edge(node, "ignore", waiting, ignore)
            self._stop_in_loop(place, waiting)
        return node

    def _proceed(self, step: Step, node: int, target: int, always: Any) -> None:
        """Leave a step without an event; a greedy one ended by `until` goes its own way."""
        if step.greedy and step.until is not None:
            until = self._atoms[id(step), "until"]
            ended = self._greedy_copies.get(self.nodes[target].name)
            if ended is None:
                raise ValueError(f"`{step.name}` cannot be greedy, optional and have `until`")
            self._edge(node, "proceed", ended, ("and", always, until))
            always = ("and", always, ("not", until))
        self._edge(node, "proceed", target, always)

    # Conditions

    def _take(self, step: Step, group: Step | None) -> Any:
        return self._unless_until(group, self._atoms.get((id(step), "take"), True), True)

    def _always(self, group: Step | None) -> Any:
        return self._unless_until(group, True, True)

    def _unless_until(self, step: Step | None, formula: Any, take: bool) -> Any:
        if step is None or step.until is None or (formula is None and not take):
            return formula
        stop = ("not", self._atoms[id(step), "until"])
        return stop if formula is None else ("and", stop, formula)

    def _ignore(self, place: Place) -> Any:
        """What may pass before the step; the head of a group follows the group's contiguity."""
        if not place.heads_group or place.group is None:
            return self._passing(place, place.step.contiguity if place.at else "strict")
        later = id(place.group) in self._later_round
        return self._passing(place, place.group.inner if later else place.group.contiguity)

    def _inner_ignore(self, place: Place) -> Any:
        head = place.group if place.heads_group else None
        return self._passing(place, head.inner if head else place.step.inner)

    def _passing(self, place: Place, contiguity: str) -> Any:
        if contiguity == "strict":
            return None
        own = self._atoms.get((id(place.step), "take"), True)
        formula = True if contiguity == "relaxed-any" else ("not", own)
        return self._unless_until(place.group, formula, False)

    def _opens_optional_group(self, place: Place) -> bool:
        group = place.group
        if group is None or not place.heads_group:
            return False
        return id(group) not in self._later_round and group.skippable

    # Negations

    def _negations(self, place: Place) -> list[tuple[Any, Step]]:
        """Relaxed negated steps before this one, with only optional steps between."""
        found, i = [], place.at
        while i and (place.chain[i - 1].skippable or place.chain[i - 1].forbids):
            i -= 1
            step = place.chain[i]
            if step.forbids:
                found.append((self._take(step, place.group), step))
        return found

    def _stop(self, step: Step, take: Any) -> int:
        if step.name not in self._stops:
            node = self._node("stop", step.name, self._index_of[step.name], None)
            self._edge(node, "take", node, take)
            self._stops[step.name] = node
        return self._stops[step.name]

    def _add_stops(self, place: Place, node: int) -> None:
        for take, step in self._negations(place):
            self._edge(node, "proceed", self._stop(step, take), take)

    def _stop_in_loop(self, place: Place, node: int) -> None:
        step = place.following
        if step is not None and step.forbids:
            take = self._take(step, place.group)
            self._edge(node, "proceed", self._stop(step, take), take)

    def _past_negations(self, place: Place, sink: int) -> int:
        """The sink without the stops that an event bound to this optional step has lifted."""
        names = {step.name for _, step in self._negations(place)}
        return self._lifted(sink, names) if names and place.step.skippable else sink

    def _lifted(self, sink: int, names: set[str]) -> int:
        node = self.nodes[sink]
        if node.kind == "final":
            return sink
        copy = self._node(node.kind, node.name, node.step, None)
        for action, target, formula in node.edges:
            if action != "proceed":
                self._edge(copy, action, copy if target == sink else target, formula)
            elif self.nodes[target].kind != "stop":
                self._edge(copy, action, self._lifted(target, names), formula)
            elif self.nodes[target].name not in names:
                self._edge(copy, action, target, formula)
        return copy

    # Greed

    def _copy(self, sink: int) -> int:
        node = self.nodes[sink]
        if node.kind == "final":
            return sink
        copy = self._node(node.kind, node.name.split(":")[0], node.step, None)
        for action, target, formula in node.edges:
            self._edge(copy, action, copy if target == sink else target, formula)
        return copy

    def _only_if_not(self, sink: int, take: Any) -> None:
        for edge in self.nodes[sink].edges:
            edge[2] = ("and", edge[2], ("not", take))
