"""Patterns over a number: trends, outliers, rates and changes."""

from __future__ import annotations

from typing import Any

from .counts import counted
from .measure_words import duration_of, json_number
from .modifiers import take_time
from .occurrences import IN_A_ROW
from .phrase import Phrase, means_something
from .scene import UNSURE, Made, Scene, kept
from .words import DURATIONS, STOP

UP = (
    r"(?:rising|rises?|rose|risen|increas\w+|climb\w*|grow|grows|growing|grew|"
    r"each (?:higher|larger|greater|bigger) than the (?:one|value|reading|previous)(?: one| "
    r"before)*|"
    r"goes up|going up|go up|upwards?|ascending|higher each time|gets? "
    r"(?:higher|hotter|bigger|larger|warmer)|spik\w+|surg\w+|jump\w*|up|rise|"
    r"soars?|heating up)"
)


DOWN = (
    r"(?:falling|falls?|fell|decreas\w+|drop|drops|dropping|dropped|declin(?:e|"
    r"es|ing)|each (?:lower|smaller|less) than the (?:one|value|reading|previous)(?: one| before)*|"
    r"goes down|going down|go down|downwards?|descending|shrink\w*|"
    r"gets? (?:lower|colder|smaller|cooler)|sink\w*|plung\w+|plummet\w*|down|"
    r"loses?|losing|deteriorat\w+|cooling down)"
)


FLAT = (
    r"(?:the same(?: value)?|identical|flat|flatlin\w+|constant|unchanged|stuck|"
    r"not chang\w+|does not change|stable|frozen|same value|steady)"
)


_COUNT = r"(?P<n>#num|#times)"


METHODS = (
    ("iqr", r"(?:iqrs?|inter ?quartile(?: ranges?)?|quartiles?)"),
    ("mad", r"(?:mads?|median absolute deviations?)"),
    (
        "zscore",
        (
            r"(?:standard deviations?|std ?devs?|std|stdev|sigmas?|σ|z scores?|"
            r"zscores?|deviations?|stddevs?|sd)"
        ),
    ),
)


ODD = (
    r"(?:outliers?|anomal\w+|unusual\w*|abnormal\w*|odd|strange|deviat\w+|out "
    r"of the ordinary|weird|extreme\w*|far from (?:the )?(?:normal|usual|"
    r"average|mean))"
)


_TREND = (
    r"(?:(?:keeps?|kept|is|are|has been|have been|steadily|continuously|"
    r"constantly|monotonically|strictly|consistently|trending|trends?|"
    r"moving|stays?|remains?|consecutively|continues to|in) "
    rf")*(?P<d>{FLAT}|{UP}|{DOWN})(?: (?:trend|values?|readings?|"
    r"steadily|continuously|consistently))*"
)


_WINDOW = (
    r"(?:(?:of|over|in|compared to|compared with|based on|against|using|"
    r"from|relative to|versus|vs|baseline|than|within) )*(?:the |an? |its "
    r")?(?:last|previous|past|preceding|trailing|rolling|most recent|"
    r"recent)? ?(?P<n>#num|#dur)(?: (?:values?|readings?|events?|"
    r"samples?|measurements?|points?|window|baseline|of history|"
    r"transactions?|orders?|payments?|rows?))*"
)


_OUTLIER_WORDS = (
    r"(?:is|are|an?|the|any|with|of|from|away|its|usual|normal|"
    rf"average|mean|baseline|typical|values?|\s)*{ODD}(?: (?:from|"
    r"in|of|high|low|normal|values?|readings?|average|the|its|usual|"
    r"mean|baseline))*"
)


_OUTLIER_WORDS_2 = (
    r"(?:(?:away|from|above|below|the|its|their|rolling|moving|"
    r"historical|of|outside|beyond|more|than|usual|recent) "
    r")*(?:average|mean|baseline|normal|norm|usual|median|"
    r"typical)(?: (?:values?|range|level|behaviou?r))?"
)


_MULTIPLIER = (
    r"(?:(?:with|and|a|an|,|using) )*(?:multiplier|threshold|factor|limit|k)(?: (?:of|is|=|:))* "
    r"(?P<n>#num|#factor)"
)
_MOVES = r"increas\w+|drops?|dropp\w+|rises?|rising|decreas\w+|falls?|falling|declin\w+"


def trend(scene: Scene, phrase: Phrase) -> Made | None:
    """`the temperature keeps rising`, `three consecutive drops of the price`."""
    change = phrase.find(rf"(?P<d>{FLAT})") or phrase.find(rf"(?P<d>{UP}|{DOWN})")
    if change is None or phrase.has("(?:and )?then|followed by"):
        return None
    key, phrase = scene.key(phrase, "trend")
    found = phrase.take(_TREND)
    if found is None:
        return None
    word = " ".join(t.norm for t in found.groups["d"])
    way = Phrase(found.groups["d"])
    direction = "flat" if way.has(FLAT) else "up" if way.has(UP) else "down"
    rest = phrase.without(found)
    rest = rest.without(rest.take(IN_A_ROW)) if (row := rest.has(IN_A_ROW)) else rest
    moves = row and (way.has(_MOVES) or phrase.has("#times"))
    length, rest = _length(rest, moves)
    change_by, rest = _least_change(rest)
    time, rest = take_time(rest)
    value = number_column(scene, rest, word)
    if value is None:
        return UNSURE
    if length is None:
        scene.talk.ask(
            f"How many values of `{value}` in a row make the trend?", ("3 values", "5 values")
        )
    config: dict[str, Any] = {
        "key": key,
        "value": value,
        "direction": direction,
        "length": length or 3,
        "within": duration_of(time) if time else None,
    }
    if change_by is not None and (change_by.norm == "#pct") is (direction == "flat"):
        field = "tolerance_percent" if direction == "flat" else "min_change"
        config[field] = json_number(change_by.value)
    return Made("trend", kept(config))


def _length(phrase: Phrase, moves: bool) -> tuple[int | None, Phrase]:
    """How many values make the trend: so many rises are one value more."""
    found = phrase.find(
        rf"(?:for |at least |over |across |in )*{_COUNT}(?: or more| "
        r"times)?(?: (?:consecutive|successive|straight|readings?|values?|"
        r"measurements?|events?|samples?|points?|times|ticks?|in|row))*"
    )
    if (
        found is None
        or found.groups["n"][0].unit
        or found.groups["n"][0].value != int(found.groups["n"][0].value)
    ):
        return None, phrase
    if phrase.at(r"(?:degrees|points of|%)", found.end) or (
        found.start and phrase.tokens[found.start - 1].norm in ("by", "than")
    ):
        return None, phrase
    phrase.use(found.start, found.end)
    values = phrase.part(found.start, found.end).has(
        r"readings?|values?|measurements?|events?|samples?|points?|ticks?"
    )
    count = int(found.groups["n"][0].value)
    return count + (0 if values or not moves else 1), phrase.without(found)


def _least_change(phrase: Phrase) -> tuple[Any, Phrase]:
    around = phrase.take(
        r"\(? ?(?:within|give or take|plus or minus|plus / minus|with a tolerance of|tolerance|"
        r"to within|by at most|by less than|by no more than|up to) (?P<n>#pct)(?: \))?"
    )
    if around:
        return around.groups["n"][0], phrase.without(around)
    found = phrase.take(
        r"(?:by |of )?(?:a )?(?:total of )?(?:at least|more than|over|by|"
        r"minimum of|in total|overall)(?: a)? (?P<n>#num|#pct)(?: (?:or "
        r"more|in total|overall|points|altogether))*"
    )
    return (found.groups["n"][0], phrase.without(found)) if found else (None, phrase)


def number_column(scene: Scene, phrase: Phrase, about: str) -> str | None:
    """The column of numbers that a phrase names; a question where it names none of several."""
    tokens = [t for t in phrase.tokens if t.kind in ("word", "name", "str") and t.norm not in STOP]
    columns = scene.columns
    if columns.open:
        words = [t for t in tokens if means_something(t)][-2:]
        phrase.used.update(t.place for t in words)
        from .names import column_name, singular
        from .words import ENTITIES

        words = [t for t in words if singular(t.norm) not in ENTITIES]
        return columns.make(column_name([singular(t.norm) for t in words] or ["value"]), "double")
    numeric = columns.numeric()
    for at in range(len(tokens)):
        named = columns.named([t.norm for t in tokens[at : at + 4]])
        fitting = [n for n in named.names if n in numeric] if named else []
        if named and fitting:
            phrase.used.update(t.place for t in tokens[at : at + named.length])
            if len(fitting) > 1:
                scene.talk.ask(f"Which column is `{tokens[at].text}`?", fitting)
            return fitting[0]
    content = [t for t in tokens if means_something(t)]
    typo = next(
        (n for t in content if (n := columns.named([t.norm], typos=True)) and n.guessed), None
    )
    if typo and (fitting := [n for n in typo.names if n in numeric]):
        if len(fitting) > 1:
            scene.talk.ask(f"There is no column `{typo.guessed}`. Which is meant?", fitting)
        scene.talk.assume(f"I read `{typo.guessed}` as the column `{fitting[0]}`.")
        phrase.used.update(t.place for t in content if t.norm == typo.guessed)
        return fitting[0]
    if len(numeric) == 1:
        scene.talk.assume(f"I took `{numeric[0]}`, the only column of numbers.")
        return numeric[0]
    scene.talk.ask(f"Which number is meant to be {about}?", numeric)
    return numeric[0] if numeric else None


def outlier(scene: Scene, phrase: Phrase) -> Made | None:
    """`amount more than 3 standard deviations from normal over the last hour, per card`."""
    key, phrase = scene.key(phrase, "outlier")
    method, threshold, rest = _method(phrase)
    rest = rest.without(rest.take(_OUTLIER_WORDS))
    rest = rest.without(rest.take(_OUTLIER_WORDS_2))
    if threshold is None and (told := rest.take(_MULTIPLIER)):
        threshold, rest = json_number(told.groups["n"][0].value), rest.without(told)
    window = rest.take(_WINDOW)
    rest = rest.without(window)
    value = number_column(scene, rest, "unusual")
    if value is None:
        return UNSURE
    config: dict[str, Any] = {"key": key, "value": value, "method": method, "threshold": threshold}
    base = window.groups["n"][0] if window else None
    if base is not None and base.kind == "num" and base.value >= 2:
        config["baseline_count"] = int(base.value)
        config["forget_after"] = "1 day"
        config["min_samples"] = min(10, int(base.value))
    else:
        config["baseline_window"] = (
            duration_of(base) if base is not None and base.kind == "dur" else "1 hour"
        )
        if base is None:
            scene.talk.assume(
                "Normal is what the hour before had; say `over the last day` for another time."
            )
    return Made("outlier", kept(config))


def _with_limit(method: str, phrase: Phrase) -> tuple[str, int | float | None, Phrase]:
    """`the z-score of the price is above 3`: the limit comes after the column."""
    found = phrase.take(
        r"(?:is |are |goes )?(?:above|over|greater than|higher than|exceed\w*|beyond|at least|"
        r"threshold(?: of)?) (?P<n>#num)"
    )
    limit = json_number(found.groups["n"][0].value) if found else None
    return method, limit, phrase.without(found)


def _method(phrase: Phrase) -> tuple[str, int | float | None, Phrase]:
    for method, words in METHODS:
        found = phrase.take(
            r"(?:(?:more than|at least|over|above|exceeds?|exceeding|"
            r"greater than|beyond|by|than|outside|with a|a|of|threshold) "
            r")*(?P<n>#num|#factor|#times)(?: or more)? ?(?:x |times "
            rf")?(?:the )?{words}(?: (?:range|from|away|away from|outside|"
            r"above|below|of|beyond))*"
        )
        if found:
            return method, json_number(found.groups["n"][0].value), phrase.without(found)
        found = phrase.take(
            r"(?:(?:by|using|with|based on|a|an|the|has|is|use|via|its|"
            rf"whose) )*{words}(?: (?:method|score))?(?: (?:is|above|over|of|"
            r"exceeds|exceeding|greater|than|more|beyond|threshold|at|least|>|>=|=|:|"
            rf"higher|outside|with|a|using|and|factor)){{0,5}}(?: "
            r"(?P<n>#num))?"
        )
        if found:
            number = found.token("n")
            if number is None:
                return _with_limit(method, phrase.without(found))
            return method, json_number(number.value), phrase.without(found)
    return "zscore", None, phrase


del counted, DURATIONS
