-- What bench/vectors searches: the same vectors as arrays and as pgvector's. Variable: work, the folder with the files.

SET client_min_messages = warning;
CREATE TABLE ours (id integer PRIMARY KEY, e real[] NOT NULL);
CREATE TABLE queries (id integer PRIMARY KEY, e real[] NOT NULL);
CREATE TABLE truth (id integer PRIMARY KEY, near integer[], filtered integer[], small integer[]);
\set file :work '/base.tsv'
COPY ours FROM :'file';
\set file :work '/queries.tsv'
COPY queries FROM :'file';
\set file :work '/truth.tsv'
COPY truth FROM :'file';
SELECT cardinality(e) AS dimensions FROM ours LIMIT 1 \gset
CREATE TABLE theirs (id integer PRIMARY KEY, v vector(:dimensions) NOT NULL);
INSERT INTO theirs SELECT id, e::vector FROM ours;
ALTER TABLE queries ADD v vector(:dimensions);
UPDATE queries SET v = e::vector;
CREATE TABLE small_ours (id integer PRIMARY KEY, e real[] NOT NULL);
CREATE TABLE small_theirs (id integer PRIMARY KEY, v vector(:dimensions) NOT NULL);
INSERT INTO small_ours SELECT id, e FROM ours WHERE id <= 10000;
INSERT INTO small_theirs SELECT id, v FROM theirs WHERE id <= 10000;
CREATE INDEX ON small_ours USING steward_ivf (e);
CREATE INDEX ON small_theirs USING hnsw (v vector_cosine_ops);
VACUUM (FREEZE, ANALYZE) ours, theirs, queries, truth, small_ours, small_theirs;

-- Processor time of this session, in seconds.
CREATE FUNCTION cpu() RETURNS float8 LANGUAGE sql VOLATILE AS $$ SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::float8 / 1e9 $$;

CREATE FUNCTION sweep("table" text, condition text DEFAULT NULL, "right" text DEFAULT NULL, OUT share float8, OUT per_second float8, OUT rows float8) LANGUAGE plpgsql AS $$
DECLARE
    query text := format('SELECT q.id, s.id AS item FROM queries AS q, LATERAL (SELECT t.id FROM %I AS t WHERE %s ORDER BY %s LIMIT 10) AS s', "table",
                         coalesce(condition, 'true'), CASE WHEN "table" !~ 'theirs' THEN 't.e OPERATOR(steward.<=>) q.e' ELSE 't.v <=> q.v' END);
    asked bigint := (SELECT count(*) FROM queries);
    begun float8;
    rates float8[] := '{}';
    plan text := '';
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || query LOOP plan := plan || line; END LOOP;
    -- With a condition the planner may think better of it.
    IF condition IS NULL AND plan !~ 'Index Scan using' THEN RAISE EXCEPTION 'no index: %', plan; END IF;
    EXECUTE format('SELECT sum((f.item = ANY (%s))::integer)::float8 / (10 * %s), count(*)::float8 / %s FROM (%s) AS f JOIN truth AS t USING (id)',
                   format('t.%I', coalesce("right", CASE WHEN condition IS NULL THEN 'near' ELSE 'filtered' END)), asked, asked, query) INTO share, rows;
    FOR round IN 1 .. 3 LOOP
        begun := cpu();
        EXECUTE 'SELECT count(*) FROM (' || query || ') AS f';
        rates := rates || asked / (cpu() - begun);
    END LOOP;
    per_second := (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY r) FROM unnest(rates) AS r);
END $$;

CREATE FUNCTION changes("table" text, OUT per_second float8, OUT wal float8) LANGUAGE plpgsql AS $$
DECLARE
    begun float8;
    before pg_lsn;
    statement text := format('INSERT INTO small_%1$s SELECT id, %2$s FROM %1$s WHERE id = $1', "table", CASE "table" WHEN 'ours' THEN 'e' ELSE 'v' END);
BEGIN
    FOR i IN 10001 .. 10100 LOOP EXECUTE statement USING i; END LOOP;
    before := pg_current_wal_insert_lsn();
    begun := cpu();
    FOR i IN 10101 .. 12100 LOOP EXECUTE statement USING i; END LOOP;
    per_second := 2000 / (cpu() - begun);
    wal := (pg_current_wal_insert_lsn() - before) / 2000.0;
END $$;
