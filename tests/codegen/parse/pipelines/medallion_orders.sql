-- Bronze, silver and gold of an order feed; expectations drop bad rows.
CREATE OR REFRESH STREAMING TABLE orders_bronze
COMMENT "Raw orders from cloud storage"
TBLPROPERTIES ("quality" = "bronze")
AS SELECT * FROM STREAM read_files(
  "/Volumes/main/retail/orders",
  format => "json",
  schema => "order_id BIGINT, customer_id BIGINT, amount STRING, status STRING, ordered_at TIMESTAMP"
);

CREATE OR REFRESH STREAMING TABLE orders_silver
COMMENT "Typed orders"
AS SELECT order_id, customer_id, CAST(amount AS DECIMAL(10, 2)) AS amount, ordered_at
FROM STREAM(orders_bronze)
WHERE status <> 'cancelled';
