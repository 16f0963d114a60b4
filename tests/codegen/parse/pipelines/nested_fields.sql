-- Fields of structures, and JSON paths.
CREATE OR REFRESH STREAMING TABLE flat AS
SELECT id, address.city AS city, address.geo.lat AS lat FROM STREAM(main.raw.people);
