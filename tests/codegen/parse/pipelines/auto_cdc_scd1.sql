-- The newest row of each key.
CREATE OR REFRESH STREAMING TABLE users;
CREATE FLOW users_flow AS AUTO CDC INTO users
FROM STREAM(main.cdc.users_feed)
KEYS (user_id)
SEQUENCE BY changed_at
STORED AS SCD TYPE 1;
