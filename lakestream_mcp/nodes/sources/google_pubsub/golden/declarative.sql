-- lakestream:node=it type=google-pubsub
-- Node: Under test
-- Summary: reads json messages of shop-prod/orders-all
-- lakestream:config={"columns": "id bigint, key string, kind string, amount double, note string, at timestamp, other timestamp", "event_time": "at", "project_id": "shop-prod", "subscription_id": "orders-all", "topic_id": "orders", "watermark_delay": "10 seconds"}
CREATE TEMPORARY VIEW it AS
SELECT
  id,
  key,
  kind,
  amount,
  note,
  at,
  other
FROM (
  SELECT
    parsed.id AS id,
    parsed.key AS key,
    parsed.kind AS kind,
    parsed.amount AS amount,
    parsed.note AS note,
    parsed.at AS at,
    parsed.other AS other
  FROM (
    SELECT
      *,
      FROM_JSON(
        CAST(payload AS STRING),
        'id bigint, key string, kind string, amount double, note string, at timestamp, other timestamp',
        MAP('mode', 'PERMISSIVE')
      ) AS parsed
    FROM STREAM READ_PUBSUB(subscriptionId => 'orders-all', topicId => 'orders', projectId => 'shop-prod')
  ) AS records
) WATERMARK at DELAY OF INTERVAL 10 SECONDS AS it_rows;
