-- What bench/cache measures with: keys and values, tables that serve as a cache, and the time of one statement.
-- Variables: seed, keys, few, library.

CREATE FUNCTION nothing(text, text) RETURNS text AS :'library', 'nothing' LANGUAGE C STRICT VOLATILE;
CREATE FUNCTION redis_get(text, text) RETURNS text AS :'library', 'redis_get' LANGUAGE C STRICT VOLATILE;

-- Keys of 18 digits: what pgbench draws is a key without any work of the server, and so is what redis-benchmark
-- puts after the first six digits.
CREATE TABLE items AS
SELECT (100000000000000000 + n)::text AS key, repeat(md5(n::text || :'seed'), 32) AS value
FROM generate_series(0, :keys - 1) AS n
ORDER BY hashint8extended(n, :seed);
-- Asked for in another order than they were put in, and put in anew in a third.
CREATE TABLE asked AS SELECT key FROM items ORDER BY hashtextextended(key, :seed + 1);
CREATE TABLE asked_few AS SELECT key FROM asked LIMIT :few;
CREATE TABLE fresh AS SELECT key, reverse(value) AS value FROM items ORDER BY hashtextextended(key, :seed + 2);
-- The same in arrays of 1000; neither compressed nor, since that costs as much with and without the call, in line.
CREATE TABLE batches (keys text[], items text[]);
ALTER TABLE batches ALTER keys SET STORAGE EXTERNAL, ALTER items SET STORAGE EXTERNAL;
INSERT INTO batches
SELECT array_agg(key), array_agg(value)
FROM (SELECT key, value, row_number() OVER () / 1000 AS batch FROM fresh) AS numbered
GROUP BY batch;

CREATE UNLOGGED TABLE kept (key text PRIMARY KEY, value text NOT NULL);
CREATE UNLOGGED TABLE kept_hash (key text NOT NULL, value text NOT NULL);
CREATE INDEX ON kept_hash USING hash (key);
CREATE UNLOGGED TABLE put (key text PRIMARY KEY, value text NOT NULL);
INSERT INTO kept SELECT * FROM items;
INSERT INTO kept_hash SELECT * FROM items;
INSERT INTO put SELECT * FROM items;
CREATE INDEX kept_bytewise ON kept (key COLLATE "C");
VACUUM (FREEZE, ANALYZE);

CREATE FUNCTION kept_value(key text) RETURNS text LANGUAGE plpgsql STRICT STABLE AS $$
#variable_conflict use_variable
DECLARE
    found_value text;
BEGIN
    SELECT k.value INTO found_value FROM kept AS k WHERE k.key = key;
    RETURN found_value;
END
$$;

CREATE FUNCTION upsert_all() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    rows bigint;
BEGIN
    INSERT INTO put SELECT key, value FROM fresh ON CONFLICT (key) DO UPDATE SET value = excluded.value;
    GET DIAGNOSTICS rows = ROW_COUNT;
    RETURN rows;
END
$$;
CREATE FUNCTION set_all() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT count(*) FILTER (WHERE steward.cache_set_text('bench', key, value)) FROM fresh);
END
$$;
-- One statement, timed: its answer must be `expected`. Round 0 does not count.
CREATE PROCEDURE time_once(name text, round integer, query text, expected text) LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
    answer text;
BEGIN
    EXECUTE query INTO answer;
    IF answer IS DISTINCT FROM expected THEN
        RAISE EXCEPTION '%: % instead of %', name, answer, expected;
    END IF;
    IF round > 0 THEN
        INSERT INTO timing VALUES (name, round, 1000 * extract(epoch FROM clock_timestamp() - started), answer);
    END IF;
END
$$;

-- The plan of a lookup: it has to be the one that is named.
CREATE FUNCTION require_plan(query text, wanted text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
        lines := lines || line || E'\n';
    END LOOP;
    IF lines NOT LIKE '%Nested Loop%' || wanted || '%' THEN
        RAISE EXCEPTION 'not the plan that was to be measured: %', lines;
    END IF;
END
$$;

-- Sets, gets and deletes on two caches: one full by its entries, one full by the memory of the server. Values of 10
-- to 4,000 bytes, the short ones more often. How many operations gave something.
CREATE FUNCTION mixed(operations integer, half_seed float8) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    filler bytea := convert_to(repeat('0123456789abcdef', 256), 'UTF8');
    given bigint;
BEGIN
    PERFORM setseed(half_seed);
    SELECT count(*) FILTER (WHERE CASE
               WHEN what < 0.5 THEN steward.cache_set_bytes(space, key, substr(filler, 1, size::integer))
               WHEN what < 0.95 THEN steward.cache_get_bytes(space, key) IS NOT NULL
               ELSE steward.cache_delete(space, key)
           END)
    INTO given
    FROM (SELECT CASE WHEN random() < 0.2 THEN 'counted' ELSE 'crowded' END AS space, random() AS what,
                 (200000 * random())::integer::text AS key, 10 * 400 ^ random() AS size
          FROM generate_series(1, operations) OFFSET 0) AS operation;
    RETURN given;
END
$$;
