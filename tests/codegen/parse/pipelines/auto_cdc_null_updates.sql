-- A clause that no node has: the statement is refused at its place, not half kept.
CREATE OR REFRESH STREAMING TABLE target;
CREATE FLOW target_flow AS AUTO CDC INTO target
FROM STREAM(cdc_data.users)
KEYS (userId)
IGNORE NULL UPDATES
SEQUENCE BY sequenceNum
STORED AS SCD TYPE 1;
