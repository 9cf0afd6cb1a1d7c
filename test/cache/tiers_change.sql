-- What changes, ends or is removed below the memory, and whose it is. No worker runs here.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
SELECT plan(85);
\ir tiers_helpers.psql
-- a to h: a and b in the archive, c and d in the table, e and f in memory and the table, g and h in memory alone.
CREATE PROCEDURE pg_temp.fill(name text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM steward.cache_clear(name);
    PERFORM steward.cache_set_text(name, key, 'old ' || key) FROM unnest(ARRAY['a', 'b']) AS key;
    CALL pg_temp.push_out(name);
    PERFORM pg_temp.archive();
    PERFORM steward.cache_set_text(name, key, 'old ' || key) FROM unnest(ARRAY['c', 'd']) AS key;
    CALL pg_temp.push_out(name);
    PERFORM steward.cache_alter(name, max_entries => 100), steward.cache_delete_like(name, 'push %');
    PERFORM steward.cache_set_text(name, key, 'old ' || key) FROM unnest(ARRAY['e', 'f']) AS key;
    PERFORM steward.cache_save();
    COMMIT;
    PERFORM steward.cache_set_text(name, key, 'old ' || key) FROM unnest(ARRAY['g', 'h']) AS key;
END $$;
CREATE FUNCTION pg_temp.there(name text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(key, '' ORDER BY key) FROM unnest(string_to_array('a,b,c,d,e,f,g,h', ',')) AS key WHERE steward.cache_has(name, key)
$$;
CREATE PROCEDURE pg_temp.again(name text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM steward.cache_alter(name, max_entries => 2);
    CALL pg_temp.fill(name);
END $$;

SELECT steward.cache_create('mixed', ttl => NULL, max_entries => 2);
CALL pg_temp.fill('mixed');
SELECT is(pg_temp.rows('mixed') || ' ' || pg_temp.in_memory('mixed'), '4 2 4', 'values are in all places');
SELECT is(steward.cache_get_text_many('mixed', ARRAY['g', 'none', 'a', NULL, 'c', 'e']), ARRAY['old g', NULL, 'old a', NULL, 'old c', 'old e'], 'many at once are found in all');
SELECT is(pg_temp.there('mixed'), 'abcdefgh', 'all are there');
SELECT is(pg_temp.in_memory('mixed'), 8::bigint, 'to ask brings them up');

-- Removed one by one, many at once, by a pattern, and all.
CALL pg_temp.again('mixed');
SELECT is((SELECT string_agg(steward.cache_delete('mixed', key)::text, ' ') FROM unnest(ARRAY['a', 'c', 'e', 'g', 'none', 'a']) AS key), 'true true true true false false', 'what is removed was there once');
SELECT is(pg_temp.there('mixed'), 'bdfh', 'and is there no more');
SELECT is(pg_temp.rows('mixed'), '2 1', 'nor in the tables');
CALL pg_temp.push_out('mixed');
SELECT is(pg_temp.there('mixed'), 'bdfh', 'also later');
CALL pg_temp.again('mixed');
SELECT is(steward.cache_delete_many('mixed', ARRAY['a', 'b', 'd', 'f', 'h', 'h', NULL, 'none']), 5::bigint, 'many at once are counted once');
SELECT is(pg_temp.there('mixed'), 'ceg', 'and gone');
CALL pg_temp.again('mixed');
SELECT is(steward.cache_delete_like('mixed', '[a-z]'), 0::bigint, 'a pattern that fits nothing');
SELECT is(steward.cache_delete_like('mixed', '_'), 8::bigint, 'a pattern counts what is in several places once');
SELECT is(steward.cache_delete_like('mixed', '%'), 0::bigint, 'and leaves nothing');
SELECT is(pg_temp.there('mixed'), NULL, 'in no place');
CALL pg_temp.again('mixed');
SELECT throws_ok($$SELECT steward.cache_delete_like('mixed', '\')$$, '22025', NULL, 'a pattern that is none');
SELECT is(current_user::text, session_user::text, 'leaves everybody who he is');
SELECT is(pg_temp.there('mixed'), 'abcdefgh', 'and everything there');
CALL pg_temp.again('mixed');
SELECT steward.cache_clear('mixed');
SELECT is(pg_temp.there('mixed') || pg_temp.rows('mixed'), NULL, 'nothing is left of what was cleared');
SELECT is(pg_temp.rows('mixed'), '0 0', 'nowhere');

-- In transactions: what was removed does not come back.
CALL pg_temp.again('mixed');
BEGIN;
SELECT steward.cache_delete('mixed', key) FROM unnest(ARRAY['a', 'c', 'e', 'g']) AS key;
SAVEPOINT s;
SELECT steward.cache_delete('mixed', 'b');
ROLLBACK TO s;
SELECT is(pg_temp.there('mixed'), 'dfh', 'what is removed is gone at once');
ROLLBACK;
SELECT is(pg_temp.there('mixed'), 'dfh', 'also of a transaction that is rolled back');
BEGIN READ ONLY;
SELECT ok(steward.cache_delete('mixed', 'd'), 'who only reads may remove');
SELECT ok(steward.cache_set_text('mixed', 'i', 'stored by a reader'), 'and store in memory');
COMMIT;
SELECT is(pg_temp.there('mixed'), 'fh', 'that is gone');
CALL pg_temp.push_out('mixed');
SELECT is(pg_temp.there('mixed'), 'fh', 'also later');
SELECT is(steward.cache_get_text('mixed', 'i'), 'stored by a reader', 'and what was stored is below by then');
CALL pg_temp.again('mixed');
BEGIN;
SELECT steward.cache_clear('mixed');
ROLLBACK;
SELECT is(pg_temp.there('mixed'), NULL, 'what was cleared is gone as well');
-- An old snapshot neither hides what was saved since nor fails for it.
CALL pg_temp.again('mixed');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM pg_class;
\! psql --quiet --output /dev/null -c "SELECT steward.cache_set_text('mixed', 'c', 'newer'), steward.cache_set_text('mixed', 'new', 'x')" -c "SELECT steward.cache_save()"
SELECT is(steward.cache_get_text_many('mixed', ARRAY['c', 'new']), ARRAY['newer', 'x'], 'an old snapshot finds what is new');
SELECT is(steward.cache_delete_many('mixed', ARRAY['c', 'new']), 2::bigint, 'and removes it');
SELECT is(steward.cache_delete_like('mixed', '_'), 7::bigint, 'also by a pattern');
COMMIT;
SELECT is(pg_temp.rows('mixed'), '0 0', 'for good');
-- Who removes a key does not wait for another who has, and the other way round.
CALL pg_temp.again('mixed');
SET lock_timeout = '1 s';
BEGIN;
SELECT steward.cache_delete('mixed', 'a'), steward.cache_delete('mixed', 'c');
\! psql --quiet --output /dev/null -c "BEGIN" -c "SET LOCAL lock_timeout = '1 s'" -c "SELECT steward.cache_delete_many('mixed', ARRAY['d', 'c', 'b', 'a'])" -c "COMMIT"
SELECT steward.cache_delete('mixed', 'b'), steward.cache_delete('mixed', 'd');
ROLLBACK;
RESET lock_timeout;
SELECT is(pg_temp.there('mixed'), 'efgh', 'two who remove the same do not wait for each other');

-- What follows a value under its key: another, one with tags, NULL.
CALL pg_temp.again('mixed');
SELECT steward.cache_set_text('mixed', key, 'new ' || key) FROM unnest(ARRAY['a', 'c', 'e', 'g']) AS key;
SELECT steward.cache_set_text('mixed', key, 'tagged', tags => '{t}') FROM unnest(ARRAY['b', 'd']) AS key;
SELECT steward.cache_set_text('mixed', 'f', NULL);
SELECT steward.cache_set_text('mixed', 'h', 'tagged', tags => '{t}');
SELECT steward.cache_save();
SELECT is(pg_temp.rows('mixed'), '4 0', 'what depends on tags, and NULL, is not written below');
SELECT is(steward.cache_get_text_many('mixed', ARRAY['a', 'b', 'f', 'h']), ARRAY['new a', 'tagged', NULL, 'tagged'], 'each is what was stored last');
SELECT ok(steward.cache_has('mixed', 'f'), 'also NULL');
SELECT steward.cache_invalidate_tag('t');
SELECT is(pg_temp.there('mixed'), 'acefg', 'when the tag is over, nothing of before comes back');
SELECT steward.cache_alter('mixed', max_entries => 2);
CALL pg_temp.push_out('mixed');
SELECT is(pg_temp.there('mixed'), 'aceg', 'nor when it has left the memory, as NULL does');
SELECT is(steward.cache_get_text_many('mixed', ARRAY['a', 'c', 'e', 'g']), ARRAY['new a', 'new c', 'new e', 'new g'], 'the others are new');

-- Time.
SELECT steward.cache_create('timed', ttl => '3 hours', stale_for => '1 hour', max_entries => 2), steward.cache_create('short', ttl => '1 s', tiers => '{table}'),
       steward.cache_create('stale', ttl => '0.2 s', stale_for => '1 hour', max_entries => 2), steward.cache_create('stale rows', ttl => '0.2 s', stale_for => '1 hour', tiers => '{table}');
SELECT steward.cache_set_text(name, key, 'x') FROM unnest(ARRAY['timed', 'short', 'stale', 'stale rows']) AS name, unnest(ARRAY['a', 'b', 'c']) AS key \g /dev/null
SELECT steward.cache_set_text('timed', 'b', 'x', ttl => '5 hours'), steward.cache_set_text('timed', 'c', 'x', ttl => '200000 years'),
       steward.cache_set_text('short', 'a', 'x', ttl => '1 hour'); -- there, however slow the machine is
SELECT ok(steward.cache_touch('short', 'a', '1 day') AND steward.cache_ttl('short', 'a') > '23:59:00', 'the time of a row can be changed');
SELECT ok(NOT steward.cache_touch('short', 'none'), 'but not of what is not there');
CALL pg_temp.push_out('timed', 'stale');
SELECT ok(steward.cache_ttl('timed', 'a') BETWEEN '2:59:00' AND '3:00:00' AND steward.cache_ttl('timed', 'b') BETWEEN '4:59:00' AND '5:00:00', 'the time is kept below');
SELECT is(steward.cache_ttl('timed', 'c'), NULL, 'what no calendar can tell does not end');
SELECT ok(steward.cache_has('timed', 'c'), 'and is there');
SELECT ok(steward.cache_touch('timed', 'a', '10 hours') AND steward.cache_ttl('timed', 'a') > '9:59:00', 'it can be changed');
CALL pg_temp.push_out('timed');
SELECT ok(steward.cache_ttl('timed', 'a') > '9:59:00', 'for good');
SELECT pg_sleep(1.05);
SELECT is((SELECT string_agg(key, '') FROM unnest(ARRAY['a', 'b', 'c']) AS key WHERE steward.cache_has('short', key)), 'a', 'rows end in time');
SELECT is(steward.cache_get_text_many(name, ARRAY['a', 'b']), ARRAY['x', 'x'], 'what is stale may still be had: ' || name) FROM unnest(ARRAY['stale', 'stale rows']) AS name;
SELECT ok(steward.cache_ttl('stale rows', 'a') < '0', 'and is known to be so');
CALL pg_temp.push_out('stale');
SELECT is(steward.cache_delete_like(name, 'a%'), 1::bigint, 'what is stale can be removed: ' || name) FROM unnest(ARRAY['stale', 'stale rows']) AS name;
SELECT is(steward.cache_get_text_many(name, ARRAY['a', 'b']), ARRAY[NULL, 'x'], 'then it is gone: ' || name) FROM unnest(ARRAY['stale', 'stale rows']) AS name;
CALL pg_temp.push_out('timed', 'stale');
SELECT is(pg_temp.rows('short'), '3 0', 'rows that have ended are there');
SELECT cmp_ok(pg_temp.archive(now() + '30 minutes'), '>=', 2::bigint, 'until they are removed');
SELECT is(pg_temp.rows('short') || ' ' || pg_temp.rows('stale rows'), '1 0 2 0', 'but not what is only stale');
SELECT cmp_ok(pg_temp.archive(now() + '6 hours'), '>=', 2::bigint, 'later that ends, too');
SELECT is(pg_temp.rows('stale rows'), '0 0', 'and is removed');
SELECT is((SELECT string_agg(key, '' ORDER BY key) FROM steward.cache_archive WHERE namespace = 'timed' AND key NOT LIKE 'push %'), 'ac', 'while what lasts goes to the archive');

-- Whole days leave the archive.
SELECT pg_temp.archive(now() + '3 days') \g /dev/null
SELECT steward.cache_set_text('timed', 'e', 'x', ttl => '20 days');
CALL pg_temp.push_out('timed');
SELECT pg_temp.archive(now() + '4 days') \g /dev/null
SELECT cmp_ok((SELECT count(*) FROM pg_inherits WHERE inhparent = 'steward.cache_archive'::regclass), '>=', 2::bigint, 'each day has a partition');
SELECT is(steward.cache_get_text_many('timed', ARRAY['c', 'e']), ARRAY['x', 'x'], 'values are found in all of them');
SELECT steward.cache_delete('timed', 'c');
SELECT cmp_ok(steward.cache_archive_tend(now() + '10 days'), '>=', 0, 'no day is dropped that has something good');
SELECT steward.cache_drop('timed');
SELECT steward.cache_archive_tend(now() + '40 days') \g /dev/null
SELECT is((SELECT count(*) FROM pg_inherits WHERE inhparent = 'steward.cache_archive'::regclass), (SELECT count(*) FROM pg_inherits AS i WHERE inhparent = 'steward.cache_archive'::regclass
           AND pg_relation_size(inhrelid) > 0), 'days in which there is nothing are dropped');

-- Dropped and made again, or kept elsewhere: nothing of before is found.
CALL pg_temp.again('mixed');
BEGIN;
SELECT steward.cache_drop('mixed');
ROLLBACK;
SELECT is(pg_temp.there('mixed'), 'abcdefgh', 'a drop that was rolled back has dropped nothing');
SELECT steward.cache_drop('mixed');
SELECT is(pg_temp.rows('mixed'), '0 0', 'what is dropped leaves the tables');
SELECT steward.cache_create('mixed', ttl => NULL, max_entries => 2);
SELECT is(pg_temp.there('mixed'), NULL, 'one that is made again is empty');
SELECT steward.cache_set_text('mixed', 'a', 'kept');
SELECT steward.cache_save();
BEGIN;
DELETE FROM steward.cache_namespace WHERE namespace = 'mixed';
INSERT INTO steward.cache_table (namespace, role, key, text, saved_at, cost_us) VALUES ('mixed', 0, 'late', 'x', clock_timestamp(), 0);
SELECT steward.cache_create('mixed', ttl => NULL, max_entries => 2);
COMMIT;
SELECT is(steward.cache_get_text_many('mixed', ARRAY['a', 'late']), ARRAY[NULL, NULL]::text[], 'also where a row came late');
SELECT steward.cache_set_text('mixed', key, 'old') FROM unnest(ARRAY['a', 'b', 'c']) AS key;
CALL pg_temp.push_out('mixed');
SELECT pg_temp.archive();
SELECT steward.cache_alter('mixed', tiers => '{memory}');
SELECT steward.cache_set_text('mixed', 'a', 'new'), steward.cache_delete('mixed', 'b');
SELECT steward.cache_set_text('mixed', 'push ' || i, 'x') FROM generate_series(1, 50) AS i \g /dev/null
SELECT steward.cache_alter('mixed', tiers => '{memory,table,archive}');
SELECT is(steward.cache_get_text_many('mixed', ARRAY['a', 'b', 'c']), ARRAY[NULL, NULL, NULL]::text[], 'a tier that is there again has nothing of before');
SELECT steward.cache_set_text('mixed', 'a', 'old');
SELECT steward.cache_alter('mixed', tiers => '{table}');
SELECT steward.cache_set_text('mixed', 'a', 'new');
SELECT steward.cache_save();
SELECT is(steward.cache_get_text('mixed', 'a'), 'new', 'nor does the memory write what it had');
UPDATE steward.cache_namespace SET tiers = '{memory,table}' WHERE namespace = 'mixed';
SELECT isnt(steward.cache_get_text('mixed', 'a'), 'old', 'or have it');
SELECT steward.cache_alter('mixed', ttl => '1 hour', tiers => '{memory,table}');
SELECT steward.cache_set_text('mixed', 'a', 'stays');
SELECT steward.cache_alter('mixed', ttl => '2 hours', tiers => '{memory,table}');
SELECT is(steward.cache_get_text('mixed', 'a'), 'stays', 'the same tiers change nothing');

-- Without memory, values are part of the transaction.
SELECT steward.cache_create('rows', tiers => '{table}');
SELECT ok(steward.cache_set_text('rows', 'a', 'old') AND NOT steward.cache_set_text('rows', 'a', 'tagged', tags => '{t}') AND steward.cache_get_text('rows', 'a') IS NULL,
          'where no memory knows of tags, what has some is not kept, nor what it replaces');
SELECT ok(steward.cache_set_text('rows', 'a', 'old') AND NOT steward.cache_set_text('rows', 'a', NULL) AND NOT steward.cache_has('rows', 'a'), 'nor is NULL');
SELECT steward.cache_set_text('rows', 'a', 'old');
BEGIN;
SELECT steward.cache_set_text('rows', 'a', 'new'), steward.cache_set_text('rows', 'b', 'new');
SAVEPOINT s;
SELECT steward.cache_set_text('rows', 'a', 'newer');
SELECT is(steward.cache_get_text('rows', 'a'), 'newer', 'what a transaction stores it finds');
ROLLBACK TO s;
SELECT is(steward.cache_get_text('rows', 'a'), 'new', 'until its savepoint is undone');
ROLLBACK;
SELECT is(steward.cache_get_text_many('rows', ARRAY['a', 'b']), ARRAY['old', NULL], 'or it is itself');
BEGIN READ ONLY;
SELECT ok(NOT steward.cache_set_text('rows', 'a', 'new') AND NOT steward.cache_touch('rows', 'a'), 'who only reads stores nothing');
SELECT is(steward.cache_get_text('rows', 'a'), 'old', 'but finds');
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM pg_class;
\! psql --quiet --output /dev/null -c "SELECT steward.cache_set_text('rows', 'a', 'of another'), steward.cache_set_text('rows', 'b', 'of another')"
SELECT is(steward.cache_get_text_many('rows', ARRAY['a', 'b']), ARRAY['of another', 'of another'], 'an old snapshot finds what is new');
SELECT ok(steward.cache_set_text('rows', 'a', 'after another') AND steward.cache_delete('rows', 'b'), 'and changes it');
COMMIT;
SELECT is(steward.cache_get_text_many('rows', ARRAY['a', 'b']), ARRAY['after another', NULL], 'for good');
BEGIN;
SELECT steward.cache_set_text('rows', 'p', 'prepared');
PREPARE TRANSACTION 'rows';
SELECT is(steward.cache_get_text('rows', 'p'), NULL, 'what is prepared is not there');
COMMIT PREPARED 'rows';
SELECT is(steward.cache_get_text('rows', 'p'), 'prepared', 'until it is committed');
SELECT steward.cache_set_text('mixed', 'a', 'x');
\set said `psql --quiet --output /dev/null -c "BEGIN" -c "SELECT steward.cache_save()" -c "PREPARE TRANSACTION 'saved'" 2>&1`
SELECT matches(:'said'::text, 'cannot PREPARE a transaction that has executed steward.cache_save', 'a transaction that has saved is not prepared');
SELECT steward.cache_save();
SELECT is((SELECT count(*) FROM steward.cache_table WHERE namespace = 'mixed' AND key = 'a'), 1::bigint, 'what it would have saved is saved by the next');

SELECT * FROM finish();
SELECT steward.cache_drop(namespace) FROM steward.cache_namespace WHERE namespace IN ('mixed', 'short', 'stale', 'stale rows', 'rows');
