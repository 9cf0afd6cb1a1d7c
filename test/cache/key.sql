-- cache_key gives one key for the same values, in every session, and no other value has it.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
SELECT plan(26);

-- Settings make no difference.
CREATE FUNCTION pg_temp.keys() RETURNS text[] LANGUAGE sql AS $$
    SELECT ARRAY[steward.cache_key('1', date '2026-02-01'), steward.cache_key('1', timestamp '2026-02-01 03:04:05.678'),
                 steward.cache_key('1', timestamptz '2026-02-01 03:04:05.678+00'), steward.cache_key('1', 0.1::float8, 1e-300::float8, 0.1::float4),
                 steward.cache_key('1', '\x00ff'::bytea), steward.cache_key('1', '{"b": 1, "a": [2, {"d": 1, "c": 2}]}'::jsonb),
                 steward.cache_key('1', ARRAY[timestamptz '2026-02-01 03:04:05.678+00'], ARRAY[0.1::float8, 1e-300], ARRAY['\x00ff'::bytea]),
                 steward.cache_key('1', interval '1 day 2 hours', daterange('2026-02-01', '2026-03-01'))]
$$;
CREATE TEMPORARY TABLE plain AS SELECT pg_temp.keys() AS keys;
SELECT is((SELECT keys[1:2] FROM plain), ARRAY['1:2026-02-01', '1:2026-02-01T03%3A04%3A05.678'], 'a key can be read');
SET DateStyle = 'German, DMY';
SELECT is(pg_temp.keys(), keys, 'DateStyle') FROM plain;
RESET DateStyle;
SET TimeZone = 'Asia/Kolkata';
SELECT is(pg_temp.keys(), keys, 'TimeZone') FROM plain;
RESET TimeZone;
SET extra_float_digits = -10;
SELECT is(pg_temp.keys(), keys, 'extra_float_digits') FROM plain;
RESET extra_float_digits;
SET bytea_output = 'escape';
SELECT is(pg_temp.keys(), keys, 'bytea_output') FROM plain;
RESET bytea_output;
SET IntervalStyle = iso_8601;
SELECT is(pg_temp.keys(), keys, 'IntervalStyle') FROM plain;
SELECT is(current_setting('IntervalStyle'), 'iso_8601', 'which stays as it was');
RESET IntervalStyle;

-- Nor does how a value is written.
SELECT is(steward.cache_key('1', '{"a": 1, "b": 2}'::json), steward.cache_key('1', '{"b":2,"a":1}'::json), 'the order of members');
SELECT is(steward.cache_key('1', '{"a": 1, "b": 2}'::json), steward.cache_key('1', '{"b":2,"a":1}'::jsonb), 'json or jsonb');
SELECT is(steward.cache_key('1', 1.50), steward.cache_key('1', 1.5), 'zeros at the end of a number');
SELECT is(steward.cache_key('1', 'a'), steward.cache_key('1', 'a'::text), 'a literal or a text');
SELECT is(steward.cache_key('1', VARIADIC ARRAY['a', 'b']), steward.cache_key('1', 'a', 'b'), 'an array of the parts');

-- Values are told apart, and cannot be made to look like others.
SELECT isnt(steward.cache_key('1', 'a', 'b'), steward.cache_key('1', 'a:b'), 'two parts are not one');
SELECT isnt(steward.cache_key('1', 'a:', 'b'), steward.cache_key('1', 'a', ':b'), 'wherever they are parted');
SELECT isnt(steward.cache_key('1:a', 'b'), steward.cache_key('1', 'a', 'b'), 'a version is no part');
SELECT isnt(steward.cache_key('1', NULL::text), steward.cache_key('1', ''), 'null is not empty');
SELECT isnt(steward.cache_key('1', NULL::text), steward.cache_key('1', '%00'), 'nor what stands for it');
SELECT isnt(steward.cache_key('1', 'a'), steward.cache_key('1', 'a', NULL::text), 'nor nothing');
SELECT isnt(steward.cache_key('1', '%3A'), steward.cache_key('1', ':'), 'an escape is not what it escapes');
SELECT isnt(steward.cache_key('1', 'a'), steward.cache_key('2', 'a'), 'versions differ');

-- What is long becomes a digest, with its version before it.
CREATE TEMPORARY TABLE long AS SELECT steward.cache_key('v7', repeat('x', 1000), 1) AS key;
SELECT matches(key, '^v7:%[0-9a-f]{64}$', 'a digest') FROM long;
SELECT is(key, steward.cache_key('v7', repeat('x', 1000), 1), 'the same for the same') FROM long;
SELECT isnt(key, steward.cache_key('v7', repeat('x', 1000), 2), 'another for another') FROM long;
SELECT isnt(key, steward.cache_key('v7', substr(key, 4)), 'and not what it looks like') FROM long;
SELECT is(key, 'v7:%' || encode(sha256(convert_to('v7:' || repeat('x', 1000) || ':1', 'UTF8')), 'hex'), 'it is SHA-256 of all parts, in every process') FROM long;
SELECT throws_ok($$SELECT steward.cache_key(NULL, 'a')$$, '22004', 'version must not be null');
SELECT * FROM finish();
