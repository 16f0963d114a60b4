"""How rows get into databases: one connection and one transaction per partition of a batch."""
# mypy: ignore-errors
# ruff: noqa: F821, ARG001


# --- carried ---
class PostgresTable:
    """A table of PostgreSQL. login: user and password, or the name of a Lakebase instance.

    columns: (name, type in PostgreSQL); keys: columns that identify a row. update: whether a row
    whose key is there is overwritten, or left as it is.
    """

    def __init__(self, server, login, name, columns, keys, sequence_by=None, update=True):
        self.server, self.login, self.name = server, login, name
        self.columns, self.keys, self.update = columns, keys, update
        self.sequence_by = sequence_by

    def connect(self):
        """A new connection; its driver is asked for by name when it is missing."""
        try:
            import psycopg
        except ImportError as error:
            raise RuntimeError('this sink needs: %pip install "psycopg[binary]>=3.2"') from error
        return psycopg.connect(**self.server, **self.login, connect_timeout=30)

    def create(self):
        """Create the table with its primary key, unless it is there."""
        from psycopg import sql

        columns = [
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in self.columns
        ]
        key = sql.SQL("PRIMARY KEY ({})").format(postgres_names(self.keys))
        with self.connect() as connection:
            connection.execute(
                sql.SQL("CREATE TABLE IF NOT EXISTS {} ({})").format(
                    sql.Identifier(*self.name), sql.SQL(", ").join([*columns, key])
                )
            )

    def statement(self):
        """Insert a row; what becomes of one whose key is there."""
        from psycopg import sql

        names = [name for name, _ in self.columns]
        others = [name for name in names if name not in self.keys]
        action = sql.SQL("DO NOTHING")
        if self.update and others:
            pairs = [sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(n)) for n in others]
            action = sql.SQL("DO UPDATE SET {}").format(sql.SQL(", ").join(pairs))
            if self.sequence_by is not None:
                newer = sql.SQL(" WHERE t.{0} IS NULL OR EXCLUDED.{0} >= t.{0}")
                action += newer.format(sql.Identifier(self.sequence_by))
        return sql.SQL("INSERT INTO {} AS t ({}) VALUES ({}) ON CONFLICT ({}) {}").format(
            sql.Identifier(*self.name),
            postgres_names(names),
            sql.SQL(", ").join([sql.Placeholder()] * len(names)),
            postgres_names(self.keys),
            action,
        )

    def write(self, batches):
        """Write all rows of a partition in one transaction; yields how many they were."""
        import pyarrow as pa

        nested = {name for name, kind in self.columns if kind == "jsonb"}
        written = 0
        with self.connect() as connection, connection.cursor() as cursor:
            statement = self.statement()
            for batch in batches:
                rows = [self.values(row, nested) for row in batch.to_pylist()]
                cursor.executemany(statement, rows)
                written += len(rows)
        yield pa.RecordBatch.from_pydict({"rows": [written]})

    def values(self, row, nested):
        """A row as parameters; lists and structures are JSON."""
        return [
            json_text(plain_json(row[name]))
            if name in nested and row[name] is not None
            else row[name]
            for name, _ in self.columns
        ]


def postgres_names(names):
    """Column names with commas, quoted."""
    from psycopg import sql

    return sql.SQL(", ").join(map(sql.Identifier, names))


def lakebase_login(instance, user):
    """A user and a token that lives an hour, from the workspace that runs the code."""
    from uuid import uuid4

    from databricks.sdk import WorkspaceClient

    credential = WorkspaceClient().database.generate_database_credential(
        request_id=str(uuid4()), instance_names=[instance]
    )
    return {"user": user, "password": credential.token}


def write_postgres(frame, query, server, login, name, columns, keys, **how):
    """Write rows by key, each partition in one transaction: twice is the same as once.

    login: a function that gives user and password for each batch.
    """
    PostgresTable(server, login(), name, columns, keys).create()

    def write(rows, batch_id):
        table = PostgresTable(server, login(), name, columns, keys, **how)
        rows = last_rows(rows, keys, how.get("sequence_by"))
        rows.mapInArrow(table.write, "rows bigint").write.format("noop").mode("append").save()

    return started(frame.writeStream.outputMode("append").foreachBatch(write), query)


def write_warehouse(frame, query, name, columns, keys, sequence_by, warehouse_id, staging):
    """Merge rows by statements on a SQL warehouse, which reads each batch from a folder.

    A local Spark has no warehouse: it merges by itself.
    """
    if RUNTIME != "databricks":
        return merge_table(frame, query, name, keys, sequence_by)
    from databricks.sdk import WorkspaceClient

    folder = f"{staging}/{query}"
    lines = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns)
    create = f"CREATE TABLE IF NOT EXISTS {quoted_name(name)} ({lines})"
    run_on_warehouse(WorkspaceClient(), warehouse_id, create)

    def merge(rows, batch_id):
        rows = last_rows(rows, keys, sequence_by)
        rows.write.mode("overwrite").parquet(folder)
        statement = merge_statement(name, folder, keys, sequence_by)
        run_on_warehouse(WorkspaceClient(), warehouse_id, statement)

    return started(frame.writeStream.outputMode("append").foreachBatch(merge), query)


def merge_statement(name, folder, keys, sequence_by):
    """A statement that merges the files of a folder into a table by key."""
    path = folder.replace("\\", "\\\\").replace("'", "\\'")
    same = " AND ".join(f"t.{quoted(key)} <=> b.{quoted(key)}" for key in keys)
    last = "" if sequence_by is None else quoted(sequence_by)
    newer = f" AND b.{last} >= t.{last}" if last else ""
    return (
        f"MERGE INTO {quoted_name(name)} t USING (SELECT * EXCEPT (_rescued_data) FROM "
        f"read_files('{path}', format => 'parquet', rescuedDataColumn => '_rescued_data')) b "
        f"ON {same} WHEN MATCHED{newer} THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    )


def run_on_warehouse(client, warehouse_id, statement):
    """Run a statement and wait for its end. Raises RuntimeError with the warehouse's words."""
    statements = client.statement_execution
    answer = statements.execute_statement(statement, warehouse_id, wait_timeout="50s")
    while answer.status.state.value in ("PENDING", "RUNNING"):
        time.sleep(1)
        answer = statements.get_statement(answer.statement_id)
    if answer.status.state.value != "SUCCEEDED":
        error = answer.status.error
        said = error.message if error else answer.status.state.value
        raise RuntimeError(f"warehouse {warehouse_id}: {said}")
