"""Which pattern a text means by its words, and what reads it."""

from __future__ import annotations

from ..rules.detect import VISITS
from ..rules.numbers import DOWN, FLAT, METHODS, ODD, UP, trend
from ..rules.rates import velocity
from ..rules.scene import Made
from .atoms import Atoms
from .counts import (
    Reading,
    alone,
    read_count,
    read_heartbeat,
    read_outlier,
    read_repeated,
    read_velocity,
    read_zone,
)
from .patterns import (
    DUE,
    NOT,
    PAIR,
    RATE,
    ROW,
    SUMS,
    THEN,
    owed,
    read_absence,
    read_chain,
    read_correlation,
    read_filter,
    read_lasting,
    read_sequence,
)
from .polygons import read_polygon
from .sessions import read_session
from .states import read_states
from .sums import read_sums
from .zones import read_zones

_OVER = (
    r"(?:(?:is|are) over|ends?|closes?|is closed|finishe?s?) (?:after|once|when)(?: \S+){0,4}? "
    r"#dur "
    r"(?:without|of (?:silence|inactivity|no))"
)
"""What ends a session, whatever it is called."""
_MOVE = rf"(?:{UP}|{DOWN}|{FLAT})"
_READINGS: tuple[tuple[str, Reading], ...] = (
    (r"polygon", read_polygon),
    ("#dist", read_zones),
    (r"geo ?fenc\w*|#dist", read_zone),
    (r"state machine|life ?cycle|finite state|states?", read_states),
    (
        r"duplicat\w*|dedup\w*|dedupe|dupes?|repeated|repeats?|repetitions?|keep per|"
        r"(?:at most|not more than|no more than|only|just|max\w*) once|"
        r"(?:only|just) #num \w+ (?:per|for each|for every)|"
        r"keep (?:just|only) (?:the )?(?:first )?.*(?:per|each|every)|"
        r"keep (?:just |only )?(?:the first|#num|a|an|one) .*(?:per|each|every)",
        read_repeated,
    ),
    (rf"sessions?|sessioni\w+|{VISITS}|trips?|{_OVER}", read_session),
    (rf"{METHODS[0][1]}|{METHODS[1][1]}|{METHODS[2][1]}|{ODD}", read_outlier),
    (PAIR, read_correlation),
    ("->", read_chain),
    (rf"(?:{ROW}).*{_MOVE}|{_MOVE}.*(?:{ROW}|#times)", alone(trend)),
    (f"{NOT}|{DUE}", read_absence),
    ("#dur", read_lasting),
    (f"{THEN}|{NOT}", read_sequence),
    (
        r"silent|silence|quiet|offline|dead|stops?|no|not|nothing|none|without|heartbeats?|liveness",
        read_heartbeat,
    ),
    (RATE, read_velocity),
    (RATE, alone(velocity)),
    (r"#num|#times", read_count),
    (SUMS, read_sums),
    ("", read_filter),
)


def read_pattern(atoms: Atoms) -> list[Made] | None:
    """The nodes of a text: a pattern, a window or a filter, with a filter before it if need be."""
    bare, talk = atoms.bare(), atoms.scene.talk
    for cue, reading in _READINGS:
        due = reading is read_absence and (owed(bare) or atoms.phrase.has(cue))
        if not cue or bare.has(cue) or due:
            said = dict(talk.assumptions), dict(talk.questions)
            made = reading(atoms)
            if made:
                return made
            talk.assumptions, talk.questions = said
    return None
