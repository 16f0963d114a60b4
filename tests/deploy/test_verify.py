"""What is not compared between the tester and Spark."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.cep.host import Host
from lakestream_mcp.deploy.local import verify_pipeline
from lakestream_mcp.errors import Unsupported
from tests.codegen.bench import Bench
from tests.codegen.cases import BASES, document


def test_answers_of_a_service_are_not_compared() -> None:
    bench = Bench()
    made = bench.make(document("ml-model-endpoint", BASES["ml-model-endpoint"]))
    host = Host(
        made.document,
        made.validation,
        bench.catalog,
        bench.engine,
        bench.resolver,
        lambda *_: None,
    )
    never_started: Any = None
    with pytest.raises(Unsupported) as caught:
        verify_pipeline(host, made.generated, never_started, {})
    bench.close()
    assert caught.value.where == {"node": "it"}
