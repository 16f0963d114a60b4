# lakestream:node=it
# Node: Under test
# Summary: above 3 events per minute where kind = 'A' over 1 minute, by key

LAYOUT_IT = Layout(
    pattern="it",
    keys=1,
    order_by=1,
    kept=(1, 2),
    measures=2,
    arrival=False,
)


def matcher_it():
    return RollingRateMatcher(
        window=60000000, per=60000000, threshold=3.0, repeat=False, value=None, max_events=10000
    )


it_rows = spark.sql(
    """
SELECT
  *
FROM (
  SELECT
    CAST(`key` AS STRING) AS key_0,
    UNIX_MICROS(`at`) AS ts,
    CASE WHEN kind = 'A' THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS mask,
    CAST(`id` AS BIGINT) AS value_0,
    CAST(`id` AS BIGINT) AS value_1,
    CAST(`amount` AS DOUBLE) AS value_2
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
        ("measure_0", "bigint"),
        ("measure_1", "double"),
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
      ELEMENT_AT(ARRAY('event'), CAST(step AS INT) + 1) AS step,
      TIMESTAMP_MICROS(times[i]) AS event_time,
      CAST(kept_0[i] AS BIGINT) AS id,
      CAST(kept_1[i] AS DOUBLE) AS amount
    )
  ) AS events,
  CAST(measure_0 AS BIGINT) AS `count`,
  CAST(measure_1 AS DOUBLE) AS `rate`
FROM {in_0} AS in_0
WHERE
  NOT match_id IS NULL
""",
    in_0=it_found,
)
