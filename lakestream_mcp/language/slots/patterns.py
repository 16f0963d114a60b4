"""Which pattern a text means, and what of it each field takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..rules.equalities import one_of
from ..rules.measure_words import duration_of
from ..rules.names import column_name
from ..rules.phrase import Phrase
from ..rules.scene import Made, kept, text
from .atoms import Atoms
from .counts import kept_rows
from .states import column_of_states, ways_of

if TYPE_CHECKING:
    from sqlglot import exp


NOT = (
    r"(?:no(?! (?:later|longer|more|other))|not(?! (?:later|longer|more))|never|"
    r"without|w/o|w / o|missing|lack\w*|neither|nor|none|nothing|fail\w* to|"
    r"absence|absent|cannot)"
)
DUE = r"(?:must|has to|have to|should|needs?|shall|expect\w*|supposed)"
_FORBIDDEN = (
    r"(?P<owed>must|should|shall|may|is)(?: never| not)(?: be)? "
    r"(?:followed|come|occur|happen|appear|see\w*|arrive)"
)
THEN = (
    r"(?:then|followed|follows?|after|afterwards|later|before|next|->|preceded|and then|"
    r"subsequent\w*|leads? to|from|to|sequence|steps?|funnel)"
)
_STRICT = (
    r"(?:no other|immediately|directly|strict\w*|right after|straight after|consecutive\w*|"
    r"next event)"
)
PAIR = (
    r"(?:correlat\w*|pair\w*|either order|any order|whichever|apart|of each other|belong together|"
    r"coincid\w*|together|order does not matter|whatever order|no matter (?:the|in which) order|"
    r"regardless of (?:the )?order)"
)
ROW = (
    r"(?:in a row|#num after (?:the other|another)|consecutive\w*|successive\w*|"
    r"one after (?:the other|another)|trend\w*|steadily)"
)
RATE = r"#num(?: \w+){0,4} (?:(?:per|/|a|an|each|every) )?#dur|rate|frequency"
SUMS = (
    r"(?:sum|total|average|avg|mean|minimum|maximum|min|max|highest|lowest|how many|count|number "
    r"of|distinct|figure|median)"
)


_FOR = (
    r"(?:stays?|remains?|keeps?|stops?|stopped|stands?|standing|idles?|idle|parks?|parked|"
    r"not moving|continuously|constantly)(?! (?:sending|reporting|responding|transmitting|working))"
    r"(?: \S+){0,6}? (?:for|longer than|more than|at least) (?:\w+ ){0,3}#dur"
)
_LASTS = (
    r"(?:for|longer than|over)"
    r"(?: (?:more|longer|at|least|than|over|the|last|a|an|full|about))* #dur"
)
_DROPS = r"exclud\w*|drop\w*|remov\w*|discard\w*|ignor\w*|reject\w*|skip\w*|filter out|all but"


def read_filter(atoms: Atoms) -> list[Made] | None:
    """Comparisons, and nothing else that counts."""
    open_ends = rf"#num|#dur|#times|#dist|#pct|#factor|#str|nothing|{THEN}|{PAIR}|{ROW}|{SUMS}"
    return None if atoms.bare().has(f"{open_ends}|{_DROPS}") else kept_rows(atoms) or None


def owed(phrase: Phrase) -> bool:
    """Whether something must come; `must be` stands there as `is`."""
    said = any(t.norm == "is" and t.text in ("must", "should") for t in phrase.tokens)
    return said or phrase.has(DUE)


def _is_forbidden(middle: Phrase) -> bool:
    """Whether what comes after an event must not: where it does, that is what is looked for."""
    return any(
        found.groups["owed"][0].text.lower() in ("must", "should", "shall", "may")
        for found in middle.all(_FORBIDDEN)
    )


def read_absence(atoms: Atoms) -> list[Made] | None:
    """An event that must be followed by another, and was not."""
    found, times = atoms.conditions, atoms.times()
    if len(found) == 1 and len(times) == 1:
        return _unturned(atoms)
    if len(found) != 2 or len(times) != 1 or atoms.phrase.has(r"in ?between"):
        return None
    middle = atoms.between(*found)
    lead = atoms.between(None, found[0])
    lead = lead.without(lead.find("absence(?: \\w+)?"))
    denied = middle.has(NOT) or (owed(middle) and not lead.has(NOT))
    if not denied and not (lead.has(NOT) and middle.has("after|following|of|once")):
        return None
    trigger, expected = found if denied else found[::-1]
    key, _ = atoms.key(atoms.bare())
    if _is_forbidden(middle):
        steps = [{"where": text(c.tree)} for c in found]
        config = {"key": key, "steps": _named(steps), "within": duration_of(times[0])}
        return [Made("sequence", config)] if key else None
    config = {
        "key": key,
        "trigger": text(trigger.tree),
        "expected": text(expected.tree),
        "within": duration_of(times[0]),
    }
    return [Made("absence", config)] if key else None


def read_lasting(atoms: Atoms) -> list[Made] | None:
    """`speed = 0 for 20 minutes`: a comparison that stays true for a time."""
    from sqlglot import exp

    found, times = atoms.conditions, atoms.times()
    lasts = len(found) == 1 and atoms.phrase.at(_LASTS, found[0].end)
    if len(found) != 1 or len(times) != 1 or not (lasts or atoms.bare().has(_FOR)):
        return None
    key, _ = atoms.key(atoms.bare())
    if not key or atoms.bare().has("#num|#times|#pct|#dist"):
        return None
    tree = found[0].tree.unnest()
    opposite = _opposites().get(type(tree))
    ended = (
        opposite(this=tree.this.copy(), expression=tree.expression.copy())
        if opposite
        else exp.Not(this=exp.Paren(this=tree.copy()))
    )
    config = {
        "key": key,
        "trigger": text(tree),
        "expected": text(ended),
        "within": duration_of(times[0]),
    }
    return [Made("absence", config)]


def _opposites() -> dict[type[exp.Expr], type[exp.Binary]]:
    from sqlglot import exp

    pairs = ((exp.GT, exp.LTE), (exp.LT, exp.GTE), (exp.EQ, exp.NEQ))
    return {**dict(pairs), **{b: a for a, b in pairs}}


def _unturned(atoms: Atoms) -> list[Made] | None:
    """`status 'packed' but not 'shipped' after a day`: one column that should have changed."""
    from sqlglot import exp

    tree = atoms.conditions[0].tree.unnest()
    parts = [part.unnest() for part in tree.flatten()] if isinstance(tree, exp.And) else []
    key, _ = atoms.key(atoms.bare())
    if len(parts) != 2 or not key or not isinstance(parts[0], exp.EQ):
        return None
    denied = parts[1]
    if isinstance(denied, exp.NEQ):
        expected: exp.Expr = exp.EQ(this=denied.this, expression=denied.expression)
    elif isinstance(denied, exp.Not):
        expected = denied.this.unnest()
    else:
        return None
    names = [{c.name for c in part.find_all(exp.Column)} for part in parts]
    if names[0] != names[1]:
        return None
    config = {
        "key": key,
        "trigger": text(parts[0]),
        "expected": text(expected),
        "within": duration_of(atoms.times()[0]),
    }
    return [Made("absence", config)]


def read_sequence(atoms: Atoms) -> list[Made] | None:
    """Events one after another, some of them denied."""
    found, times = atoms.conditions, atoms.times()
    if len(found) < 2 or len(times) > 1 or not atoms.phrase.has(f"{THEN}|{NOT}"):
        return None
    bare = atoms.bare()
    key, rest = atoms.key(bare)
    if not key or rest.has("#num|#times|#pct|#factor"):
        return None
    steps = [_step(atoms, n) for n in range(len(found))]
    middle = atoms.between(found[0], found[1])
    backwards = r"after(?! (?:this|that|it|which|wards|\w+ comes))|preceded by"
    if len(found) == 2 and middle.has(backwards) and not atoms.between(None, found[0]).has("after"):
        steps.reverse()
    if steps[-1].get("negated") and atoms.phrase.has(r"in ?between|between"):
        steps.insert(-1, steps.pop())
    if steps[0].get("negated") or (steps[-1].get("negated") and not times):
        return None
    config = {
        "key": key,
        "steps": _named(steps),
        "within": duration_of(times[0]) if times else None,
    }
    return [Made("sequence", kept(config))]


def read_chain(atoms: Atoms) -> list[Made] | None:
    """`view -> cart -> checkout (eventName)`: values in order of the column that tells kinds."""
    columns = atoms.scene.columns
    values = [w.left for w in ways_of(atoms.phrase)]
    values += [w.right for w in ways_of(atoms.phrase)[-1:]]
    key, rest = atoms.key(atoms.bare())
    times = atoms.times()
    lasts = atoms.phrase.has(r"(?:stays?|stuck|remains?|sits?|lingers?|hangs?)(?: \w+){0,4} #dur")
    if len(values) < 2 or not key or len(times) > 1 or atoms.conditions or lasts:
        return None
    column = column_of_states(rest, columns, {*key})
    if column is None or rest.has("#num|#times"):
        return None
    steps = [{"where": text(one_of(column, [literal(v)], False))} for v in values]
    config = {
        "key": key,
        "steps": _named(steps),
        "within": duration_of(times[0]) if times else None,
    }
    return [Made("sequence", kept(config))]


def literal(value: str) -> exp.Expr:
    """A text as SQL has it."""
    from sqlglot import exp

    return exp.Literal.string(value)


def _step(atoms: Atoms, number: int) -> dict[str, Any]:
    condition = atoms.conditions[number]
    before = atoms.between(atoms.conditions[number - 1] if number else None, condition)
    step: dict[str, Any] = {"where": text(condition.tree)}
    if before.has(NOT) and not before.has(rf"{NOT} (?:later|more)"):
        step["negated"] = True
    after = atoms.phrase.part(condition.end, condition.end + 4)
    if number and (before.has(_STRICT) or after.has("no other \\w+")):
        step["contiguity"] = "strict"
    return step


def _named(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Steps with names of their own, made of the values that they compare with."""
    from sqlglot import exp

    from ...relational.sql import parse_expression

    made, taken = [], set()
    for number, step in enumerate(steps, 1):
        literal = parse_expression(step["where"], None).find(exp.Literal)
        said = literal.name if literal is not None and literal.is_string else f"step {number}"
        name = column_name(said.split()) or f"step_{number}"
        name = name if name not in taken and name[0].isalpha() else f"step_{number}"
        taken.add(name)
        made.append({"name": name, **step})
    return made


def read_correlation(atoms: Atoms) -> list[Made] | None:
    """Two sorts of events near one another."""
    from sqlglot import exp

    sides = [c.tree for c in atoms.conditions]
    if len(sides) == 1 and isinstance(sides[0], exp.And):
        sides = list(sides[0].flatten())
    times = atoms.times()
    if len(sides) != 2 or len(times) != 1:
        return None
    key, _ = atoms.key(atoms.bare())
    config = {
        "key": key,
        "left": text(sides[0]),
        "right": text(sides[1]),
        "within": duration_of(times[0]),
        "order": "any",
    }
    return [Made("temporal-correlation", config)] if key else None
