"""What goes wrong on purpose: at the nth call of a route, before or after its work was done."""

from __future__ import annotations

import threading
from typing import NamedTuple


class Fault(NamedTuple):
    """One way to fail. `after`: the state has changed already.

    how: a status, or what `failing.py` knows by that name. code: the service's word for it.
    """

    how: int | str
    after: bool = False
    retry_after: str | None = None
    code: str | None = None


FAULTS = {
    "429": Fault(429, retry_after="0"),
    "429 with a date": Fault(429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"),
    "429 with no word": Fault(429),
    "500": Fault(500),
    "500 after": Fault(500, after=True),
    "502": Fault(502),
    "502 after": Fault(502, after=True),
    "503": Fault(503, retry_after="0"),
    "503 after": Fault(503, after=True, retry_after="0"),
    "504 after": Fault(504, after=True),
    "504 long before": Fault("late"),
    "408": Fault(408),
    "401 until renewed": Fault("expired"),
    "403": Fault(403),
    "404": Fault(404),
    "409 conflict": Fault(409),
    "409 aborted": Fault(409, code="ABORTED"),
    "400 exists": Fault(400, code="RESOURCE_ALREADY_EXISTS"),
    "400 state": Fault(400, code="INVALID_STATE"),
    "400 quota": Fault(400, code="RESOURCE_EXHAUSTED"),
    "hang": Fault("hang"),
    "hang after": Fault("hang", after=True),
    "cut": Fault("cut"),
    "cut after": Fault("cut", after=True),
    "cut in the answer": Fault("cut answer", after=True),
    "refused until it is back": Fault("refused"),
    "short answer": Fault("short", after=True),
    "empty answer": Fault("empty", after=True),
    "no JSON": Fault("garbled", after=True),
    "JSON of another shape": Fault("shape", after=True),
    "page of a proxy": Fault("page"),
    "page of a proxy after": Fault("page", after=True),
    "wrong content type": Fault("type", after=True),
    "redirect to a login": Fault("redirect"),
    "redirect to itself": Fault("moved"),
    "stale": Fault("stale"),
    "half": Fault("half", after=True),
    "delivered twice": Fault("twice", after=True),
    "delivered twice, last answer": Fault("again", after=True),
    "clock goes back": Fault("skew", after=True),
}
"""The faults by name; `w.fail` takes a name, or a Fault of your own."""
AT_WRITES = {
    *("500 after", "502 after", "503 after", "hang after", "cut after", "page of a proxy after"),
    *("504 long before", "half", "delivered twice", "delivered twice, last answer"),
}
"""Those that are another one, or none, at a call that only reads."""
SLOW = ("hang", "hang after")
"""Those that last as long as the client waits for an answer."""
ANY, WRITES = "*", "writes"


class Rule:
    """A fault that waits for its calls: from the nth on, so many times."""

    def __init__(self, route: str, nth: int, fault: Fault, times: int) -> None:
        self.route = route
        self.fault = fault
        self.skip = nth - 1
        self.left = times

    def takes(self, route: str, writes: bool) -> bool:
        """Whether this call is one to fail; counts it."""
        if self.route not in (route, ANY) and not (self.route == WRITES and writes):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.left -= 1
        return self.left >= 0


class Faults:
    """All rules that were set; each counts the calls since then. `seen`: names of all calls."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.seen: list[str] = []
        self._lock = threading.Lock()

    def add(self, route: str, nth: int, fault: str | Fault, times: int) -> None:
        """Fail the nth call of a route, `*` or `writes`, counted from now."""
        known = fault if isinstance(fault, Fault) else FAULTS[fault]
        self.rules.append(Rule(route, nth, known, times))

    def of(self, route: str, writes: bool) -> Fault | None:
        """The fault of this call, if a rule says so."""
        with self._lock:
            self.seen.append(route)
            hit = [rule.fault for rule in self.rules if rule.takes(route, writes)]
        return hit[0] if hit else None

    def expects(self, how: str) -> bool:
        """Whether a fault of a kind is still to come."""
        return any(rule.fault.how == how and rule.left > 0 for rule in self.rules)
