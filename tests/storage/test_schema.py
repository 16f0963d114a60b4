"""Migrations: they make exactly the tables the code uses, once, whoever comes first."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from lakestream_mcp.errors import StoreFailed
from lakestream_mcp.storage import schema
from lakestream_mcp.storage.engine import connect, resolve
from lakestream_mcp.storage.store import Store
from lakestream_mcp.storage.tables import metadata

from .documents import create, document, head

ROOT = Path(__file__).parents[2]


def test_migrations_make_the_tables_of_the_code(empty_database: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    Store.open(empty_database).close()
    database = connect(resolve(empty_database))
    with database.begin(write=False) as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
    database.close()


def test_the_head_is_the_newest_migration() -> None:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(schema.configuration())
    assert scripts.get_heads() == [schema.HEAD]


def test_opening_again_changes_nothing(database: str) -> None:
    store = Store.open(database)
    create(store)
    store.close()
    again = Store.open(database)
    assert head(again) == document()
    assert again.latest_change_seq() == 1
    again.close()


def test_an_open_store_costs_no_migration_tool(database: str) -> None:
    code = (
        "import sys; from lakestream_mcp.storage.store import Store;"
        "Store.open(sys.argv[1]).latest_change_seq();"
        "sys.exit(any(m.split('.')[0] in ('alembic', 'mako') for m in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code, database], cwd=ROOT, check=True)


def test_threads_and_processes_that_open_a_new_database_together(empty_database: str) -> None:
    code = "import sys; from lakestream_mcp.storage.store import Store; Store.open(sys.argv[1])"
    children = [
        subprocess.Popen([sys.executable, "-c", code, empty_database], cwd=ROOT) for _ in range(3)
    ]
    with ThreadPoolExecutor(2) as pool:
        stores = list(pool.map(Store.open, [empty_database] * 2))
    assert [child.wait() for child in children] == [0, 0, 0]
    create(stores[0])
    assert head(stores[1]) == document()
    for store in stores:
        store.close()


def test_a_database_of_a_newer_version_is_left_alone(database: str) -> None:
    store = Store.open(database)
    create(store)
    with store.transaction(write=True) as tx:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreFailed) as caught:
        Store.open(database)
    assert (caught.value.code, caught.value.got) == ("STORE_NEWER", "9999")
    assert head(store) == document()
    store.close()


def test_a_migration_that_fails_leaves_nothing_behind(empty_database: str) -> None:
    database = connect(resolve(empty_database))
    with pytest.raises(ZeroDivisionError), database.begin(write=True) as connection:
        schema.migrate(connection)
        raise ZeroDivisionError
    with database.begin(write=False) as connection:
        assert not database.engine.dialect.has_table(connection, "pipelines")
    database.close()
    store = Store.open(empty_database)
    create(store)
    store.close()
