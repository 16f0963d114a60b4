"""The Spark side of patterns whose state is kept key by key (`state_layout: keys`).

All that follows the mark below is carried into generated code.
"""
# mypy: ignore-errors
# ruff: noqa: I001

from lakestream_mcp.codegen.structured_streaming.key_states import KeyStates
from lakestream_mcp.codegen.structured_streaming.spark_host import PatternHost

# --- carried ---
import pickle


class Entries:
    """A map state from one key to binary data, as `KeyStates` wants it."""

    def __init__(self, state):
        self.state = state

    def get(self, key):
        found = self.state.getValue((key,))
        return None if found is None else bytes(found[0])

    def put(self, key, data):
        self.state.updateValue((key,), (data,))

    def remove(self, key):
        self.state.removeKey((key,))


class KeyedPatternHost(PatternHost):
    """Plays the rows of a bucket: its keys have entries of their own, its blob the rest.

    A batch costs what it touches: two calls to the state for each key, where a blob costs a little
    for each key there is.
    """

    def init(self, handle):
        super().init(handle)
        self.entries = Entries(handle.getMapState("entries", "key string", "data binary"))
        self.due = Entries(handle.getMapState("due", "time bigint", "data binary"))

    def opened(self, stored, watermark):
        waiting, timer_ms, times = pickle.loads(stored) if stored else (b"", 0, ())
        states = KeyStates(self.entries, self.due, times)
        states.wake(watermark)
        return states, waiting, timer_ms

    def filed(self, states, watermark):
        states.save(self.matcher, watermark)
        return min(states.times, default=super().filed(states, watermark))

    def closed(self, states, waiting, timer_ms):
        times = sorted(states.times)
        return pickle.dumps((waiting, timer_ms, times), 5) if times or waiting else None
