"""Columns that are chosen and computed at once, and those that a model predicts."""

from __future__ import annotations

from .column_transforms import quoted_name
from .expressions import expression
from .phrase import Phrase
from .places import name_after
from .scene import UNSURE, Made, Scene, text
from .words import STOP

_CHOSEN = (
    r"(?:select|project|output|choose|keep|return|take|emit)(?: (?:only|just|the|columns?|fields?|"
    r"these|:))*"
)
_NEW = (
    r"(?:(?:a|an|the|new|computed|calculated|extra|additional|add|column|field|called|named) )*"
    r"(?P<n>[a-z]\w*) (?:=|:|as|is|being|equals)"
)
_ALIAS = r"(?:as|called|named)(?: (?:a|the|new|column|field))* (?P<n>[a-z]\w*)"
_MORE = r"(?:, and|, plus|,|and|plus|&|as well as)"
_COMPUTED = r"(?:add|compute|calculate|derive|create)(?: (?:a|the|new|column|field))*"
MOST = 60
_ENDPOINT = (
    r"(?:(?:the|a|our|databricks|ml|model|serving|machine learning) )*(?:endpoint|model serving|"
    r"(?:ml |scoring )model)(?: (?:endpoint|called|named|:))*"
)
_RESULT = (
    r"(?:(?:output|result|prediction|score|new) )*(?:column|field|output)(?: (?:called|named|is|:|="
    r"|column))* (?P<o>[a-z]\w*)|(?:as|into) (?P<p>[a-z]\w*)$"
)


def projected(scene: Scene, phrase: Phrase) -> Made | None:
    """`select symbol, price and price * quantity as notional`; None where nothing is computed."""
    found = phrase.find(_CHOSEN)
    if found is None or scene.columns.open:
        return None
    items: list[str] = []
    at, computed = found.end, False
    while at < len(phrase) and len(items) < MOST:
        item, end, new = _item(scene, phrase, at)
        if item is None:
            return None
        items.append(item)
        at, computed = end, computed or new
        more = phrase.at(_MORE, at)
        if more is None:
            break
        at = more.end
    lone = len(items) == 1 and items[0][:1] in "'\"0123456789"
    if not computed or lone or phrase.part(at).content():
        return None
    phrase.use(found.start, at)
    times = [n for n, t in scene.columns.types.items() if t == "timestamp"][:1]
    items += [quoted_name(n) for n in times if quoted_name(n) not in items]
    return Made("map-select", {"columns": ", ".join(items)}, "Select")


def _item(scene: Scene, phrase: Phrase, at: int) -> tuple[str | None, int, bool]:
    """A column, or something computed with its name; where it ends, and whether it is new."""
    new = phrase.at(_NEW, at)
    name = new.groups["n"][0] if new else None
    if new is not None and name is not None and not scene.columns.exactly([name.norm]):
        value, end = expression(scene, phrase.part(new.end))
        if value is None:
            return None, at, False
        return f"{text(value)} AS {quoted_name(name.text)}", new.end + end, True
    value, end = expression(scene, phrase.part(at))
    if value is None:
        return None, at, False
    end += at
    alias = phrase.at(_ALIAS, end)
    if alias is None:
        return text(value), end, False
    return f"{text(value)} AS {quoted_name(alias.groups['n'][0].text)}", alias.end, True


def computed(scene: Scene, phrase: Phrase) -> Made | None:
    """`compute total * 0.2 as tax`."""
    found = phrase.find(_COMPUTED)
    value, end = expression(scene, phrase.part(found.end)) if found else (None, 0)
    alias = phrase.at(_ALIAS, found.end + end) if found and value is not None else None
    if found is None or value is None or alias is None:
        return None
    phrase.use(found.start, alias.end)
    name = alias.groups["n"][0].text
    columns = f"*, {text(value)} AS {quoted_name(name)}"
    return Made("map-select", {"columns": columns}, f"Add {name}"[:60])


def predicted(scene: Scene, phrase: Phrase) -> Made | None:
    """`score with the model endpoint fraud-v2 using amount and merchant`."""
    found = phrase.find(_ENDPOINT)
    named = name_after(phrase, found.end) if found else None
    if found is None or named is None or scene.columns.open:
        return None
    rest = phrase.outside(found.start, named[1])
    result = rest.find(_RESULT)
    told = (result.token("o") or result.token("p")) if result else None
    names = {name.lower(): name for name in scene.columns.types}
    inputs = [names[t.norm] for t in rest.without(result).tokens if t.norm in names]
    phrase.use()
    if not inputs:
        scene.talk.ask(f"Which columns does the model `{named[0]}` take?", tuple(names.values()))
        return UNSURE
    config = {"endpoint": named[0], "input_columns": list(dict.fromkeys(inputs))}
    output = {"output_column": told.text} if told and told.norm not in STOP | {*names} else {}
    return Made("ml-model-endpoint", config | output, "Predict")
