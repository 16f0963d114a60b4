# lakestream:node=it
# Node: Under test
# Summary: the first row within 10 minutes, by key

LAYOUT_IT = Layout(
    pattern="it",
    keys=1,
    order_by=1,
    kept=(),
    measures=6,
    arrival=False,
)


def matcher_it():
    return DeduplicateMatcher(within=600000000, places=(1, 2, 3, 4, None, 5))


it_rows = spark.sql(
    """
SELECT
  CAST(`key` AS STRING) AS key_0,
  UNIX_MICROS(`at`) AS ts,
  CAST(0 AS BIGINT) AS mask,
  CAST(`id` AS BIGINT) AS value_0,
  CAST(`kind` AS STRING) AS value_1,
  CAST(`amount` AS DOUBLE) AS value_2,
  CAST(`note` AS STRING) AS value_3,
  UNIX_MICROS(`other`) AS value_4
FROM {in_0} AS in_0
""",
    in_0=feed,
)

it_found = detect(
    it_rows,
    LAYOUT_IT,
    matcher_it,
    conditions=0,
    packed=[
        ("key_0", "string"),
        ("ts", "bigint"),
        ("mask", "bigint"),
        ("value_0", "bigint"),
        ("value_1", "string"),
        ("value_2", "double"),
        ("value_3", "string"),
        ("value_4", "bigint"),
    ],
    matches=[
        ("match_id", "string"),
        ("key_0", "string"),
        ("started_at", "bigint"),
        ("ended_at", "bigint"),
        ("detected_at", "bigint"),
        ("steps", "array<bigint>"),
        ("times", "array<bigint>"),
        ("measure_0", "bigint"),
        ("measure_1", "string"),
        ("measure_2", "double"),
        ("measure_3", "string"),
        ("measure_4", "bigint"),
        ("measure_5", "bigint"),
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
      ELEMENT_AT(ARRAY('kept'), CAST(step AS INT) + 1) AS step,
      TIMESTAMP_MICROS(times[i]) AS event_time
    )
  ) AS events,
  CAST(measure_0 AS BIGINT) AS `id`,
  CAST(measure_1 AS STRING) AS `kind`,
  CAST(measure_2 AS DOUBLE) AS `amount`,
  CAST(measure_3 AS STRING) AS `note`,
  TIMESTAMP_MICROS(measure_4) AS `at`,
  TIMESTAMP_MICROS(measure_5) AS `other`
FROM {in_0} AS in_0
WHERE
  NOT match_id IS NULL
""",
    in_0=it_found,
)
