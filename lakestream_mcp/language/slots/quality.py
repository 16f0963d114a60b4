"""Rules of quality: what is to be true of each row, and what happens where it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..rules.lookups import positive
from ..rules.names import column_name
from ..rules.phrase import Phrase
from ..rules.scene import Made, Scene, text
from .atoms import Atoms, Condition
from .parted import REST, Parted, parts_of_text
from .places import Places, cut_places

if TYPE_CHECKING:
    from sqlglot import exp

_NAMED = r"quality|expectations?|validat\w*|violat\w*|constraints?|quarantin\w*"
_OWED = r"check\w*|ensure|verify|expect|require\w*|rules?|invalid|bad"
ACTIONS = (
    ("drop", r"drop\w*|discard\w*|remov\w*|reject\w*|delet\w*|quarantin\w*|throw\w*"),
    ("warn", r"warn\w*|log|logs|logged|flag\w*|only count|keep them"),
    ("fail", r"(?<!that )(?<!which )(?<!rows )fail\w*|stop\w*|abort\w*|halt\w*"),
)
_ACTION = "|".join(cue for _, cue in ACTIONS)
_BAD = r"invalid|bad|violations|violating|failed|failing|rejected|broken|offending|wrong|dirty"
_NEXT = r"(?:(?:,|and|;|\.) )*(?:after that|afterwards|then|next)"
_GOOD = r"valid|good|clean|passing|correct|passes|passed|fine"
_ROWS = r"(?: (?:the|all|any|rows|ones|records|events|those|them|that))*"
_DROPPED = rf"(?:drop\w*|discard\w*|remov\w*|reject\w*|delet\w*){_ROWS}(?: (?:{_BAD}){_ROWS})?$"
_KEPT = rf"but(?: keep)?$|quarantin\w*{_ROWS}(?: (?:{_BAD}){_ROWS})?$"
_IF_BAD = r"(?:if|when|whenever|where|with|whose|having|that have|which have)(?: the)?$"


def read_quality(
    scene: Scene, phrase: Phrase, given: bool, read: Callable[[Scene, Places], list[Made] | None]
) -> Parted | None:
    """`amount > 0 (drop), currency is not null (warn)`: each rule with its action, and what is
    looked for then."""
    parted = phrase.has(rf"(?:{_BAD}){_ROWS}") and phrase.has(f"{_GOOD}|{REST}")
    if not phrase.has(_NAMED) and not (phrase.has(_OWED) and (parted or phrase.has(_ACTION))):
        return None
    places = cut_places(scene, phrase, given)
    if places is None or len(places.sources) > 1 or not places.sinks:
        return None
    made, more = rules_of(scene, places.rest), list[Made]()
    cut = None if made else places.rest.find(_NEXT)
    if cut is not None:
        made = rules_of(scene, places.rest.part(0, cut.start))
        more = read(scene, places._replace(rest=places.rest.part(cut.end))) or []
    if made is None or (cut is not None and not more):
        return None
    bad = _set_apart(scene, places.rest)
    if not any(bad) or more:
        return Parted(places.sources, [made, *more], [], places.sinks)
    kept = [sink for sink, is_bad in zip(places.sinks, bad, strict=True) if not is_bad]
    apart = [("quarantine", s) for s, is_bad in zip(places.sinks, bad, strict=True) if is_bad]
    rules = made.config["expectations"]
    if not any(rule["action"] == "drop" for rule in rules):
        rules = [{**rule, "action": "drop"} for rule in rules]
    made = made._replace(config={"expectations": rules, "quarantine": True})
    return Parted(places.sources, [made], apart, kept)


def _set_apart(scene: Scene, rest: Phrase) -> list[bool]:
    """Of each place, whether it takes the rows that break a rule."""
    parts = parts_of_text(rest)
    said = [_last_words(scene, part.phrase) for part in parts]
    bad = [p.has(_KEPT) or (p.has(_BAD) and not p.has(f"{_GOOD}|{_DROPPED}")) for p in said]
    if not any(bad) and len(parts) > 1 and any(p.has(_GOOD) for p in said):
        bad = [p.has(REST) for p in said]
    return [is_bad for part, is_bad in zip(parts, bad, strict=True) for _ in part.sinks]


def _last_words(scene: Scene, said: Phrase) -> Phrase:
    """What is said after the last comparison; before it, where rows are to be set apart by it."""
    found = Atoms(scene, said).conditions
    led = said.part(0, found[-1].start).find(r"quarantin\w*") if found else None
    return said.part(led.start, led.end) if led else said.part(found[-1].end if found else 0)


def rules_of(scene: Scene, rest: Phrase) -> Made | None:
    """The node of every rule that a text has; None where it tells more than rules."""
    atoms = Atoms(scene, rest)
    if not atoms.conditions or atoms.bare().has(r"#(?:num|dur|times|dist|pct|factor|str)"):
        return None
    gaps = _gaps(atoms)
    after = _action(gaps[-1]) is not None or _action(gaps[0]) is None
    shared = next((a for a in (_action(gap) for gap in reversed(gaps)) if a), "warn")
    rules: list[dict[str, str]] = []
    for number, condition in enumerate(atoms.conditions):
        own = _action(gaps[number + 1] if after else gaps[number])
        for tree in _trees(condition):
            bad = gaps[number].has(_IF_BAD) and gaps[number].has(_ACTION)
            good = _opposite(tree) if bad and not gaps[number].has("violat\\w*") else tree
            name = _name(tree, rules)
            rules.append({"name": name, "constraint": text(good), "action": own or shared})
    config: dict[str, object] = {"expectations": rules}
    if rest.has(r"quarantin\w*") and any(rule["action"] == "drop" for rule in rules):
        config["quarantine"] = True
    rest.use()
    return Made("data-quality-expectations", config, "Quality")


def _gaps(atoms: Atoms) -> list[Phrase]:
    """The words before each comparison, and those after the last."""
    found = atoms.conditions
    return [atoms.between(a, b) for a, b in zip([None, *found], [*found, None], strict=True)]


def _action(gap: Phrase) -> str | None:
    """What happens by some words; the last that is told, as in `fail -> drop`."""
    found = [(f.end, name) for name, cue in ACTIONS for f in gap.all(cue)]
    return max(found)[1] if found else None


def _trees(condition: Condition) -> list[exp.Expr]:
    from sqlglot import exp

    whole = condition.tree.unnest()
    return list(whole.flatten()) if isinstance(whole, exp.And) else [condition.tree]


def _opposite(tree: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    opposite: exp.Expr | None = positive(tree)
    return opposite if opposite is not None else exp.Not(this=exp.Paren(this=tree))


def _name(tree: exp.Expr, rules: list[dict[str, str]]) -> str:
    from sqlglot import exp

    name = column_name([*[c.name for c in tree.find_all(exp.Column)][:2], "rule"])
    return name if all(r["name"] != name for r in rules) else f"{name}_{len(rules) + 1}"
