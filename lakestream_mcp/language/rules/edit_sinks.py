"""Edits of what is there of sinks and repetitions: another service, other words, another key."""

from __future__ import annotations

from .alert_sinks import changed_provider
from .edit_said import ALSO
from .edit_steps import Steps
from .phrase import Phrase
from .scene import Scene
from .special import deduplicate

_TEXTS = r"message|text|body|subject|title|wording"
_SAYS = (
    r"(?:(?:should|shall|must|has to|is to|needs to|will|now|please) )*"
    r"(?:read|say|be|is|reads|says|to|:|=|change to)"
)
_NO_MORE = r"no longer|instead|not|rather than|moved|move|switched|switch|away from|any ?more|off"
_SENT = (
    r"(?:please )?(?:send|route|direct|post|move|switch)"
    r"(?:(?: the| our)* (?:slack|teams|pagerduty)| [a-z]+ to)"
)
_PROVIDERS = ("slack", "teams", "pagerduty")
_REPEATS = (
    r"(?:(?:please|also|and|then|now|we|should|let us) )*(?:dedupe|deduplicate|dedup|de duplicate)"
)
_NEW = r"add|another|too|as well|second|new"


class Sinks(Steps):
    """Reads clauses about messages, and about what counts as a repetition."""

    def _worded(self, phrase: Phrase) -> bool:
        """`the slack text shall read "…"`: the words of a message."""
        found = phrase.find(rf"(?P<f>{_TEXTS})(?: (?!#str)\S+){{0,6}} (?P<v>#str)")
        if found is None or not phrase.part(found.start, found.end).has(_SAYS):
            return False
        word = found.groups["f"][0].norm
        fields = ("subject",) if word in ("subject", "title") else ("message", "body")
        fitting = [
            (node, field)
            for node in self.mentioned(phrase.part(0, found.end - 1)) or self.flow.of("sink")
            for field in fields
            if field in self.flow.catalog.get(self.flow.types[node]).Config.model_fields
        ]
        if len({node for node, _ in fitting}) > 1:
            self.talk.ask("Whose message is meant?", [node for node, _ in fitting])
            return False
        if not fitting:
            return False
        phrase.use()
        return self.update(fitting[0][0], {fitting[0][1]: str(found.groups["v"][0].value)})

    def _provided(self, phrase: Phrase) -> bool:
        """`Ops has to go to Teams and no longer to Slack`: the same message by another service."""
        said = [p for p in _PROVIDERS if phrase.has("pager ?duty" if p == "pagerduty" else p)]
        nodes = [n for n in self.flow.types if self.config(n).get("provider") in _PROVIDERS]
        named = [n for n in self.mentioned(phrase) if n in nodes]
        nodes = named if len(named) == 1 else nodes
        if len(nodes) != 1 or phrase.has(r"#\w+"):
            return False
        old = self.config(nodes[0])["provider"]
        new = [p for p in said if p != old]
        sent = named == nodes and phrase.at(_SENT) and not phrase.has(ALSO)
        if len(new) != 1 or not (phrase.has(_NO_MORE) or sent):
            return False
        scene = Scene(self.columns_into(nodes[0]), self.talk, self.request.catalog)
        phrase.use()
        return self.update(nodes[0], changed_provider(scene, new[0]))

    def _repeated(self, phrase: Phrase) -> bool:
        """`dedupe on order_id plus customer_id, 5 minutes`, where there is such a node."""
        nodes = [n for n in self.flow.types if self.flow.types[n] == "deduplicate"]
        if len(nodes) != 1 or not phrase.at(_REPEATS) or phrase.has(_NEW):
            return False
        scene = Scene(self.columns_into(nodes[0]), self.talk, self.request.catalog)
        said = dict(self.talk.assumptions), dict(self.talk.questions)
        made = deduplicate(scene, phrase)
        self.talk.assumptions, self.talk.questions = said
        told = dict(made.config) if made else {}
        columns = scene.columns
        named = [columns.key_of([t.norm]) for t in phrase.tokens if t.kind in ("word", "name")]
        if not any(n and set(n.names) & set(told.get("key", ())) for n in named):
            told.pop("key", None)
        if not told:
            return False
        phrase.use()
        return self.update(nodes[0], told)
