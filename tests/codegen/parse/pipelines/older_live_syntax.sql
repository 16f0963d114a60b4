-- CREATE STREAMING LIVE TABLE and LIVE. prefixes, as older notebooks have them.
CREATE OR REFRESH STREAMING LIVE TABLE customers_bronze
AS SELECT * FROM cloud_files("/databricks-datasets/retail-org/customers/", "csv", map("header", "true", "schema", "customer_id INT, name STRING"));

CREATE OR REFRESH STREAMING LIVE TABLE customers_silver (
  CONSTRAINT valid_id EXPECT (customer_id IS NOT NULL) ON VIOLATION DROP ROW
)
AS SELECT customer_id, upper(name) AS name FROM STREAM(LIVE.customers_bronze);
