-- What is stored is found again as it was, one or many; what cannot be stored says why.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
CREATE ROLE values_user IN ROLE steward_writer;
GRANT USAGE ON SCHEMA tap TO values_user;
SELECT plan(54);
SET ROLE values_user;
SELECT steward.cache_create('values', ttl => NULL);
SELECT steward.cache_create('values of text', value_type => 'text');
SELECT steward.cache_create('small values', max_bytes => 1000);

-- One of each type.
SELECT is(steward.cache_get('values', 'a'), NULL, 'nothing is there at first');
SELECT ok(steward.cache_set('values', 'a', '{"x": [1, null, "\u00fc"]}'), 'a jsonb is kept');
SELECT is(steward.cache_get('values', 'a'), '{"x": [1, null, "\u00fc"]}'::jsonb, 'and found');
SELECT ok(steward.cache_set_text('values', 'b', 'größe'), 'a text is kept');
SELECT is(steward.cache_get_text('values', 'b'), 'größe', 'and found');
SELECT ok(steward.cache_set_bytes('values', 'c', '\x00ff00'), 'bytes are kept');
SELECT is(steward.cache_get_bytes('values', 'c'), '\x00ff00'::bytea, 'and found');
SELECT ok(steward.cache_set_text('values', 'empty', ''), 'an empty text is kept');
SELECT is(steward.cache_get_text('values', 'empty'), '', 'and is not null');
SELECT ok(steward.cache_set_text('values', '', 'under nothing'), 'an empty key is a key');
SELECT is(steward.cache_get_text('values', ''), 'under nothing', 'as any other');
SELECT is(steward.cache_get('values', 'A'), NULL, 'keys are told apart by case');
SELECT ok(steward.cache_set('values', 'a', '1'), 'what is there');
SELECT is(steward.cache_get('values', 'a'), '1'::jsonb, 'is replaced');
SELECT steward.cache_set_text('values', 'long', repeat('0123456789', 100000));
SELECT is(md5(steward.cache_get_text('values', 'long')), md5(repeat('0123456789', 100000)), 'a MB is found as it was');
CREATE TEMPORARY TABLE stored AS SELECT repeat('abc', 100000) AS compressed, g AS id FROM generate_series(1, 1) AS g;
SELECT steward.cache_set_text('values', 'stored', compressed) FROM stored;
SELECT is((SELECT steward.cache_get_text('values', 'stored') = compressed FROM stored), true, 'so is a value that a table has compressed');

-- Null is a value.
SELECT ok(steward.cache_set('values', 'null', NULL), 'null is kept');
SELECT is(steward.cache_get('values', 'null'), NULL, 'and found');
SELECT ok(steward.cache_has('values', 'null'), 'it is there');
SELECT ok(NOT steward.cache_has('values', 'nothing'), 'where nothing was stored it is not');
SELECT is(steward.cache_get('values', NULL), NULL, 'no key, no value');
SELECT is(steward.cache_get(NULL, 'a'), NULL, 'no namespace, no value');

-- Types.
SELECT throws_ok($$SELECT steward.cache_get_text('values', 'a')$$, '42804', 'cached value is of type jsonb, not text');
SELECT throws_ok($$SELECT steward.cache_get('values', 'c')$$, '42804', 'cached value is of type bytea, not jsonb');
SELECT is(steward.cache_get_text('values', 'null'), NULL, 'null is of every type');
SELECT throws_ok($$SELECT steward.cache_set('values of text', 'a', '1')$$, '42804', 'cache namespace "values of text" holds values of type text, not jsonb');
SELECT ok(steward.cache_set_text('values of text', 'a', '1'), 'a namespace of texts takes texts');
SELECT ok(steward.cache_set('values of text', 'b', NULL), 'and null');

-- Many.
SELECT is(steward.cache_set_many('values', ARRAY['m1', 'm2', 'm3'], ARRAY['1', NULL, '"3"']::jsonb[]), 3::bigint, 'many are kept');
SELECT is(steward.cache_get_many('values', ARRAY['m3', 'none', NULL, 'm2', 'm1']), ARRAY['"3"', NULL, NULL, NULL, '1']::jsonb[], 'and found in the order of their keys');
SELECT is(steward.cache_set_text_many('values', ARRAY['t1', 't2'], ARRAY['x', 'yy']), 2::bigint, 'many texts');
SELECT is(steward.cache_get_text_many('values', ARRAY['t2', 't1']), ARRAY['yy', 'x'], 'are found');
SELECT is(steward.cache_set_bytes_many('values', ARRAY['b1', 'b2'], ARRAY['\x01', '\x']::bytea[]), 2::bigint, 'many bytes');
SELECT is(steward.cache_get_bytes_many('values', ARRAY['b2', 'b1']), ARRAY['\x', '\x01']::bytea[], 'are found');
SELECT is(steward.cache_get_many('values', '{}'), '{}'::jsonb[], 'none for no keys');
SELECT is(steward.cache_set_many('values', '{}', '{}'), 0::bigint, 'none are kept');
SELECT throws_ok($$SELECT steward.cache_set_many('values', ARRAY['a', 'b'], ARRAY['1']::jsonb[])$$, '2202E', 'there are 2 keys and 1 items');
SELECT throws_ok($$SELECT steward.cache_set_many('values', ARRAY['a', NULL], ARRAY['1', '2']::jsonb[])$$, '22004', 'keys must not contain null values');
SELECT throws_ok($$SELECT steward.cache_get_text_many('values', ARRAY['t1', 'a'])$$, '42804', NULL, 'one of another type is refused');
SELECT is(steward.cache_delete_many('values', ARRAY['m1', 'm2', 'none', NULL, 'm1']), 2::bigint, 'many are deleted');
SELECT ok(NOT steward.cache_has('values', 'm1'), 'and gone');
SELECT is(steward.cache_set_text_many('values', array_agg('n' || g), array_agg('v' || g)), 5000::bigint, 'thousands are kept')
FROM generate_series(1, 5000) AS g;
SELECT ok(array_length(array_remove(steward.cache_get_text_many('values', array_agg('n' || g)), NULL), 1) = 5000, 'and found: what has no room in memory waits to be written below') FROM generate_series(1, 5000) AS g;

-- Limits of keys and values.
SELECT ok(steward.cache_set('values', repeat('k', 1024), '1'), 'a key of 1,024 bytes');
SELECT is(steward.cache_get('values', repeat('k', 1024)), '1'::jsonb, 'is found');
SELECT throws_ok($$SELECT steward.cache_set('values', repeat('k', 1025), '1')$$, '54000', 'cache key is too long');
SELECT throws_ok($$SELECT steward.cache_get('values', repeat('k', 1025))$$, '54000', 'cache key is too long');
SELECT throws_ok($$SELECT steward.cache_set_text('small values', 'a', repeat('v', 1000))$$, '54000', 'value is too large for cache namespace "small values"');
SELECT ok(steward.cache_set_text('small values', 'a', repeat('v', 900)), 'a smaller one is kept');
SELECT throws_ok(format('SELECT steward.cache_set_text(%L, %L, repeat(%L, %s))', 'values', 'a', 'v', total_bytes / 4), '54000', NULL, 'a quarter of the memory is too much')
FROM steward.cache_memory();
SELECT throws_ok($$SELECT steward.cache_set('values', NULL, '1')$$, '22004', 'key must not be null');
SELECT throws_ok($$SELECT steward.cache_set(NULL, 'a', '1')$$, '22004', 'namespace must not be null');
SELECT throws_ok($$SELECT steward.cache_get('no such namespace', 'a')$$, '42704', 'cache namespace "no such namespace" does not exist');
SELECT throws_ok($$SELECT steward.cache_get(repeat('n', 64), 'a')$$, '42704', NULL, 'nor can there be one of so long a name');

-- A namespace that has no memory keeps nothing there.

RESET ROLE;
SELECT * FROM finish();
SELECT steward.cache_drop(namespace) FROM steward.cache_namespace WHERE owner = 'values_user'::regrole;
