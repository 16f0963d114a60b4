-- Branches with different names: UNION ALL goes by place, a merge node by name.
CREATE OR REFRESH STREAMING TABLE all_ids AS
SELECT id FROM STREAM(main.raw.a) UNION ALL SELECT number FROM STREAM(main.raw.b);
