# lakestream:node=it
# Node: Under test
# Summary: enter or exit depot, by key

LAYOUT_IT = Layout(
    pattern="it",
    keys=1,
    order_by=1,
    kept=(1, 2),
    measures=3,
    arrival=False,
)


def matcher_it():
    return GeofenceMatcher(
        zones=(GeofenceCircle("depot", 59.9, 10.7, 200.0),),
        places=(3, 4),
        emit=("enter", "exit"),
        dwell=None,
        confirm=1,
        first_enters=True,
        exit_margin_m=0.0,
        forget_after=86400000000,
    )


it_rows = spark.sql(
    """
SELECT
  *
FROM (
  SELECT
    CAST(`key` AS STRING) AS key_0,
    UNIX_MICROS(`at`) AS ts,
    CASE
      WHEN (
        amount
      ) BETWEEN CAST(-90 AS DOUBLE) AND CAST(90 AS DOUBLE)
      AND (
        amount + 1
      ) BETWEEN CAST(-180 AS DOUBLE) AND CAST(180 AS DOUBLE)
      THEN CAST(1 AS BIGINT)
      ELSE CAST(0 AS BIGINT)
    END AS mask,
    CAST(`id` AS BIGINT) AS value_0,
    CAST(`id` AS BIGINT) AS value_1,
    CAST(`amount` AS DOUBLE) AS value_2,
    CAST(amount + 1 AS DOUBLE) AS value_3
  FROM {in_0} AS in_0
) AS packed
WHERE
  mask <> 0 OR ts IS NULL
""",
    in_0=feed,
)

it_found = detect(
    it_rows,
    LAYOUT_IT,
    matcher_it,
    conditions=1,
    packed=[
        ("key_0", "string"),
        ("ts", "bigint"),
        ("mask", "bigint"),
        ("value_0", "bigint"),
        ("value_1", "bigint"),
        ("value_2", "double"),
        ("value_3", "double"),
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
        ("measure_0", "string"),
        ("measure_1", "string"),
        ("measure_2", "bigint"),
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
      ELEMENT_AT(ARRAY('inside', 'outside'), CAST(step AS INT) + 1) AS step,
      TIMESTAMP_MICROS(times[i]) AS event_time,
      CAST(kept_0[i] AS BIGINT) AS id,
      CAST(kept_1[i] AS DOUBLE) AS amount
    )
  ) AS events,
  CAST(measure_0 AS STRING) AS `transition`,
  CAST(measure_1 AS STRING) AS `zone`,
  CAST(measure_2 AS BIGINT) AS `inside_ms`
FROM {in_0} AS in_0
WHERE
  NOT match_id IS NULL
""",
    in_0=it_found,
)
