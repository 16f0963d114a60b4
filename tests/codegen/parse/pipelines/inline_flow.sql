-- The flow inside of the declaration.
CREATE STREAMING TABLE accounts
FLOW AUTO CDC
FROM STREAM main.cdc.accounts
KEYS (id)
SEQUENCE BY version
STORED AS SCD TYPE 1;
