# lakestream:node=it
# Node: Under test
# Summary: left and right less than 5 minutes apart, by key

LAYOUT_IT = Layout(
    pattern="it",
    keys=1,
    order_by=2,
    kept=(2, 3, 4, 5, 6),
    measures=1,
    arrival=False,
)


def matcher_it():
    return CorrelationMatcher(
        within=300000000,
        order="any",
        pairing="each",
        fits=None,
        unpaired=False,
        ties=1,
        max_events=10000,
    )


it_rows = spark.sql(
    """
SELECT
  *
FROM (
  SELECT
    CAST(`key` AS STRING) AS key_0,
    UNIX_MICROS(`at`) AS ts,
    CASE WHEN (
      TRUE
    ) AND NOT `key` IS NULL THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS mask,
    CAST(`id` AS BIGINT) AS value_0,
    CAST(0 AS BIGINT) AS value_1,
    CAST(`id` AS BIGINT) AS value_2,
    CAST(`amount` AS DOUBLE) AS value_3,
    CAST(NULL AS STRING) AS value_4,
    CAST(NULL AS STRING) AS value_5,
    UNIX_MICROS(CAST(NULL AS TIMESTAMP)) AS value_6
  FROM {in_0} AS in_0
) AS packed
WHERE
  mask <> 0 OR ts IS NULL
UNION ALL
SELECT
  *
FROM (
  SELECT
    CAST(`key` AS STRING) AS key_0,
    UNIX_MICROS(`at`) AS ts,
    CASE WHEN (
      TRUE
    ) AND NOT `key` IS NULL THEN CAST(2 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS mask,
    CAST(`id` AS BIGINT) AS value_0,
    CAST(1 AS BIGINT) AS value_1,
    CAST(`id` AS BIGINT) AS value_2,
    CAST(`amount` AS DOUBLE) AS value_3,
    CAST(`kind` AS STRING) AS value_4,
    CAST(`note` AS STRING) AS value_5,
    UNIX_MICROS(`other`) AS value_6
  FROM {in_1} AS in_1
) AS packed
WHERE
  mask <> 0 OR ts IS NULL
""",
    in_0=feed_left,
    in_1=feed_right,
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
        ("value_2", "bigint"),
        ("value_3", "double"),
        ("value_4", "string"),
        ("value_5", "string"),
        ("value_6", "bigint"),
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
        ("kept_2", "array<string>"),
        ("kept_3", "array<string>"),
        ("kept_4", "array<bigint>"),
        ("measure_0", "bigint"),
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
      ELEMENT_AT(ARRAY('left', 'right'), CAST(step AS INT) + 1) AS step,
      TIMESTAMP_MICROS(times[i]) AS event_time,
      CAST(kept_0[i] AS BIGINT) AS id,
      CAST(kept_1[i] AS DOUBLE) AS amount,
      CAST(kept_2[i] AS STRING) AS kind,
      CAST(kept_3[i] AS STRING) AS note,
      TIMESTAMP_MICROS(kept_4[i]) AS other
    )
  ) AS events,
  CAST(measure_0 AS BIGINT) AS `gap_ms`
FROM {in_0} AS in_0
WHERE
  NOT match_id IS NULL
""",
    in_0=it_found,
)
