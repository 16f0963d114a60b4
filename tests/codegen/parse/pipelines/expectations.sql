-- Expectations that warn, drop and fail; names are made to fit.
CREATE OR REFRESH STREAMING TABLE checked (
  CONSTRAINT valid_id EXPECT (id IS NOT NULL) ON VIOLATION FAIL UPDATE,
  CONSTRAINT `Positive Amount` EXPECT (amount > 0) ON VIOLATION DROP ROW,
  CONSTRAINT known_kind EXPECT (kind IN ('a', 'b'))
) AS SELECT * FROM STREAM read_files('/x', schema => 'id BIGINT, amount DOUBLE, kind STRING');
CREATE OR REFRESH STREAMING TABLE only_a AS SELECT id FROM STREAM(checked) WHERE kind = 'a';
