-- A materialized view without aggregates: each row on its own.
CREATE OR REFRESH MATERIALIZED VIEW active_users AS
SELECT user_id, lower(email) AS email FROM main.app.users WHERE active;
