"""What the two notebooks of a backtest do to a stand-in workspace: by the tester, or by Spark."""

from __future__ import annotations

import ast
import json
import threading
from collections.abc import Callable
from typing import Any

from lakestream_mcp.cep.host import Host, Options
from lakestream_mcp.cep.testing import read_sources
from lakestream_mcp.deploy.spark_process import SparkProcess

from .site import ID, Site
from .stand_in.runs import Outcome, TaskRun
from .stand_in.sql import engine

COLUMNS = "order_id bigint, customer string, amount double, at timestamp"
RESULTS = "part string, row string, n bigint"
HISTORY = "main.default.history"
Rows = list[dict[str, Any]]


class Notebook:
    """What a notebook says, read from its text."""

    def __init__(self, text: str) -> None:
        self.text = text
        calls = {
            node.func.id: node.args
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        self.calls = {
            name: [ast.literal_eval(a) for a in arguments if not isinstance(a, ast.Name)]
            for name, arguments in calls.items()
            if name in ("Tables", "forget")
        }


class Cluster:
    """Does the tasks' work beside whoever looks at the run. What Spark would find, the tester finds
    in the same rows.

    deserted: nobody reads the results, and the time for that is over.
    """

    def __init__(self, site: Site) -> None:
        self.site, self.deserted, self.done = site, False, list[str]()
        self.at_work, self.ended = set[int](), dict[int, Outcome]()
        site.world.jobs.work |= {"backtest": self.find, "forget": self.forget}

    def find(self, task: TaskRun) -> Outcome | None:
        """Find matches and write the results."""
        return self.worked(task, lambda: self.finding(task, self.notebook(task)))

    def forget(self, task: TaskRun) -> Outcome | None:
        """Drop all tables, once the results are gone or nobody comes for them."""
        notebook = self.notebook(task) if task.id not in self.at_work else None
        if notebook and not self.deserted:
            results = plain(notebook.calls["forget"][1])
            if ("TABLE", results) in self.site.world.unity.known:
                return None
        return self.worked(task, lambda: self.forgetting(notebook))

    def worked(self, task: TaskRun, work: Callable[[], None]) -> Outcome | None:
        """How the work has ended, which is begun when it is first asked for."""

        def ending() -> None:
            try:
                work()
                self.ended[task.id] = Outcome()
            except Exception as error:  # noqa: BLE001  every failure is an outcome
                self.ended[task.id] = Outcome("FAILED", error=repr(error))

        if task.id not in self.at_work:
            self.at_work.add(task.id)
            self.done.append(task.key)
            threading.Thread(target=ending).start()
        return self.ended.get(task.id)

    def notebook(self, task: TaskRun) -> Notebook:
        return Notebook(self.site.world.workspace.text(task.task["notebook_task"]["notebook_path"]))

    def finding(self, task: TaskRun, notebook: Notebook) -> None:
        """Make all tables; of the results with what the tester finds."""
        (_, names, physical) = notebook.calls["Tables"]
        rows = self.site.world.unity.one("TABLE", HISTORY).rows
        found = self.found(rows, physical)
        with self.site.world.lock:
            for name in names.values():
                self.site.world.unity.add_table(plain(name), "x int")
            self.keep(names["results"], found)

    def found(self, rows: Rows, physical: dict[str, list[str]]) -> Rows:
        """The rows of the table of results."""
        ws = self.site.host.workspace
        with ws.reading() as store:
            document = store.load(ID).document
        checked = ws.validate(document)
        host = Host(document, checked, ws.catalog, ws.engine, ws.resolver, ws.progress)
        sources, _ = read_sources(host, rows, ws.find_file)
        matches = host.run(sources, Options()).tables["burst"]
        answer = {
            "passed": {"lakestream_orders": len(rows)},
            "counts": {"burst": matches.num_rows},
            "given": ["burst", "rows-orders"],
        }
        parts: list[tuple[str, Any]] = [("answer", answer)]
        for name, table in {"burst": matches, "rows-orders": sources["orders"]}.items():
            statement = f"SELECT {', '.join(physical[name])} FROM t"
            parts += [(name, row) for row in engine().run(statement, {"t": table}).to_pylist()]
        listed = enumerate(parts)
        return [{"part": p, "row": json.dumps(row), "n": 7 * n} for n, (p, row) in listed]

    def keep(self, table: str, rows: Rows) -> None:
        self.site.world.unity.add_table(plain(table), RESULTS, rows)

    def forgetting(self, notebook: Notebook | None) -> None:
        """Drop the tables and the folder."""
        assert notebook is not None
        tables, _, _, folder, _ = notebook.calls["forget"]
        with self.site.world.lock:
            for name in tables:
                self.site.world.unity.known.pop(("TABLE", plain(name)), None)
            items = self.site.world.workspace.items
            for path in [p for p in items if p.startswith(folder.removeprefix("/Workspace"))]:
                del items[path]


class SparkCluster(Cluster):
    """Executes both notebooks as they are, on a real Spark."""

    def __init__(self, site: Site, spark: SparkProcess) -> None:
        super().__init__(site)
        self.spark = spark

    def finding(self, task: TaskRun, notebook: Notebook) -> None:
        given = task.task["notebook_task"]["base_parameters"]
        self.execute(notebook, given | {"tables": "unused"})
        results = notebook.calls["Tables"][1]["results"]
        self.keep(results, self.spark.request("sql", text=f"SELECT * FROM {results}"))

    def forgetting(self, notebook: Notebook | None) -> None:
        assert notebook is not None
        self.spark.request("sql", text=f"DROP TABLE {notebook.calls['forget'][1]}")
        self.execute(notebook, {})

    def execute(self, notebook: Notebook, parameters: dict[str, str]) -> None:
        text = f"{notebook.text}\nqueries = []\n"
        self.spark.request("run", notebook=text, parameters=parameters)


def plain(name: str) -> str:
    """A quoted name without quotes."""
    return name.replace("`", "")
