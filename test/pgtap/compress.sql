-- Compression with zstd: what comes back, what is refused and how, and that a cancel acts.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
BEGIN;
SELECT plan(44);

-- Statements that have much in common, a dictionary of theirs, and one of others.
CREATE TEMPORARY TABLE statement AS
SELECT i, convert_to(format('{"id": %s, "principle": "A reviewer %s record the reason within %s days", "score": %s}', i,
                            (ARRAY['shall', 'may', 'should', 'must'])[1 + i % 4], 1 + i * 7 % 90, md5(i::text)), 'UTF8') AS value
FROM generate_series(1, 2000) AS i;
CREATE TEMPORARY TABLE trained AS
SELECT steward.zstd_dictionary(array_agg(value ORDER BY i) FILTER (WHERE i <= 1000)) AS dictionary,
       steward.zstd_dictionary(array_agg(value ORDER BY i) FILTER (WHERE i > 1000), 4096) AS other
FROM statement;

-- There and back.
SELECT is(steward.zstd_decompress(steward.zstd_compress('')), ''::bytea, 'an empty value comes back');
SELECT is(steward.zstd_decompress(steward.zstd_compress('\x00')), '\x00'::bytea, 'so does one byte');
SELECT ok(steward.zstd_decompress(steward.zstd_compress(v, level => level)) = v, 'a large value comes back from level ' || level)
FROM (SELECT convert_to(string_agg(md5(i::text), ' '), 'UTF8') AS v FROM generate_series(1, 100000) AS i) AS large,
     unnest(ARRAY[1, 3, 12]) AS level;
SELECT is((SELECT count(*) FROM statement, trained
           WHERE steward.zstd_decompress(steward.zstd_compress(value, dictionary), dictionary) <> value), 0::bigint,
          'values come back by a dictionary');
SELECT is((SELECT count(*) FROM statement, trained
           WHERE steward.zstd_decompress(steward.zstd_compress(value), dictionary) <> value), 0::bigint,
          'a value without a dictionary comes back, whatever dictionary is given');
SELECT cmp_ok((SELECT sum(length(steward.zstd_compress(value, dictionary))) * 3 FROM statement, trained WHERE i > 1000), '<',
              (SELECT sum(length(steward.zstd_compress(value))) * 2 FROM statement WHERE i > 1000),
              'a dictionary saves a third of what small values take');
SELECT cmp_ok(length(steward.zstd_compress(convert_to(repeat('abc', 100000), 'UTF8'))), '<', 100, 'what repeats takes little');
SELECT is(substring(steward.zstd_compress('abc') FROM 1 FOR 4), '\x28b52ffd'::bytea, 'the result is a frame of zstd');

-- Nulls.
SELECT is(steward.zstd_compress(NULL), NULL, 'null in, null out');
SELECT is(steward.zstd_compress('x', level => NULL), NULL, 'and for a null level');
SELECT is(steward.zstd_decompress(NULL), NULL, 'null is null decompressed');
SELECT is(steward.zstd_decompress(NULL, dictionary), NULL, 'also by a dictionary') FROM trained;
SELECT is(steward.zstd_dictionary(NULL), NULL, 'no samples, no dictionary');
SELECT is(steward.zstd_dictionary(ARRAY['x'::bytea], NULL), NULL, 'nor without a size');

-- Dictionaries.
SELECT is(steward.zstd_dictionary('{}'), NULL, 'nothing cannot be trained from');
SELECT is(steward.zstd_dictionary(ARRAY['abc'::bytea]), NULL, 'nor can one sample');
SELECT is(steward.zstd_dictionary(array_fill(''::bytea, ARRAY[1000])), NULL, 'nor can many empty ones');
SELECT is(steward.zstd_dictionary(array_fill(NULL::bytea, ARRAY[1000])), NULL, 'nor can nulls');
SELECT ok(dictionary = steward.zstd_dictionary((SELECT array_agg(value ORDER BY i) FROM statement WHERE i <= 1000)),
          'the same samples make the same dictionary') FROM trained;
SELECT ok(dictionary = steward.zstd_dictionary((SELECT array_agg(v ORDER BY i, o) FROM statement, LATERAL (VALUES (1, NULL), (2, value)) AS t (o, v)
                                                WHERE i <= 1000)), 'nulls among them are no samples') FROM trained;
SELECT cmp_ok(length(other), '<=', 4096, 'a dictionary is no larger than wanted') FROM trained;
SELECT cmp_ok(length(dictionary), '<=', 32768, 'nor than 32 kB') FROM trained;
SELECT isnt(steward.zstd_dictionary(array_agg(set_byte(value, 0, i % 256))), NULL, 'of 20,000 samples a choice is enough')
FROM (SELECT s.* FROM statement AS s, generate_series(1, 10)) AS s;
SELECT throws_ok($$SELECT steward.zstd_dictionary('{}', 1023)$$, '22023', 'invalid size of a dictionary');
SELECT throws_ok($$SELECT steward.zstd_dictionary('{}', 65537)$$, '22023', 'invalid size of a dictionary');
SELECT throws_ok($$SELECT steward.zstd_dictionary('{}', -1)$$, '22023', 'invalid size of a dictionary');
SELECT throws_ok($$SELECT steward.zstd_compress('x', 'not trained')$$, '22023', 'invalid dictionary');
SELECT throws_ok($$SELECT steward.zstd_compress('x', '')$$, '22023', 'invalid dictionary');
SELECT throws_ok($$SELECT steward.zstd_decompress(steward.zstd_compress('x'), 'not trained')$$, '22023', 'invalid dictionary');

-- What is refused.
SELECT throws_ok(format('SELECT steward.zstd_compress(%L, level => %s)', 'x', level), '22023', 'invalid compression level: ' || level)
FROM unnest(ARRAY[0, 13]) AS level;
SELECT throws_ok($$SELECT steward.zstd_decompress('plain text')$$, '22P03', 'value is not compressed with zstd');
SELECT throws_ok($$SELECT steward.zstd_decompress('')$$, '22P03', 'value is not compressed with zstd');
SELECT throws_ok($$SELECT steward.zstd_decompress(substring(steward.zstd_compress('a value') FROM 1 FOR 12))$$, '22P03',
                 'compressed value is damaged');
SELECT throws_ok($$SELECT steward.zstd_decompress(steward.zstd_compress('a value') || '\x00')$$, '22P03', 'compressed value is damaged');
SELECT throws_ok($$SELECT steward.zstd_decompress(set_byte(c, length(c) - 1, get_byte(c, length(c) - 1) # 1))
                   FROM steward.zstd_compress('a value') AS c$$, '22P03', 'compressed value is damaged');
SELECT throws_ok($$SELECT steward.zstd_decompress('\x28b52ffd000009000078')$$, '22P03',
                 'compressed value does not tell the size of its content');
SELECT throws_ok($$SELECT steward.zstd_decompress('\x28b52ffda0000000800100000000')$$, '54000', 'content of compressed value is too large');
SELECT throws_like($$SELECT steward.zstd_decompress(steward.zstd_compress(value, dictionary)) FROM statement, trained WHERE i = 1$$,
                   'compressed value needs dictionary %');
SELECT throws_like($$SELECT steward.zstd_decompress(steward.zstd_compress(value, dictionary), other) FROM statement, trained WHERE i = 1$$,
                   'compressed value needs dictionary %');

-- A cancel acts while a value is compressed: all of it would take seconds.
CREATE TEMPORARY TABLE large AS
SELECT convert_to(repeat(string_agg(md5(i::text), ''), 5), 'UTF8') AS value FROM generate_series(1, 100000) AS i;
CREATE TEMPORARY TABLE cancelled (after_ms float8);
-- The least of three: a machine stalls now and then.
SET LOCAL statement_timeout = '200ms';
SELECT $try$DO $$
BEGIN
    FOR i IN 1 .. 100 LOOP
        PERFORM length(steward.zstd_compress(value, level => 12)) FROM large;
    END LOOP;
EXCEPTION WHEN query_canceled THEN
    INSERT INTO cancelled VALUES (1000 * extract(epoch FROM clock_timestamp() - statement_timestamp()));
END $$$try$ FROM generate_series(1, 3) \gexec
SET LOCAL statement_timeout = 0;
SELECT cmp_ok((SELECT min(after_ms) FROM cancelled), '<', 1000::float8, 'a cancel acts while a value is compressed');
SELECT is(steward.zstd_decompress(steward.zstd_compress('next')), 'next'::bytea, 'and the next value is as good as any');
SELECT * FROM finish();
ROLLBACK;
