"""The guarded process that runs an author's code: started by file path, for one request.

It loads what the code may import, gives up files, network, processes and most system calls, takes
the request (length, JSON) from a socket, plays its runs and answers. The answer is JSON that the
parent checks. Nothing of the product but the files beside this one is importable here.
"""

import importlib
import importlib.util
import json
import resource
import signal
import socket
import struct
import sys
import types
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# Loaded by the standard library when they are first needed, which is too late here.
LATE_MODULES = ("_strptime", "encodings.ascii", "encodings.latin_1", "encodings.utf_16")
_LATE_NUMPY = "char ctypeslib dtypes exceptions fft linalg ma polynomial random rec strings"
LATE_NUMPY = tuple(f"numpy.{name}" for name in _LATE_NUMPY.split())


class StatefulProcessor(ABC):
    """What authors subclass; the methods that pyspark's own class has."""

    @abstractmethod
    def init(self, handle: Any) -> None:
        """Declare state."""

    @abstractmethod
    def handleInputRows(self, key: Any, rows: Any, timerValues: Any) -> Any:  # noqa: N802, N803
        """Rows of one key in this batch."""

    def handleExpiredTimer(self, key: Any, timerValues: Any, expiredTimerInfo: Any) -> Any:  # noqa: N802, N803
        """An expired timer of one key."""
        return iter([])

    def close(self) -> None:  # noqa: B027
        """The end of a batch."""


def package(name: str, folder: Path) -> None:
    """A package of this name whose own module is not executed."""
    module = types.ModuleType(name)
    module.__path__ = [str(folder)]
    sys.modules[name] = module


def load_row() -> Any:
    """pyspark's Row, without the client around it."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("pyspark-client is not installed")
    root = Path(next(iter(spec.submodule_search_locations)))
    package("pyspark", root)
    package("pyspark.sql", root / "sql")
    return importlib.import_module("pyspark.sql.types").Row


def offered_pyspark(row: Any) -> dict[str, Any]:
    """The pyspark modules that code may import from."""
    names = ("pyspark", "pyspark.sql", "pyspark.sql.streaming")
    root, sql, streaming = map(types.ModuleType, names)
    root.sql, sql.streaming, sql.Row = sql, streaming, row  # type: ignore[attr-defined]
    handle, states, cycle = (
        importlib.import_module(f"processor.{name}") for name in ("handle", "states", "cycle")
    )
    offered = {
        "StatefulProcessor": StatefulProcessor,
        "StatefulProcessorHandle": handle.Handle,
        "ValueState": states.ValueState,
        "ListState": states.ListState,
        "MapState": states.MapState,
        "TimerValues": cycle.TimerValues,
        "ExpiredTimerInfo": cycle.ExpiredTimerInfo,
    }
    for name, value in offered.items():
        setattr(streaming, name, value)
    return {
        "pyspark": root,
        "pyspark.sql": sql,
        "pyspark.sql.streaming": streaming,
        "pyspark.sql.streaming.stateful_processor": streaming,
    }


def importer(modules: dict[str, Any]) -> Any:
    """`__import__` for the code: only what was loaded for it."""

    def import_module(
        name: str, _names: Any = None, _locals: Any = None, fromlist: Any = (), _level: int = 0
    ) -> Any:
        if name not in modules:
            raise ImportError(f"{name} cannot be imported here")
        return modules[name] if fromlist else modules[name.partition(".")[0]]

    return import_module


def receive(link: socket.socket) -> Any:
    """The request."""
    with link.makefile("rb") as stream:
        return json.loads(stream.read(struct.unpack("<Q", stream.read(8))[0]))


def send(link: socket.socket, answer: Any) -> None:
    """A length and JSON."""
    text = json.dumps(answer).encode()
    link.sendall(struct.pack("<Q", len(text)) + text)


def load_isolation(path: str) -> Any:
    """The module by its path."""
    spec = importlib.util.spec_from_file_location("isolation", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_row(row: Any) -> Any:
    """A maker of Rows from names and values."""
    return lambda names, values: row(*names)(*values)


def answered(request: dict[str, Any], modules: dict[str, Any], row: Any) -> dict[str, Any]:
    """What a request asks for: runs of a processor, or a function's answers."""
    if "function" in request:
        functions = importlib.import_module("processor.function")
        found: dict[str, Any] = functions.apply(request, importer(modules))
        return found
    return play(request, modules, row)


def play(request: dict[str, Any], modules: dict[str, Any], row: Any) -> dict[str, Any]:
    """Play one run after the other; the first failure ends them."""
    cycles = importlib.import_module("processor.cycle")
    runs = []
    for batches in request["runs"]:
        cycle = None
        try:
            made = cycles.loaded(request["code"], request["class"], importer(modules))
            cycle = cycles.Cycle(made, request, make_row(row), row)
            cycle.play(batches)
        except BaseException as error:  # noqa: BLE001  whatever the author's code raises
            return {"failed": cycles.failure(error, cycle)}
        timers = sum(map(len, cycle.context.store.timers.values()))
        states = {name: len(keys) for name, keys in cycle.context.store.values.items()}
        runs.append({"rows": cycle.out, "timers": timers, "states": states})
    return {"runs": runs}


def offered_modules(wanted: list[str], row: Any) -> dict[str, Any]:
    """Everything that code imports, loaded while that is still possible."""
    modules: dict[str, Any] = {}
    numeric = LATE_NUMPY if {"numpy", "pandas"} & set(wanted) else ()
    for name in [*LATE_MODULES, *wanted, *numeric]:
        if not name.startswith("pyspark"):
            first = name.partition(".")[0]
            modules[first] = importlib.import_module(first)
            modules[name] = importlib.import_module(name)
    return modules | offered_pyspark(row)


def main(link_fd: int, isolation_path: str, memory_bytes: int, seconds: int, wanted: str) -> None:
    """Load, seal, run, answer."""
    link = socket.socket(fileno=link_fd)
    isolation = load_isolation(isolation_path)
    network = isolation.leave_network()
    package("processor", HERE)
    row = load_row()
    modules = offered_modules(wanted.split(",") if wanted else [], row)
    importlib.import_module("processor.function")
    isolation.limit_resources(memory_bytes)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds + 5, seconds + 5))
    files, computing = isolation.close_files(), isolation.compute_only()
    send(link, {"network": network, "files": files, "computing": computing})
    request = receive(link)
    cycles = importlib.import_module("processor.cycle")

    def out_of_time(*_: Any) -> None:
        raise cycles.OutOfTimeError

    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        answer = answered(request, modules, row)
        signal.setitimer(signal.ITIMER_REAL, 0)
        send(link, answer)
    except MemoryError:
        message = "The rows that the code put out need too much memory."
        send(link, {"failed": {"code": "CODE_OUT_OF_MEMORY", "message": message}})


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
