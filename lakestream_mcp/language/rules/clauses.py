"""A text cut into clauses, each of which asks for one thing."""

from __future__ import annotations

from .marks import opened, without_marks
from .phrase import Found, Phrase
from .places import SEND
from .tokens import Token

COMMAND = (
    r"(?:read|consume|ingest|load|subscribe|send|write|save|store|post|"
    r"publish|push|notify|alert|email|mail|page|put|"
    r"append|insert|upsert|merge|land|persist|deliver|forward|emit|route|"
    r"archive|filter|keep|drop|remove|delete|rename|cast|"
    r"convert|add|compute|calculate|explode|flatten|unnest|enrich|join|look|"
    r"aggregate|union|combine|split|"
    r"deduplicate|dedupe|ignore|discard|allow|validate|quarantine|select|"
    r"detect|find|flag|make|change|set|swap|replace|warn|"
    r"exclude|trigger|raise|output|tell|create|open|move|undo|redo|tag|use|"
    r"group|only|report|sessionize|count|average|sum|connect|disconnect|"
    r"increase|decrease|lower|raise|widen|narrow|bump|extend|shorten|reduce|"
    r"adjust|update|require|reject|run|mark|watch|let|turn|rather|"
    r"instead)"
)
_JOIN = (
    r"(?:,|and|then|also|finally|next|after (?:that|this)|afterwards|plus|but|lastly|"
    r"second|secondly|first|firstly|third)"
)
_BOUNDARY = rf"(?:{_JOIN} ){{0,5}}{_JOIN}(?: please)?(?= {COMMAND}(?!\S))"
_ORDINAL = (
    r"(?:,|then|finally|next|after (?:that|this)|afterwards|lastly|secondly?|firstly?|first|third|"
    r"fourth)"
)
_FIRST = rf"{_ORDINAL}(?: {_ORDINAL})*(?: of all)?(?: ,)?(?= {COMMAND}(?!\S))"
_WHEN = r"(?:when|whenever|if|as soon as|every time|each time|any time|once|in case|unless)"
_KEEPS = r"(?:keep|drop|filter|remove|discard|route|exclude|ignore|flag rows|reject|quarantine)"
_AGGREGATE = (
    r"(?:(?:the|also|a) )*(?:average|sum|total|max\w*|min\w*|count|number|first|"
    r"last|mean|highest|lowest|avg|latest|earliest|peak|largest|smallest)"
)
_INSTRUCTION = (
    r"(?:ignore|disregard|forget|override|bypass|skip)(?: (?:all|any|the|"
    r"your|my|our|previous|prior|above|earlier|safety|these|of|other)){0,6} "
    r"(?:instructions?|rules?|prompts?|guidelines?|policies|restrictions|"
    r"safeguards|constraints)|"
    r"system prompts?|you are (?:now|no longer)|pretend|jailbreak|developer mode|act as|"
    r"(?:drop|delete|truncate|alter)(?: (?:all|the|every|from|my|our))* "
    r"(?:tables?|databases?|schemas?|catalogs?|users?|pipelines?)(?! \w+ "
    r"(?:column|when))|delete from|truncate|drop database|"
    r"rm|sudo|curl|wget|chmod|eval|exec|execute|grant|shutdown|__import__|"
    r"subprocess|os|import|api keys?|credentials|environment variables?|env "
    r"vars?|print your|reveal"
)
_ARTICLES = r"(?:an?|the|another|new|all|any|that|this) "
_PARTS = (
    r"(?:columns?|fields?|filter|node|watermark|sink|source|slack|teams|"
    r"pagerduty|email|kafka|alert|duplicates|dedup\w*|window|pattern|step|"
    r"router|join|union|sure|rows|dead|table|delta|webhook)"
)
_GOES_ON = (
    (
        "add|remove|delete|open|create",
        rf"(?:{_ARTICLES})*{_PARTS}|(?:{_ARTICLES})*\w+ "
        r"(?:column|as|=|node|sink|source|filter|field|alert)",
        True,
    ),
    ("report|output|emit|compute|calculate", _AGGREGATE, False),
    ("alert", "views?|is|events?", False),
    (
        "page",
        r"me|us|the|on|someone|somebody|pager ?duty|ops|them|via|through|our|whoever|people|#\w+",
        True,
    ),
    ("change|set|make", r"within|by|then", False),
    (
        "post|mail|order|use|load|find|move|cast|run|let|turn|mark|watch|connect",
        "within|by|then|in|for|is|of",
        False,
    ),
)
"""Words that may command: what follows one that does (True), or one that does not (False)."""
_LABEL = (
    r"(?P<label>sources?|inputs?|data|sinks?|outputs?|destinations?|targets?|steps?|stages?|tasks?|"
    r"goals?|rules?|patterns?|alerts?|conditions?|actions?|filters?|what|job|logic)(?: #num)? :"
)
_LABELS = {
    "source": ("read", "from"),
    "input": ("read", "from"),
    "data": ("read", "from"),
    "sink": ("write", "to"),
    "output": ("write", "to"),
    "destination": ("write", "to"),
    "target": ("write", "to"),
    "filter": ("keep",),
}
_PLACE = r"(?:the |a |our )*(?:#name|#path|#url|#mail|tables?|delta|topics?|kafka)"
_CHECKS = "quality|validate|expect|ensure|check|require|verify|assert"
_BAD = (
    r"\w+ (?:otherwise|else|bad|invalid|failing|those|others|the rest|rows that|it|them|"
    r"the bad|violations)"
)
_BAD_ROWS = (
    r"(?:(?:and|but|then|please) )*(?:drop|discard|quarantine|reject|ignore|keep|store|put|send|"
    r"write|"
    r"save|collect)(?: (?:the|all|any|those|every))*"
    r" (?:bad|invalid|failing|failed|violating|broken|violations|offending|wrong|rest|it|them|"
    r"others)"
)
_AGGREGATED = (
    r"highest|lowest|top|peak|largest|smallest|average|sum|total|max\w*|min\w*|count|number of|mean"
)
_MODIFIER = (
    r"(?:per|by|for each|for every|grouped by|for the same|on the same)(?: \w+){1,4}|"
    r"(?:(?:all|within|inside|in|max|at most|up to|maximum|time|limit|"
    r"window|of|a|an|the) )*#dur(?: \w+)?"
)
_GOES_WITH = "(?:only|just) (?:warn|log)|(?:cast|convert|rename|call) (?:it|them)"
_THOSE = (
    r"(?:only|just|keep)(?: (?:only|just))? (?:those|sessions?|visits?|ones|the ones) (?:with|"
    r"of|that)"
)
_LED_BY = r"(?:(?:per|for each|for every|by|for)(?: \w+){1,4}|(?:every|within|in|over) #dur)"
MAX_MODIFIER = 7
MAX_CLAUSES = 120


def clauses(tokens: list[Token], whole: bool = False) -> list[Phrase]:
    """The clauses of a text, or its `whole` sentences, in order. Raises ValueError for more than
    can be meant."""
    used: set[int] = set()
    found = [Phrase(sentence, used) for sentence in _sentences(tokens)]
    if not whole:
        found = [half for sentence in found for part in parts(sentence) for half in _at_when(part)]
        found = _with_modifiers(_with_definitions(found))
    if len(found) > MAX_CLAUSES:
        raise ValueError(
            f"the text has {len(found)} clauses; the most I can follow are {MAX_CLAUSES}"
        )
    return [p for p in found if p.content() or p.has(r"#\w+|undo|redo|it|that")]


def _with_definitions(found: list[Phrase]) -> list[Phrase]:
    """What says more of the sentence before: `a visit is over after …`, `drop the bad ones`."""
    made: list[Phrase] = []
    for phrase in found:
        noun = phrase.at(r"(?:an?|the|each|every|one|#num|that|such an?) (?P<w>\w+)")
        named = noun.groups["w"][0].norm if noun else ""
        into = (
            made[-1].find(
                rf"(?:into|in|to|as) (?:\w+ )?{named}(?:s|es)?"
                + (rf"|{named}s?" if named in ("session", "visit") else "")
            )
            if made and named.isalpha()
            else None
        )
        bad = made and made[-1].at(rf"(?:\w+ ){{0,3}}(?:{_CHECKS})") and phrase.at(_BAD_ROWS)
        more = (
            made
            and made[-1].has(rf"(?:{_CHECKS})")
            and phrase.has("(?:only|just) (?:warn|log)|otherwise|or (?:drop|warn|fail)")
        )
        if into or bad or more:
            comma = phrase.tokens[0]._replace(kind="punct", text=",", norm=",")
            made[-1] = Phrase((*made[-1].tokens, comma, *phrase.tokens), phrase.used)
        else:
            made.append(phrase)
    return made


def _with_modifiers(found: list[Phrase]) -> list[Phrase]:
    """`…; 45 minutes at most; per user`: what only says how belongs to what was said before."""
    made: list[Phrase] = []
    for phrase in found:
        if (
            made
            and len(phrase) <= MAX_MODIFIER
            and phrase.at(_MODIFIER)
            and not phrase.has(COMMAND)
        ):
            made[-1] = Phrase((*made[-1].tokens, *phrase.tokens), phrase.used)
        else:
            made.append(phrase)
    return made


def is_instruction(phrase: Phrase) -> bool:
    """Whether a clause speaks to whoever reads it, or to a database or shell, not of a pipeline."""
    return phrase.has(_INSTRUCTION)


def _sentences(tokens: list[Token]) -> list[list[Token]]:
    sentences: list[list[Token]] = [[]]
    for token in without_marks(tokens):
        if token.norm in (".", ";", "!", "?"):
            sentences.append([])
        else:
            sentences[-1].append(token)
    return _unlabelled([s for s in map(opened, sentences) if s])


def _unlabelled(sentences: list[list[Token]]) -> list[list[Token]]:
    """`SOURCE: …`, `STEP 2: …`, `SINKS: …; …`: what a label says, in words."""
    made: list[list[Token]] = []
    leads: tuple[str, ...] = ()
    for sentence in sentences:
        label = Phrase(sentence[:4]).at(_LABEL) if sentence else None
        if label is not None:
            word = label.groups["label"][0].norm.rstrip("s")
            leads = _LABELS.get(word, ())
        rest = sentence[label.end :] if label else sentence
        said = [t._replace(kind="word", norm=w, text=w) for t in rest[:1] for w in leads]
        made.append([*said, *rest])
        leads = leads if leads[-1:] == ("to",) else ()
    return made


_GOAL = rf"(?:{COMMAND}|slack|teams|email|pagerduty|kafka|table|delta|#name|#mail|#url)"


def parts(phrase: Phrase) -> list[Phrase]:
    """A sentence cut before each new command."""
    origin = phrase.find("#path|kafka|topic|#name|simulator|mqtt|kinesis|webhook|stream")
    cuts = [arrow[:2] for arrow in phrase.all("->") if _flows(phrase, arrow, origin)]
    at = 0
    while (found := phrase.find(_BOUNDARY, at)) is not None:
        at = found.end
        delays = phrase.at(r"(?:\w+ ){0,5}watermark")
        if found.start and (delays or not _continues(phrase, found.end)):
            cuts.append((found.start, found.end))
    found_parts, start = [], 0
    for begin, end in sorted(cuts):
        if begin > start:
            found_parts.append(phrase.part(start, begin))
        start = end
        if phrase.part(begin, end).text == "->" and phrase.at(_PLACE, end) and begin:
            tokens = list(phrase.tokens)
            tokens[begin] = tokens[begin]._replace(kind="word", norm="to", text="to")
            phrase, start = Phrase(tokens, phrase.used), begin
    found_parts.append(phrase.part(start))
    return [part.part(lead.end) if (lead := part.at(_FIRST)) else part for part in found_parts]


def _flows(phrase: Phrase, arrow: Found, origin: Found | None) -> bool:
    """Whether an arrow leads from a source or to a sink, and not from one event to the next."""
    return (origin is not None and origin.end <= arrow.start) or bool(phrase.at(_GOAL, arrow.end))


def _continues(phrase: Phrase, at: int) -> bool:
    """Whether a word that may command goes on with what was said: `and report the total`."""
    before, here = phrase.part(0, at), phrase.part(at)
    visits = before.has("sessions?|visits?|sessioni\\w+")
    model = here.at("output") and before.has("endpoint|model serving")
    if model or (visits and here.at(_THOSE)) or here.at(_GOES_WITH):
        return True
    if at > 1 and before.part(at - 2).at(r"(?:the|a|an|this|that|our) (?:first|second|third|next)"):
        return True
    keyed = before.part(max(0, at - 3)).at(r"(?:by|per|on) \w+ (?:and|,)") and here.at(
        r"\w+ (?:within|in|for|over|during|,|and)"
    )
    if keyed or before.at(_LED_BY + r" ?,?$"):
        return True
    for word, cue, command in _GOES_ON:
        if here.at(rf"(?:{word})"):
            return (here.at(rf"(?:{word}) (?:{cue})") is None) is command
    if here.at("drop|discard|quarantine|reject|ignore"):
        return before.has(_CHECKS) and here.at(_BAD) is not None
    joined = at > 1 and phrase.tokens[at - 1].norm in ("and", ",")
    summed = here.at("count|average|sum") is not None
    return summed and (visits or (joined and before.has(_AGGREGATED)))


def phrase_back(part: Phrase, at: int) -> bool:
    """`when they come back` belongs to what was said of their going."""
    return part.at(
        r"(?:it|they|he|she)? ?(?:comes?|recovers?|returns?|resumes?|is|are)(?: back)?", at
    ) is not None and part.part(at).has("back|recovers?|returns?|resumes?")


def _at_when(part: Phrase) -> list[Phrase]:
    found = part.find(_WHEN)
    while (
        found is not None
        and not part.part(0, found.start).content()
        and not part.part(0, found.start).has(SEND)
    ):
        found = part.find(_WHEN, found.end)
    if found is None or found.start == 0 or part.part(0, found.start).has(_KEEPS):
        return [part]
    if part.part(found.start, found.end).text == "once" and part.part(0, found.start).has(
        "then|only|more|least|swap|switch|exchange|put|move|remove|drop|delete|make|set|rename|call|before|after"
    ):
        return [part]
    if phrase_back(part, found.end) or part.part(0, found.start).has(
        "then|followed by|without|but not"
    ):
        return [part]
    return [part.part(0, found.start), part.part(found.start)]
