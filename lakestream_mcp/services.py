"""What one process has once, whoever calls: opened at the first use, closed at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from .calls import Notice
from .limits import Limits
from .metrics import Metrics
from .settings import Settings


class Services:
    """What one process has once, whoever calls."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.limits = Limits(settings.security)
        self.metrics = Metrics()
        self._lock = threading.RLock()
        self._opened: dict[str, Any] = {}
        self._listeners: list[Callable[[Notice], None]] = []

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """The one instance of a service, made at its first use by whichever thread comes first."""
        if name not in self._opened:
            with self._lock:
                if name not in self._opened:
                    self._opened[name] = make()
        return self._opened[name]

    def subscribe(self, listener: Callable[[Notice], None]) -> Callable[[], None]:
        """Call the listener for every notice until the returned function is called."""
        with self._lock:
            self._listeners = [*self._listeners, listener]

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = [other for other in self._listeners if other is not listener]

        return unsubscribe

    def publish(self, notice: Notice) -> None:
        """Tell every listener, in the caller's thread."""
        for listener in self._listeners:
            listener(notice)

    def close(self) -> None:
        """Close what was opened, the last first, each whatever becomes of others; children end."""
        with self._lock, ExitStack() as closing:
            for service in self._opened.values():
                if hasattr(service, "close"):
                    closing.callback(service.close)
            self._opened.clear()
