"""Generated code holds an author's code word for word, apart from everything else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.codegen.filters import inside_function
from lakestream_mcp.codegen.verify import check
from lakestream_mcp.deploy.local import verify_pipeline
from lakestream_mcp.errors import InvalidPipeline, Unsupported
from tests.codegen.bench import Bench, Made, chain, sink, source

from .processors import CODES, TOTALS, config


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def document(given: dict[str, Any], **more: Any) -> dict[str, Any]:
    node = {"id": "it", "type": "custom", "name": "It", "config": given}
    return chain(source("1 minute"), node) | more


def text_of(made: Made) -> str:
    (text,) = made.generated.files.values()
    return text


def function_in(text: str, name: str) -> ast.FunctionDef:
    found = [s for s in ast.parse(text).body if isinstance(s, ast.FunctionDef) and s.name == name]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("name", list(CODES))
def test_the_code_is_the_author_s(bench: Bench, name: str) -> None:
    given = config(name)
    made = bench.make(document(given))
    body = function_in(text_of(made), "processor_it").body
    assert [ast.dump(s) for s in body[:-1]] == [ast.dump(s) for s in ast.parse(given["code"]).body]
    for line in given["code"].splitlines():
        assert line.strip() in text_of(made)
    found = bench.on_host(made, bench.tables(made, {"events": []}))
    assert made.generated.hashes["it"] == found.processors["it"].plan.sha256


UNTIDY = TOTALS.replace("class Totals", "import  json\nx= 'a';y = lambda a:a\nclass Totals")


def test_an_author_s_style_is_the_author_s(bench: Bench) -> None:
    text = text_of(bench.make(document(config("totals", code=UNTIDY))))
    assert "    x= 'a';y = lambda a:a\n" in text
    check(text)


@pytest.mark.parametrize(
    "code",
    [
        "x = '''a\n  b\n'''\n",
        'x = f"""a\n{1 +\n2}\n  b"""\ny = 1\n',
        "x = 'a\\\nb'\ny = (1 +\n2)\nz = 1 + \\\n2\n",
        "def f():\n\treturn '''\n\t'''\n",
        '"""Text\n  of it."""\n# remark\nclass A:\n    """x\n    y"""\n\n    def f(self): pass\n',
        "x = r'''\\\n'''; y = b'''a\nb'''\n",
        "if True:\n    pass\nelse:\n    x = [\n'''q\nr''',\n]\n",
        "é = 'ü'\n",
    ],
)
def test_only_indentation_changes(code: str) -> None:
    moved = f"def made():\n{inside_function(code)}\n    pass\n"
    (function,) = ast.parse(moved).body
    assert isinstance(function, ast.FunctionDef)
    assert [ast.dump(s) for s in function.body[:-1]] == [ast.dump(s) for s in ast.parse(code).body]


@pytest.mark.parametrize("code", ["from math import *\n", "from __future__ import annotations\n"])
def test_what_cannot_stand_in_a_function_is_refused(code: str) -> None:
    with pytest.raises((Unsupported, SyntaxError)):
        ast.parse(f"def made():\n{inside_function(code)}\n")
        raise Unsupported("a star import is refused by the checks of the node")


def test_names_of_the_code_meet_no_others(bench: Bench) -> None:
    """Two processors of one name, and names that the notebook has too."""
    code = TOTALS.replace("NOTHING = ", "spark = quoted = F = started = events = 1\nNOTHING = ")
    nodes = [
        {"id": f"it_{n}", "type": "custom", "name": "It", "config": config("totals", code=code)}
        for n in (1, 2)
    ]
    given = {
        "name": "Two",
        "nodes": [source(), *nodes, sink("a"), sink("b")],
        "edges": [
            {"source": a, "target": b}
            for a, b in (("events", "it_1"), ("events", "it_2"), ("it_1", "a"), ("it_2", "b"))
        ],
    }
    made = bench.make(given)
    names = [s.name for s in ast.parse(text_of(made)).body if isinstance(s, ast.FunctionDef)]
    assert {"processor_it_1", "processor_it_2"} <= set(names)
    assert made.generated.frames["it_1"] == "it_1"


def test_processing_time_needs_an_interval(bench: Bench) -> None:
    given = config("totals", time_mode="processing_time")
    with pytest.raises(InvalidPipeline) as caught:
        bench.make(document(given))
    assert caught.value.where == {"node": "it", "setting": "trigger"}
    text = text_of(bench.make(document(given, settings={"trigger": "10 seconds"})))
    assert 'timeMode="ProcessingTime"' in text
    assert 'raise ValueError("processing time has no end' in text


def test_verify_refuses_processing_time(bench: Bench) -> None:
    from lakestream_mcp.cep.host import Host

    given = config("totals", time_mode="processing_time")
    made = bench.make(document(given, settings={"trigger": "10 seconds"}))
    host = Host(
        made.document, made.validation, bench.catalog, bench.engine, bench.resolver, lambda *_: None
    )
    with pytest.raises(Unsupported) as caught:
        verify_pipeline(host, made.generated, None, {})  # type: ignore[arg-type]
    assert caught.value.where == {"node": "it", "field": "time_mode"}


def test_state_version_changes_with_the_state_only(bench: Bench) -> None:
    def version(**changes: Any) -> str:
        return bench.make(document(config("totals", **changes))).generated.state_version

    assert version() == version(code=TOTALS.replace("count += 1", "count += 2"))
    assert version() != version(code=TOTALS.replace("n bigint, amount", "m bigint, amount"))
    assert version() != version(code=TOTALS.replace('"total"', '"other"'))
    assert version() != version(key=["kind"])
    assert version() != version(time_mode="event_time")


def test_only_event_time_needs_a_watermark(bench: Bench) -> None:
    untimed = source()
    untimed["config"] = {k: untimed["config"][k] for k in ("path", "format", "columns")}
    for mode, ok in (("none", True), ("event_time", False)):
        node = {"id": "it", "type": "custom", "name": "It"}
        node["config"] = config("totals", time_mode=mode)  # type: ignore[assignment]
        assert (bench.attempt(chain(untimed, node)) is not None) is ok, bench.said
    assert any("MISSING_EVENT_TIME" in said for said in bench.said)
