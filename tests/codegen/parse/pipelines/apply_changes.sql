-- APPLY CHANGES INTO of older code, from a view of the file.
CREATE TEMPORARY LIVE VIEW changes AS
SELECT id, name, ts FROM STREAM(main.cdc.feed) WHERE id IS NOT NULL;
CREATE OR REFRESH STREAMING LIVE TABLE customers;
APPLY CHANGES INTO LIVE.customers
FROM STREAM(LIVE.changes)
KEYS (id, name)
SEQUENCE BY ts;
