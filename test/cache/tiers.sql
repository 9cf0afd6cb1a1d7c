-- What lies below the memory is found again as it was, and nothing that is out of date. No worker runs here.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
SELECT plan(81);
\ir tiers_helpers.psql

-- Definitions.
SELECT lives_ok(format('SELECT steward.cache_create(%L, tiers => %L)', 'tiers', valid), valid), steward.cache_drop('tiers')
FROM unnest(ARRAY['{memory}', '{table}', '{memory,table}', '{table,archive}', '{memory,table,archive}', '{archive,table,memory,table}']) AS valid;
SELECT throws_ok(format('SELECT steward.cache_create(%L, %s)', 'wrong', argument), '22023', 'invalid definition of a cache namespace', argument)
FROM unnest(ARRAY['tiers => ''{}''', 'tiers => ''{archive}''', 'tiers => ''{memory,archive}''', 'tiers => ''{disk}''', 'tiers => ''{memory,NULL}''',
                  'compress => NULL', 'warm => ''all''', 'warm => NULL', 'archive_after => ''-1 s''', 'archive_after => ''101 years''', 'archive_after => NULL',
                  'price => -1', 'price => ''NaN''', 'price => ''Infinity''', 'price => NULL',
                  'kind => ''dependent'', tiers => ''{memory,table}''', 'kind => ''dependent'', tiers => ''{table}''']) AS argument;
SELECT is((SELECT count(*) FROM steward.cache_namespace WHERE namespace = 'wrong'), 0::bigint, 'none of these is made');
SELECT steward.cache_create('altered', tiers => '{table,memory}'), steward.cache_create('dependent', kind => 'dependent');
SELECT results_eq($$SELECT tiers, compress, warm, archive_after, price FROM steward.cache_namespace WHERE namespace = 'altered'$$,
                  $$VALUES ('{memory,table}'::text[], true, 'popular', interval '1 hour', 0::float8)$$, 'tiers are sorted, the rest is as documented');
SELECT is((SELECT tiers FROM steward.cache_namespace WHERE namespace = 'dependent'), '{memory}', 'what depends on tables is in memory');
SELECT steward.cache_alter('altered', compress => false, warm => 'predicted', archive_after => '1 day', price => 0.5);
SELECT results_eq($$SELECT tiers, compress, warm, archive_after, price FROM steward.cache_namespace WHERE namespace = 'altered'$$,
                  $$VALUES ('{memory,table}'::text[], false, 'predicted', interval '1 day', 0.5::float8)$$, 'all of it can be changed');
SELECT throws_ok(format('SELECT steward.cache_alter(%L, %s)', name, argument), '22023', 'invalid definition of a cache namespace', name || ' ' || argument)
FROM (VALUES ('altered', 'tiers => ''{}'''), ('altered', 'tiers => ''{archive}'''), ('altered', 'warm => ''x'''), ('altered', 'archive_after => ''-1 s'''),
             ('altered', 'price => ''NaN'''), ('dependent', 'tiers => ''{table}''')) AS v (name, argument);
DO $$
BEGIN
    PERFORM steward.cache_alter('altered', price => -1);
EXCEPTION WHEN invalid_parameter_value THEN
    DECLARE hint text;
    BEGIN
        GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
        ASSERT hint LIKE '%tiers are memory, table%price are not negative%', hint;
    END;
END $$;
SELECT pass('and the hint says what may be');
SELECT steward.cache_drop('altered'), steward.cache_drop('dependent');

-- Values of each type come back from the table and from the archive, packed or not.
CREATE TEMPORARY TABLE sample AS
SELECT * FROM (VALUES ('json', '{"a": [1.10, null, true, "\u00fc \\ \" \n"], "b": {}}'::jsonb, NULL::text, NULL::bytea), ('null of json', 'null', NULL, NULL),
    ('large json', to_jsonb(repeat('ä"\', 300000)), NULL, NULL), ('number', '123456789012345678901234567890.0012300', NULL, NULL),
    ('text', NULL, E'gr\u00f6\u00dfe \U0001F600 \\ '' " \n \t', NULL), ('empty', NULL, '', NULL), ('large text', NULL, repeat('0123456789abcde', 70000), NULL),
    ('bytes', NULL, NULL, '\x00ff0027'::bytea), ('no bytes', NULL, NULL, ''), ('large bytes', NULL, NULL, decode(repeat('00ff', 500000), 'hex')),
    (E'k\u00e9y % _ \\ '' " \n', NULL, 'of a strange key', NULL), ('', NULL, 'of an empty key', NULL), (repeat('k', 1024), NULL, 'of a long key', NULL),
    (repeat('ü', 512), NULL, 'of a long key in bytes', NULL)) AS v (key, json, text, bytes);
CREATE FUNCTION pg_temp.store(name text) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM (SELECT CASE WHEN json IS NOT NULL THEN steward.cache_set(name, key, json) WHEN text IS NOT NULL THEN steward.cache_set_text(name, key, text)
                                 ELSE steward.cache_set_bytes(name, key, bytes) END AS kept FROM sample OFFSET 0) AS s WHERE kept
$$;
CREATE FUNCTION pg_temp.found(name text) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM sample
    WHERE CASE WHEN json IS NOT NULL THEN steward.cache_get(name, key) = json WHEN text IS NOT NULL THEN steward.cache_get_text(name, key) = text
          ELSE steward.cache_get_bytes(name, key) = bytes END
$$;
SELECT steward.cache_create('three', ttl => NULL, max_entries => 2), steward.cache_create('unpacked', ttl => NULL, max_entries => 2, compress => false),
       steward.cache_create('below', ttl => NULL, tiers => '{table,archive}'), steward.cache_create('table', ttl => '1 day', tiers => '{table}');
SELECT is(pg_temp.store(name), 14::bigint, 'values are kept in ' || name) FROM unnest(ARRAY['three', 'unpacked', 'below', 'table']) AS name;
CALL pg_temp.push_out('three', 'unpacked');
SELECT is(pg_temp.in_memory('three') + pg_temp.in_memory('unpacked'), 0::bigint, 'they are in memory no more');
SELECT is(pg_temp.rows(name), '14 0', 'but in the table of ' || name) FROM unnest(ARRAY['three', 'unpacked', 'below', 'table']) AS name;
SELECT is(pg_temp.found(name), 14::bigint, 'where they are found: ' || name) FROM unnest(ARRAY['three', 'unpacked', 'below', 'table']) AS name;
SELECT cmp_ok((pg_temp.stats('three', 'table')).hits, '>=', 12::bigint, 'which counts');
CALL pg_temp.push_out('three', 'unpacked');
SELECT is(pg_temp.in_memory('three') + pg_temp.in_memory('unpacked'), 0::bigint, 'they leave the memory again');
SELECT cmp_ok(pg_temp.archive(), '>=', 42::bigint, 'what was not written for an hour is archived');
SELECT is(pg_temp.rows(name), '0 14', 'all of ' || name) FROM unnest(ARRAY['three', 'unpacked', 'below']) AS name;
SELECT is(pg_temp.rows('table'), '14 0', 'but not where there is no archive');
SELECT is((SELECT count(*) FROM steward.cache_archive WHERE namespace = 'unpacked' AND dictionary IS NULL), 14::bigint + (SELECT count(*) FROM steward.cache_archive WHERE namespace = 'unpacked' AND key LIKE 'push %'), 'what is not to be packed is not');
SELECT cmp_ok((SELECT sum(length(body)) FROM steward.cache_archive WHERE namespace = 'three' AND key LIKE 'large%'), '<', 10000::bigint, 'the rest is');
SELECT is(pg_temp.found(name), 14::bigint, 'and found as it was: ' || name) FROM unnest(ARRAY['three', 'unpacked', 'below']) AS name;
SELECT cmp_ok((pg_temp.stats('three', 'archive')).hits, '>=', 12::bigint, 'which counts as well');
SELECT steward.cache_save();
SELECT cmp_ok(split_part(pg_temp.rows('three'), ' ', 1)::integer, '>', 0, 'what was asked for is written to the table again');
SELECT is(split_part(pg_temp.rows('three'), ' ', 1)::integer + split_part(pg_temp.rows('three'), ' ', 2)::integer, 14, 'and is in one place only');
SELECT is(pg_temp.rows('below'), '0 14', 'but not where nobody would know that it was');
SELECT throws_ok($$SELECT steward.cache_set('table', repeat('k', 1025), '1')$$, '54000', 'cache key is too long', 'keys have a limit there, too');
SELECT throws_ok($$SELECT steward.cache_get_text('below', 'json')$$, '42804', 'cached value is of type jsonb, not text', 'and values their type');

-- Damage is a miss.
SELECT steward.cache_create('damaged', ttl => NULL, tiers => '{table,archive}', compress => false), steward.cache_create('damaged zstd', ttl => NULL, tiers => '{table,archive}');
SELECT steward.cache_set(name, key, '{"a": 1}') FROM unnest(ARRAY['damaged', 'damaged zstd']) AS name, generate_series(1, 6) AS n, LATERAL (SELECT 'json ' || n) AS k (key) \g /dev/null
SELECT steward.cache_set_text(name, 'text', 'ä') FROM unnest(ARRAY['damaged', 'damaged zstd']) AS name \g /dev/null
SELECT pg_temp.archive();
SELECT is(steward.cache_get_many('damaged', ARRAY['json 1', 'json 6']), '{"{\"a\": 1}","{\"a\": 1}"}', 'values are there');
UPDATE steward.cache_archive AS a SET body = v.body
FROM (VALUES ('json 1', '{"a'::bytea), ('json 2', '\xff'), ('json 3', '1e1000000'), ('json 4', '"\\u0000"'), ('json 5', ''), ('json 6', decode(repeat('31', 140000), 'hex')), ('text', '\xff00'))
     AS v (key, body) WHERE a.key = v.key AND a.namespace LIKE 'damaged%';
SELECT is(steward.cache_get_many(name, ARRAY(SELECT 'json ' || n FROM generate_series(1, 6) AS n)), array_fill(NULL::jsonb, ARRAY[6]), 'what is no JSON is not found: ' || name)
FROM unnest(ARRAY['damaged', 'damaged zstd']) AS name;
SELECT is(steward.cache_get_text(name, 'text'), NULL, 'nor what is no text') FROM unnest(ARRAY['damaged', 'damaged zstd']) AS name;
SELECT ok(steward.cache_set('damaged', 'json 1', '2'), 'it can be stored anew');
SELECT is(steward.cache_get('damaged', 'json 1'), '2'::jsonb, 'and found');

-- Dictionaries.
SELECT steward.cache_create('trained', ttl => NULL, tiers => '{table,archive}');
SELECT steward.cache_set('trained', 'k' || i, jsonb_build_object('name', 'somebody ' || i, 'street', 'of the many ' || i * 7, 'town', 'of the few')) FROM generate_series(1, 500) AS i \g /dev/null
SELECT pg_temp.archive();
SELECT is((SELECT count(*) FROM steward.cache_dictionary WHERE namespace = 'trained'), 0::bigint, 'of few values in a part there is no dictionary');
SELECT is((SELECT DISTINCT dictionary FROM steward.cache_archive WHERE namespace = 'trained'), 0::bigint, 'they are packed without');
SELECT steward.cache_set('trained', 'k' || i, jsonb_build_object('name', 'somebody ' || i, 'street', 'of the many ' || i * 7, 'town', 'of the few')) FROM generate_series(501, 2000) AS i \g /dev/null
SELECT pg_temp.archive();
SELECT is((SELECT count(*) FROM steward.cache_dictionary WHERE namespace = 'trained'), 1::bigint, 'of many there is one');
SELECT cmp_ok((SELECT avg(length(body)) FILTER (WHERE dictionary > 0) FROM steward.cache_archive WHERE namespace = 'trained'), '<',
              (SELECT avg(length(body)) / 2 FROM steward.cache_archive WHERE namespace = 'trained' AND dictionary = 0), 'that helps');
INSERT INTO steward.cache_dictionary (namespace, body, trained_at) SELECT namespace, steward.zstd_dictionary(ARRAY(SELECT convert_to('other ' || i || repeat(' words ' || i * 13, 9), 'UTF8') FROM generate_series(1, 500) AS i)), now() FROM steward.cache_dictionary WHERE namespace = 'trained';
SELECT steward.cache_set('trained', 'k' || i, to_jsonb('other ' || i || repeat(' words ' || i * 13, 9))) FROM generate_series(2001, 2200) AS i \g /dev/null
SELECT pg_temp.archive();
SELECT is((SELECT count(DISTINCT dictionary) FROM steward.cache_archive WHERE namespace = 'trained'), 3::bigint, 'with a newer one the older ones stay');
SELECT is((SELECT count(*) FROM generate_series(1, 2200) AS i WHERE steward.cache_get('trained', 'k' || i)
           = CASE WHEN i <= 2000 THEN jsonb_build_object('name', 'somebody ' || i, 'street', 'of the many ' || i * 7, 'town', 'of the few') ELSE to_jsonb('other ' || i || repeat(' words ' || i * 13, 9)) END),
          2200::bigint, 'and all values are found');
UPDATE steward.cache_dictionary SET body = 'no dictionary' WHERE namespace = 'trained';
\set without `psql --no-align --tuples-only -c "SELECT steward.cache_get('trained', 'k2000') IS NULL" 2>&1`
SELECT is(:'without'::text, 't', 'without its dictionary a value is not found');
SELECT steward.cache_drop('trained');
SELECT is(steward.cache_archive_tend(now()), 0, 'nothing is dropped of today');
SELECT is((SELECT count(*) FROM steward.cache_dictionary WHERE namespace = 'trained'), 0::bigint, 'but what is of no use any more');

SELECT * FROM finish();
SELECT steward.cache_drop(namespace) FROM steward.cache_namespace WHERE namespace IN ('three', 'unpacked', 'below', 'table', 'damaged', 'damaged zstd');
