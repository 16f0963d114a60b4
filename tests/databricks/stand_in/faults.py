"""What goes wrong on purpose: at the nth call of a route, before or after its work was done."""

from __future__ import annotations

import threading
from typing import NamedTuple


class Fault(NamedTuple):
    """One way to fail. `after`: the state has changed already. `how`: a status, `cut` or `hang`."""

    how: int | str
    after: bool = False
    retry_after: str | None = None


FAULTS = {
    "429": Fault(429, retry_after="0"),
    "500": Fault(500),
    "503": Fault(503, retry_after="0"),
    "hang": Fault("hang"),
    "cut": Fault("cut"),
    "500 after": Fault(500, after=True),
    "503 after": Fault(503, after=True, retry_after="0"),
    "hang after": Fault("hang", after=True),
    "cut after": Fault("cut", after=True),
}
"""The faults by name; `w.fail` takes a name, or a Fault of your own."""
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
    """All rules that were set; each counts the calls since then."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(self, route: str, nth: int, fault: str | Fault, times: int) -> None:
        """Fail the nth call of a route, `*` or `writes`, counted from now."""
        known = fault if isinstance(fault, Fault) else FAULTS[fault]
        self.rules.append(Rule(route, nth, known, times))

    def of(self, route: str, writes: bool) -> Fault | None:
        """The fault of this call, if a rule says so."""
        with self._lock:
            hit = [rule.fault for rule in self.rules if rule.takes(route, writes)]
        return hit[0] if hit else None
