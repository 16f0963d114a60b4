-- A subquery in FROM is a node, too.
CREATE OR REFRESH STREAMING TABLE ratios AS
SELECT id, part / whole AS ratio
FROM (SELECT id, CAST(part AS DOUBLE) AS part, CAST(whole AS DOUBLE) AS whole FROM STREAM(main.raw.parts) WHERE whole > 0) AS p
WHERE part <= whole;
