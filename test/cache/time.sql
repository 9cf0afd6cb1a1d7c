-- Values end at their time, by a clock that this test moves.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
SELECT plan(33);
CREATE FUNCTION pg_temp.pass(further interval) RETURNS void LANGUAGE sql AS $$
    SELECT steward.worker_clock_set(steward.worker_clock() + further)
$$;
SELECT pg_temp.pass('0');
SELECT steward.cache_create('time', ttl => '10 minutes');
SELECT steward.cache_create('stale', ttl => '10 minutes', stale_for => '5 minutes');
SELECT steward.cache_create('endless', ttl => NULL);

SELECT steward.cache_set_text('time', 'a', 'of the namespace');
SELECT steward.cache_set_text('time', 'b', 'its own', '1 minute');
SELECT steward.cache_set_text('time', 'month', 'long', '1 month');
SELECT is(steward.cache_ttl('time', 'a'), '10 minutes'::interval, 'a value has the time of its namespace');
SELECT is(steward.cache_ttl('time', 'b'), '1 minute'::interval, 'or its own');
SELECT is(steward.cache_ttl('time', 'month'), '30 days'::interval, 'a month is 30 days');
SELECT is(steward.cache_ttl('time', 'none'), NULL, 'what is not there has none');
SELECT is((SELECT expires_at FROM steward.cache_entry_list('time') WHERE key = 'b'), steward.worker_clock() + '1 minute', 'the list says until when');
SELECT pg_temp.pass('59.999999 s');
SELECT is(steward.cache_get_text('time', 'b'), 'its own', 'it is there to the last moment');
SELECT is(steward.cache_ttl('time', 'b'), '0.000001 s'::interval, 'of which little is left');
SELECT pg_temp.pass('0.000001 s');
SELECT is(steward.cache_get_text('time', 'b'), NULL, 'then it is gone');
SELECT ok(NOT steward.cache_has('time', 'b'), 'for every question');
SELECT ok(NOT steward.cache_delete('time', 'b'), 'also to be deleted');
SELECT ok(NOT steward.cache_touch('time', 'b'), 'and touched');
SELECT is(steward.cache_get_text('time', 'a'), 'of the namespace', 'others have more time');

-- touch
SELECT ok(steward.cache_touch('time', 'a'), 'a value begins anew');
SELECT is(steward.cache_ttl('time', 'a'), '10 minutes'::interval, 'with the time of the namespace');
SELECT ok(steward.cache_touch('time', 'a', '2 minutes'), 'or another');
SELECT pg_temp.pass('2 minutes');
SELECT is(steward.cache_get_text('time', 'a'), NULL, 'after which it is gone');
SELECT throws_ok($$SELECT steward.cache_touch('time', 'month', '0')$$, '22023', 'ttl must be greater than zero');
SELECT throws_ok($$SELECT steward.cache_set_text('time', 'a', 'x', '-1 s')$$, '22023', 'ttl must be greater than zero');

-- Without end, and beyond what can be counted.
SELECT steward.cache_set_text('endless', 'a', 'for ever');
SELECT steward.cache_set_text('time', 'aeon', 'x', '600000 years');
SELECT pg_temp.pass('200 years');
SELECT is(steward.cache_get_text('endless', 'a'), 'for ever', 'what does not end is there');
SELECT is(steward.cache_ttl('endless', 'a'), NULL, 'and has no time left');
SELECT is(steward.cache_get_text('time', 'aeon'), 'x', 'a time that cannot be counted does not end either');
SELECT is(steward.cache_get_text('time', 'month'), NULL, 'a month has passed');

-- Beyond its end, but still to be had.
SELECT steward.cache_set_text('stale', 'a', 'old');
SELECT pg_temp.pass('14 minutes');
SELECT is(steward.cache_get_text('stale', 'a'), 'old', 'a stale value is had');
SELECT is(steward.cache_ttl('stale', 'a'), '-4 minutes'::interval, 'and is known to be over');
SELECT pg_temp.pass('1 minute');
SELECT is(steward.cache_get_text('stale', 'a'), NULL, 'until that time is over as well');
SELECT is((SELECT stale_hits FROM steward.cache_stats WHERE tier = 'memory' AND namespace = 'stale'), 1::bigint, 'it is counted as such');

-- A set after the end, and a set that is newer.
SELECT steward.cache_set_text('time', 'a', 'new');
SELECT is(steward.cache_get_text('time', 'a'), 'new', 'a value that is stored again is there');

-- The memory of what has ended comes back.
SELECT steward.cache_clear('time');
SELECT steward.cache_expire();
SELECT is(steward.cache_expire('1 hour'), 0::bigint, 'nobody sweeps twice in the time named');
SELECT steward.cache_set_text_many('time', array_agg('k' || g), array_agg(repeat('x', 1000))) FROM generate_series(1, 500) AS g;
CREATE TEMPORARY TABLE before AS SELECT free_bytes FROM steward.cache_memory();
CREATE TEMPORARY TABLE after (entries bigint, swept bigint);
DO $$ BEGIN -- at once: the worker, which the clock wakes, would sweep as well
    PERFORM pg_temp.pass('10 minutes');
    INSERT INTO after SELECT entries FROM steward.cache_stats WHERE tier = 'memory' AND namespace = 'time';
    UPDATE after SET swept = steward.cache_expire('1 minute');
END $$;
SELECT is(entries, 500::bigint, 'what has ended still has memory') FROM after;
SELECT is(swept, 500::bigint, 'until it is swept') FROM after;
SELECT is((SELECT entries FROM steward.cache_stats WHERE tier = 'memory' AND namespace = 'time'), 0::bigint, 'then nothing is left');
SELECT cmp_ok((SELECT free_bytes FROM steward.cache_memory()), '>=', (SELECT free_bytes + 500000 FROM before), 'and the memory is free');
SELECT is((SELECT expired - 500 >= 0 FROM steward.cache_stats WHERE tier = 'memory' AND namespace = 'time'), true, 'they are counted as expired');

SELECT * FROM finish();
SELECT steward.worker_clock_set(NULL);
SELECT steward.cache_drop(name) FROM unnest(ARRAY['time', 'stale', 'endless']) AS name;
