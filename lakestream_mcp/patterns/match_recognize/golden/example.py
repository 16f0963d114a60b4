# lakestream:node=it
# Node: Under test
# Summary: rows like A B+ C, by key

LAYOUT_IT = Layout(
    pattern="it",
    keys=1,
    order_by=1,
    kept=(1, 2),
    measures=1,
    arrival=False,
)


def matcher_it():
    def measured_0(v, i):
        return v.cell(i, 0, 3)

    def look_1(v):
        # amount > PREV(amount)
        return sql_gt(v.cell(v.at, 0, 3), v.cell(v.at, -1, 3))

    def measures(v, m, f):
        # SUM(B.amount) AS total
        return (m[0],)

    return RowPatternMatcher(
        program=(
            ("label", 0, False),
            ("label", 1, False),
            ("split", 1, 3),
            ("label", 2, False),
            ("done",),
        ),
        names=("A", "B", "C"),
        tests=(
            (0, None, None),
            (None, look_1, None),
            (1, None, None),
        ),
        output=RowOutput(
            ("A", "B", "C"),
            measured=(("sum", (1,), measured_0, 1),),
            measures=measures,
            measure_count=1,
            identity=2,
        ),
        skip="past last row",
        back=1,
        max_rows=10000,
    )


it_rows = spark.sql(
    """
SELECT
  CAST(`key` AS STRING) AS key_0,
  UNIX_MICROS(`at`) AS ts,
  CASE WHEN kind = 'A' THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END + CASE WHEN kind = 'C' THEN CAST(2 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS mask,
  CAST(`id` AS BIGINT) AS value_0,
  CAST(`id` AS BIGINT) AS value_1,
  CAST(`amount` AS DOUBLE) AS value_2
FROM {in_0} AS in_0
""",
    in_0=feed,
)

it_found = detect(
    it_rows,
    LAYOUT_IT,
    matcher_it,
    conditions=2,
    packed=[
        ("key_0", "string"),
        ("ts", "bigint"),
        ("mask", "bigint"),
        ("value_0", "bigint"),
        ("value_1", "bigint"),
        ("value_2", "double"),
    ],
    matches=[
        ("match_id", "string"),
        ("key_0", "string"),
        ("started_at", "bigint"),
        ("ended_at", "bigint"),
        ("detected_at", "bigint"),
        ("steps", "array<bigint>"),
        ("times", "array<bigint>"),
        ("kept_0", "array<bigint>"),
        ("kept_1", "array<double>"),
        ("measure_0", "double"),
    ],
    buckets=BUCKETS,
)
it = spark.sql(
    """
SELECT
  match_id AS match_id,
  'it' AS pattern,
  CAST(key_0 AS STRING) AS `key`,
  TIMESTAMP_MICROS(started_at) AS started_at,
  TIMESTAMP_MICROS(ended_at) AS ended_at,
  TIMESTAMP_MICROS(detected_at) AS detected_at,
  TRANSFORM(
    steps,
    (step, i) -> STRUCT(
      ELEMENT_AT(ARRAY('A', 'B', 'C'), CAST(step AS INT) + 1) AS step,
      TIMESTAMP_MICROS(times[i]) AS event_time,
      CAST(kept_0[i] AS BIGINT) AS id,
      CAST(kept_1[i] AS DOUBLE) AS amount
    )
  ) AS events,
  CAST(measure_0 AS DOUBLE) AS `total`
FROM {in_0} AS in_0
WHERE
  NOT match_id IS NULL
""",
    in_0=it_found,
)
