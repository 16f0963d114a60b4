-- Two flows into one table, read further below.
CREATE OR REFRESH STREAMING TABLE kafka_target CLUSTER BY (id);
CREATE FLOW east AS INSERT INTO kafka_target BY NAME
SELECT id, at FROM STREAM(main.raw.east);
CREATE FLOW west AS INSERT INTO kafka_target BY NAME
SELECT id, at FROM STREAM(main.raw.west);
CREATE TEMPORARY VIEW late AS SELECT * FROM STREAM(kafka_target) WHERE at < '2026-01-01';
