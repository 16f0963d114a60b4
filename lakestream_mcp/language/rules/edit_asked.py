"""What is asked of a pipeline and is no change of its graph: the operation that does it."""

from __future__ import annotations

from collections.abc import Sequence

from ..proposal import Draft
from .phrase import Phrase

_LEAD = r"(?:(?:so|and|but|hey|hi|ok|please|also|now|then|can you|could you|let us|,) )*"
_IT = r"(?: (?:it|this|that|the|my|our|whole|entire|pipeline|again|now|please|me|for|everything))*"
_QUESTION = (
    rf"{_LEAD}(?:what (?:happens?|would happen|will happen)|why|how (?:does|do|come|many|much|long|"
    r"often)|explain|describe|tell me (?:what|why|how|which|where|when|about)|"
    r"show me (?:what|why|how|which|where|when))"
)
_ASKING = (
    rf"{_LEAD}(?:what|which|where|when|is|are|does|do|did|was|has|how) (?:is|are|does|do|did|it|"
    r"this|there|that|the|we|they|i|if|nodes?|columns?|tables?|topics?|filters?|sinks?|sources?)"
)
"""How a sentence begins that is a question if it ends with the mark of one."""
_NO_QUESTION = r"possible|please"
_WORKSPACE = r"(?: (?:to|on|in) (?:databricks|production|prod|the workspace|staging|dev))?"
_OPERATIONS = (
    (rf"(?:deploy|ship|roll ?out|release){_IT}{_WORKSPACE}$", "deploy", "Deploying"),
    (
        rf"(?:test|try(?: out)?|simulate){_IT}(?: with .*| on .*)?$|run (?:the |a |some )*tests?$",
        "test_pattern",
        "Testing",
    ),
    (
        r"(?:generate|show|give|export|get|print|create|make)(?: me)?(?: the| its| spark| python|"
        r" sql| generated)* (?:code|notebook|sql)(?: for .*| of .*)?$",
        "generate_code",
        "Code",
    ),
    (
        r"(?:delete|remove|drop|destroy|throw away) (?:this|that|the(?: (?:whole|entire))?|my) "
        r"pipeline$",
        "delete_pipeline",
        "Deleting a pipeline",
    ),
    (
        rf"(?:start|stop|run|execute|launch){_IT}(?: (?:locally|on (?:this|my) machine|here))?$",
        "run_pipeline",
        "Running a pipeline",
    ),
    (rf"(?:validate|check){_IT}(?: for errors)?$", "validate_pipeline", "Validating"),
    (rf"(?:review|improve|optimi[sz]e|audit){_IT}$", "review_pipeline", "A review"),
    (rf"(?:benchmark|load test|measure){_IT}$", "benchmark_pattern", "A benchmark"),
    (
        r"(?:show|list|give)(?: me)?(?: the)? (?:history|revisions|versions|changes)$",
        "get_history",
        "History",
    ),
)
"""Sentences as a whole, the operation that does what they ask, and what that is called."""
QUESTION = (
    "That is a question, not a change: `get_pipeline` shows what is configured, `test_pattern` what"
    " comes of given events, `review_pipeline` what may go wrong. To change something, say what it"
    " is to be, for example `the window is 10 minutes`."
)


def asked_otherwise(found: Sequence[Phrase], text: str) -> Draft | None:
    """The refusal of a text that is no edit, with the operation that does what it asks."""
    if not found:
        return None
    first = found[0]
    asks = text.rstrip().endswith("?") and len(found) == 1 and not first.has(_NO_QUESTION)
    if first.at(_QUESTION) or (asks and first.at(_ASKING)):
        return Draft(refusal=QUESTION, instead="get_pipeline, test_pattern or review_pipeline")
    for cue, operation, what in _OPERATIONS if len(found) == 1 else ():
        if first.at(rf"{_LEAD}(?:{cue})"):
            said = f"{what} is no change of the graph: call `{operation}`."
            return Draft(refusal=said, instead=operation)
    return None
