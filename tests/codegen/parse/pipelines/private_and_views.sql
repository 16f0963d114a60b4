-- Private tables and plain views are steps, not results.
CREATE OR REFRESH PRIVATE STREAMING TABLE staged AS SELECT id, lower(kind) AS kind FROM STREAM(main.raw.events);
CREATE VIEW clicks AS SELECT * FROM STREAM(staged) WHERE kind = 'click';
CREATE OR REFRESH STREAMING TABLE out AS SELECT id FROM STREAM(clicks);
