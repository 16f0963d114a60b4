-- Declared columns with types, comments and keys.
CREATE OR REFRESH STREAMING TABLE events (
  id BIGINT NOT NULL COMMENT 'key',
  kind STRING COMMENT 'what happened',
  CONSTRAINT events_pk PRIMARY KEY (id)
) AS SELECT id, kind FROM STREAM(main.raw.events);
