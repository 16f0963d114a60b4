-- A flow into a table that another pipeline makes.
CREATE FLOW backfill AS INSERT INTO main.gold.events BY NAME
SELECT id, upper(kind) AS kind FROM STREAM(main.raw.events);
