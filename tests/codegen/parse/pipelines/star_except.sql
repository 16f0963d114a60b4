-- All columns but some.
CREATE OR REFRESH STREAMING TABLE users AS SELECT * FROM STREAM read_files('/u', schema => 'id BIGINT, name STRING, ssn STRING');
CREATE OR REFRESH STREAMING TABLE safe AS SELECT * EXCEPT (ssn), sha2(ssn, 256) AS ssn_hash FROM STREAM(users);
