-- When the planner takes an index of vectors: unaided for the first rows by a distance, and never otherwise. No setting is changed.
\set ON_ERROR_STOP 1
BEGIN;
SET LOCAL search_path = tap, steward, public, pg_catalog;
SELECT no_plan();
CREATE SCHEMA ip;
CREATE FUNCTION ip.vector(i integer) RETURNS real[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[sin(i), cos(i * 1.3), sin(i * 0.7), cos(i % 50), sin(i % 50 * 3), cos(i * 2.1), sin(i * 0.1), cos(i % 9), sin(i * 5), cos(i * 0.01), 1, sin(i % 7)]::real[] $$;
CREATE FUNCTION ip.plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP plan := plan || line || ' '; END LOOP; RETURN plan; END $$;
CREATE FUNCTION ip.make(rows integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS ip.item;
    CREATE TABLE ip.item (id integer PRIMARY KEY, kind integer, e real[]);
    INSERT INTO ip.item SELECT i, i % 100, ip.vector(i) FROM generate_series(1, rows) AS i;
    CREATE INDEX ip_e ON ip.item USING steward_ivf (e);
    CREATE INDEX ip_kind ON ip.item (kind, id);
    ANALYZE ip.item;
END $$;
SET LOCAL client_min_messages = warning;
CREATE FUNCTION ip.check(rows integer) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    nearest CONSTANT text := ' ORDER BY e <=> ip.vector(5)';
BEGIN
    PERFORM ip.make(rows);
    RETURN NEXT alike(ip.plan('SELECT id FROM ip.item' || nearest || ' LIMIT 10'), '%Index Scan using ip_e%', rows || ' rows, the first ten');
    RETURN NEXT alike(ip.plan('SELECT id FROM ip.item' || nearest || ' LIMIT 1'), '%Index Scan using ip_e%', rows || ' rows, the first one');
    RETURN NEXT unalike(ip.plan('SELECT id FROM ip.item'), '%ip_e%', rows || ' rows, in no order');
    RETURN NEXT unalike(ip.plan('SELECT count(*) FROM ip.item WHERE kind = 7'), '%ip_e%', rows || ' rows, counted');
    RETURN NEXT unalike(ip.plan('SELECT id FROM ip.item WHERE e <=> ip.vector(5) < 0.1'), '%ip_e%', rows || ' rows, as near as that');
    RETURN NEXT unalike(ip.plan('SELECT id FROM ip.item ORDER BY id LIMIT 10'), '%ip_e%', rows || ' rows, in another order');
    RETURN NEXT unalike(ip.plan('SELECT id FROM ip.item ORDER BY e <-> ip.vector(5) LIMIT 10'), '%ip_e%', rows || ' rows, by another distance');
    RETURN NEXT unalike(ip.plan('SELECT id FROM ip.item ORDER BY e <=> ip.vector(5) DESC LIMIT 10'), '%ip_e%', rows || ' rows, the farthest');
    RETURN NEXT unalike(ip.plan('SELECT id FROM ip.item WHERE id = 5' || nearest || ' LIMIT 10'), '%ip_e%', rows || ' rows, of which one fulfils the condition');
    RETURN NEXT unalike(ip.plan('SELECT id FROM ip.item WHERE kind = 7 AND id < 500' || nearest || ' LIMIT 10'), '%ip_e%', rows || ' rows, of which five do');
    RETURN NEXT unalike(ip.plan('SELECT id FROM ip.item' || nearest), '%ip_e%', rows || ' rows, all of them');
    RETURN NEXT is((SELECT count(*) FROM (SELECT id FROM ip.item WHERE kind = 7 ORDER BY e <=> ip.vector(5) LIMIT 10) AS s), least(10, rows / 100)::bigint, rows || ' rows, whichever way');
END $$;
SELECT * FROM ip.check(100);
SELECT * FROM ip.check(10000);
SELECT alike(ip.plan('SELECT id FROM ip.item WHERE kind < 50 ORDER BY e <=> ip.vector(5) LIMIT 10'), '%Index Scan using ip_e%', 'half of the rows fulfil the condition');
SELECT * FROM ip.check(100000);
SELECT alike(ip.plan('SELECT id FROM ip.item WHERE kind < 50 ORDER BY e <=> ip.vector(5) LIMIT 10'), '%Index Scan using ip_e%', 'half of more rows');
SELECT alike(ip.plan('SELECT id FROM ip.item WHERE kind <> 7 ORDER BY e <=> ip.vector(5) LIMIT 10'), '%Index Scan using ip_e%', 'nearly all');
PREPARE asked (real[]) AS SELECT id FROM ip.item ORDER BY e <=> $1 LIMIT 5;
SET LOCAL plan_cache_mode = force_generic_plan;
SELECT alike(ip.plan('EXECUTE asked(ip.vector(9))'), '%Index Scan using ip_e%', 'a query whose vector comes later');
SELECT * FROM finish();
ROLLBACK;
