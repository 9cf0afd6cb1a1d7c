-- Namespaces: what they may be, what is there from the start, and who hears of a change.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
SELECT plan(53);

-- From the start.
SELECT results_eq(
    $$SELECT namespace, kind, max_entries, ttl, owner::text, readers::text[], writers::text[] FROM steward.cache_namespace ORDER BY namespace COLLATE "C"$$,
    $$SELECT name, kind, max_entries, ttl, 'steward_owner', '{steward_reader}'::text[], '{steward_writer}'::text[] FROM (VALUES
        ('component', 'dependent', 1000, interval '10 minutes'), ('dataset_metadata', 'dependent', 1000, interval '1 hour'),
        ('distance', 'pure', 10000, interval '3600 s'), ('embedding', 'pure', 2000, interval '24 hours'), ('field', 'pure', 1000, interval '1 hour'),
        ('policy', 'dependent', 1000, interval '1800 s'), ('prediction', 'pure', 10000, interval '1800 s'), ('query', 'dependent', 200, interval '5 minutes'),
        ('response', 'pure', 500, interval '2 hours'), ('strategy', 'dependent', 1000, interval '3600 s')) AS v (name, kind, max_entries, ttl)$$,
    'these are there, with their sizes and times');
SELECT is((SELECT max(steward.cache_ttl('response', 'a')) FROM (SELECT steward.cache_set('response', 'a', '1') OFFSET 0) AS s) > interval '1 hour 59 minutes', true,
          'and what is stored there has that time');
SELECT throws_ok(format('SELECT steward.cache_create(%L)', name), '42602', 'test results are not cached') FROM unnest(ARRAY['test_results', 'test_result', 'testresults']) AS name;
SELECT lives_ok($$SELECT steward.cache_create('latest_results'); SELECT steward.cache_drop('latest_results')$$, 'others may have results');

-- What a definition may be.
SELECT throws_ok($$SELECT steward.cache_create('')$$, '42602', NULL, 'a name is not empty');
SELECT throws_ok($$SELECT steward.cache_create(NULL)$$, '42602', NULL, 'nor null');
SELECT throws_ok($$SELECT steward.cache_create(repeat('n', 64))$$, '42602', NULL, 'nor too long');
SELECT throws_ok($$SELECT steward.cache_create(repeat('ü', 32))$$, '42602', NULL, 'in bytes');
SELECT throws_ok(format('SELECT steward.cache_create(%L, %s)', 'wrong', argument), '22023', 'invalid definition of a cache namespace')
FROM unnest(ARRAY['max_entries => 1', 'max_entries => NULL', 'max_bytes => 0', 'ttl => interval ''0''', 'ttl => ''-1 s''', 'ttl => ''101 years''', 'stale_for => ''-1 s''',
                  'stale_for => NULL', 'kind => ''other''', 'kind => NULL',
                  'value_type => ''json''', 'negative_ttl => ''-1 s''', 'early_beta => -1']) AS argument;
SELECT is((SELECT count(*) FROM steward.cache_namespace WHERE namespace = 'wrong'), 0::bigint, 'none of these is made');
SELECT steward.cache_create('usual');
SELECT is(ttl, interval '3600 s', 'values are good for an hour unless it is said otherwise') FROM steward.cache_namespace WHERE namespace = 'usual';
SELECT is(max_entries, 1000, 'a thousand of them') FROM steward.cache_namespace WHERE namespace = 'usual';
SELECT is(tiers, '{memory,table,archive}', 'in all tiers') FROM steward.cache_namespace WHERE namespace = 'usual';
SELECT steward.cache_set('usual', 'a', '1');
SELECT ok(steward.cache_ttl('usual', 'a') BETWEEN '59 min' AND '60 min', 'which one call stores');
SELECT steward.cache_drop('usual');
SELECT steward.cache_create('definition', max_entries => 10);
SELECT throws_ok($$SELECT steward.cache_create('definition')$$, '42710', 'cache namespace "definition" already exists');
SELECT throws_ok($$SELECT steward.cache_alter('definition', max_entries => 0)$$, '22023', 'invalid definition of a cache namespace');
SELECT throws_ok($$SELECT steward.cache_alter('none', max_entries => 5)$$, '42704', 'cache namespace "none" does not exist');
SELECT throws_ok($$SELECT steward.cache_drop('none')$$, '42704', 'cache namespace "none" does not exist');

-- What another session changes is seen by the next statement.
SELECT steward.cache_set_text('definition', 'a', 'x');
\! psql --quiet --output /dev/null -c "SELECT steward.cache_alter('definition', ttl => '2 hours')"
SELECT steward.cache_set_text('definition', 'b', 'x');
SELECT ok(steward.cache_ttl('definition', 'b') > '1 hour', 'another session has changed the time');
SELECT is(steward.cache_get_text('definition', 'a'), 'x', 'what was there stays');
\! psql --quiet --output /dev/null -c "SELECT steward.cache_set_text('definition', 'c', 'of another')"
SELECT is(steward.cache_get_text('definition', 'c'), 'of another', 'both use one memory');
\! psql --quiet --output /dev/null -c "SELECT steward.cache_drop('definition')"
SELECT throws_ok($$SELECT steward.cache_get_text('definition', 'a')$$, '42704', NULL, 'another session has dropped it');
\! psql --quiet --output /dev/null -c "SELECT steward.cache_create('definition')"
SELECT is(steward.cache_get_text('definition', 'a'), NULL, 'one that is made again is empty');
-- Also in the middle of a transaction of ours.
SELECT steward.cache_set_text('definition', 'a', 'y');
BEGIN;
SELECT steward.cache_get_text('definition', 'a');
\! psql --quiet --output /dev/null -c "SELECT steward.cache_drop('definition')" -c "SELECT steward.cache_create('definition', value_type => 'jsonb')"
SELECT is(steward.cache_get_text('definition', 'a'), NULL, 'a transaction that goes on finds the new one empty');
SELECT throws_ok($$SELECT steward.cache_set_text('definition', 'a', 'z')$$, '42804', NULL, 'and hears of its type');
COMMIT;

-- A definition is part of its transaction.
BEGIN;
SELECT steward.cache_create('undone');
SELECT ok(steward.cache_set_text('undone', 'a', 'of nobody'), 'a namespace can be used before it is committed');
\! psql --quiet -c "SELECT steward.cache_get_text('undone', 'a')" >/dev/null 2>"$STEWARD_RUN/undone.err"; true
ROLLBACK;
\set undone `cat "$STEWARD_RUN/undone.err"`
SELECT matches(:'undone'::text, 'does not exist', 'by nobody else');
SELECT throws_ok($$SELECT steward.cache_get_text('undone', 'a')$$, '42704', NULL, 'one that was rolled back never was');
SELECT steward.cache_create('undone');
SELECT is(steward.cache_get_text('undone', 'a'), NULL, 'and has left nothing behind');
BEGIN;
SELECT steward.cache_create('again');
SELECT steward.cache_set_text('again', 'a', 'of nobody');
SAVEPOINT s;
SELECT steward.cache_create('and again');
SELECT steward.cache_set_text('and again', 'a', 'of nobody');
ROLLBACK TO s;
SELECT steward.cache_create('and again');
SELECT is(steward.cache_get_text('and again', 'a'), NULL, 'nor has one that a savepoint has undone');
ROLLBACK;
BEGIN; -- whoever has written sees the next one of that name at once
SELECT steward.cache_create('again');
SELECT is(steward.cache_get_text('again', 'a'), NULL, 'nor for a transaction that makes another');
ROLLBACK;
SELECT steward.cache_set_text('undone', 'a', 'kept');
BEGIN;
SELECT steward.cache_drop('undone');
SAVEPOINT s;
SELECT throws_ok($$SELECT steward.cache_get_text('undone', 'a')$$, '42704', NULL, 'who drops it does not have it any more');
ROLLBACK;
SELECT is(steward.cache_get_text('undone', 'a'), 'kept', 'a drop that was rolled back has dropped nothing');
BEGIN; -- others who look at the definitions do not know of it yet, and leave it its values
SELECT steward.cache_create('under way');
SELECT steward.cache_set_text('under way', 'a', 'of its maker');
\! psql --quiet --output /dev/null -c "SELECT steward.cache_has('undone', 'a'), steward.cache_expire()"
SELECT is(steward.cache_get_text('under way', 'a'), 'of its maker', 'a namespace keeps what its maker stores before it commits');
COMMIT;
\! psql --quiet --output /dev/null -c "SELECT steward.cache_has('undone', 'a'), steward.cache_expire()"
SELECT is(steward.cache_get_text('under way', 'a'), 'of its maker', 'and after it has committed');
SELECT steward.cache_drop('under way');
DO $$ BEGIN -- more than the memory has room for, one after the other
    FOR i IN 1 .. 600 LOOP
        BEGIN
            PERFORM steward.cache_create('n' || i), steward.cache_set_text('n' || i, 'a', 'x');
            RAISE EXCEPTION 'undo';
        EXCEPTION WHEN raise_exception THEN NULL;
        END;
    END LOOP;
    FOR i IN 1 .. 600 LOOP
        PERFORM steward.cache_create('n' || i), steward.cache_set_text('n' || i, 'a', 'x');
        PERFORM steward.cache_drop('n' || i);
        COMMIT;
    END LOOP;
END $$;
SELECT steward.cache_expire();
SELECT cmp_ok((SELECT namespaces FROM steward.cache_memory()), '<=', 20::bigint, 'nothing is left of a thousand that were rolled back or dropped');
SELECT is((SELECT count(*) FROM steward.cache_namespace WHERE namespace ~ '^n\d'), 0::bigint, 'nor of their definitions');

-- Rows that are written by statements count as well.
UPDATE steward.cache_namespace SET ttl = '3 hours' WHERE namespace = 'undone';
SELECT steward.cache_set_text('undone', 'b', 'x');
SELECT ok(steward.cache_ttl('undone', 'b') > '2 hours', 'a definition that was updated');
DELETE FROM steward.cache_namespace WHERE namespace = 'undone';
SELECT throws_ok($$SELECT steward.cache_get_text('undone', 'a')$$, '42704', NULL, 'and deleted');

SELECT * FROM finish();
SELECT steward.cache_drop('definition');
