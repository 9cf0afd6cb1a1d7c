-- What a transaction does to a dependent namespace: it sees it at once, the others when it has committed.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, pg_catalog;
SELECT no_plan();
CREATE SCHEMA transact;
CREATE EXTENSION dblink SCHEMA transact;
CREATE TABLE transact.page (id bigint PRIMARY KEY, note text);
INSERT INTO transact.page SELECT g, 'note' FROM generate_series(1, 9) AS g;
SELECT steward.cache_create('transact', kind => 'dependent', ttl => NULL);
SELECT steward.cache_depend('transact', 'transact.page', 'id');
SELECT steward.cache_create('transact pure');

-- Another session, in which a statement is a transaction unless BEGIN was said.
SELECT transact.dblink_connect('other', format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'), current_setting('port'), current_database(), current_user));
CREATE FUNCTION pg_temp.other(statement text) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(value, ' ') FROM transact.dblink('other', statement) AS t (value text) $$;
CREATE FUNCTION pg_temp.does(statement text) RETURNS text LANGUAGE sql AS $$ SELECT transact.dblink_exec('other', statement) $$;
CREATE FUNCTION pg_temp.theirs(key text, namespace text DEFAULT 'transact') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.other(format('SELECT steward.cache_get(%L, %L)', namespace, key))
$$;
CREATE FUNCTION pg_temp.mine(key text) RETURNS text LANGUAGE sql AS $$ SELECT steward.cache_get('transact', key) $$;
CREATE FUNCTION pg_temp.both(key text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', 'mine', coalesce(pg_temp.mine(key), '-'), 'theirs', coalesce(pg_temp.theirs(key), '-'))
$$;

-- Stored.
BEGIN;
SELECT ok(steward.cache_set('transact', '1', '1'), 'a value is kept');
SELECT is(pg_temp.both('1'), 'mine 1 theirs -', 'nobody else finds it');
SELECT is(steward.cache_ttl('transact', '1'), NULL, 'it is not yet that of all');
SELECT ok(steward.cache_has('transact', '1'), 'and it is there');
SELECT is(steward.cache_get_many('transact', ARRAY['1', '2']), ARRAY['1', NULL]::jsonb[], 'also for many');
COMMIT;
SELECT is(pg_temp.both('1'), 'mine 1 theirs 1', 'when the transaction has committed, everybody does');
BEGIN;
SELECT steward.cache_set('transact', '1', '2'), steward.cache_set('transact', '2', '2');
SELECT is(pg_temp.both('1'), 'mine 2 theirs 1', 'a new value beside the old one');
SELECT steward.cache_set('transact', '1', '3');
SELECT is(pg_temp.both('1'), 'mine 3 theirs 1', 'the newest counts');
ROLLBACK;
SELECT is(pg_temp.both('1'), 'mine 1 theirs 1', 'what was rolled back was never there');
SELECT is(pg_temp.both('2'), 'mine - theirs -', 'nor was another one');
DO $$ BEGIN PERFORM steward.cache_set('transact', '2', '2'); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END $$;
SELECT is(pg_temp.both('2'), 'mine - theirs -', 'nor what an error has ended');

-- Savepoints.
BEGIN;
SELECT steward.cache_set('transact', '2', '20');
SAVEPOINT a;
SELECT steward.cache_set('transact', '2', '21'), steward.cache_set('transact', '3', '31');
SAVEPOINT b;
SELECT steward.cache_set('transact', '2', '22');
SELECT steward.cache_delete('transact', '3');
SELECT is(pg_temp.mine('3'), NULL, 'removed');
ROLLBACK TO b;
SELECT is(pg_temp.mine('2') || ' ' || pg_temp.mine('3'), '21 31', 'back at the second savepoint');
SAVEPOINT c;
SELECT steward.cache_set('transact', '4', '42');
RELEASE c;
SELECT is(pg_temp.mine('4'), '42', 'of a savepoint that was released');
ROLLBACK TO a;
SELECT is(pg_temp.mine('2'), '20', 'back at the first one');
SELECT is(pg_temp.mine('3'), NULL, 'before which this was not there');
SELECT is(pg_temp.mine('4'), NULL, 'nor what a savepoint has passed on to it');
SAVEPOINT d;
SELECT steward.cache_set('transact', '5', '53');
RELEASE d;
COMMIT;
SELECT is(pg_temp.both('2'), 'mine 20 theirs 20', 'what came before the savepoint');
SELECT is(pg_temp.both('3'), 'mine - theirs -', 'what came after it');
SELECT is(pg_temp.both('5'), 'mine 53 theirs 53', 'what was released');

-- Removed.
BEGIN;
SELECT ok(steward.cache_delete('transact', '1'), 'there was a value');
SELECT ok(NOT steward.cache_delete('transact', '1'), 'and now there is none');
SELECT is(pg_temp.both('1'), 'mine - theirs 1', 'the others still find it');
ROLLBACK;
SELECT is(pg_temp.both('1'), 'mine 1 theirs 1', 'and so does everybody');
BEGIN;
SELECT steward.cache_delete('transact', '1');
COMMIT;
SELECT is(pg_temp.both('1'), 'mine - theirs -', 'until the removal has committed');
BEGIN;
SELECT steward.cache_delete('transact', '2'), steward.cache_set('transact', '2', '23');
COMMIT;
SELECT is(pg_temp.both('2'), 'mine 23 theirs 23', 'removed and stored');
BEGIN;
SELECT steward.cache_set('transact', '2', '24'), steward.cache_delete('transact', '2');
COMMIT;
SELECT is(pg_temp.both('2'), 'mine - theirs -', 'stored and removed');
SELECT steward.cache_set_many('transact', ARRAY['like 1', 'like 2', '6'], ARRAY['1', '2', '6']::jsonb[]);
BEGIN;
SELECT is(steward.cache_delete_like('transact', 'like%'), 2::bigint, 'removed by a pattern');
SELECT is(pg_temp.both('like 1'), 'mine - theirs 1', 'for this transaction');
ROLLBACK;
SELECT is(pg_temp.both('like 1'), 'mine 1 theirs 1', 'which rolls back');
BEGIN;
SELECT steward.cache_clear('transact');
SELECT is(pg_temp.both('6'), 'mine - theirs 6', 'cleared for this transaction');
ROLLBACK;
SELECT is(pg_temp.both('6'), 'mine 6 theirs 6', 'which rolls back');
BEGIN;
SELECT steward.cache_set('transact', '7', '7');
SELECT steward.cache_clear('transact');
SELECT is(pg_temp.mine('7'), NULL, 'what it had stored before is cleared as well');
SELECT steward.cache_set('transact', '6', '60');
COMMIT;
SELECT is(pg_temp.both('like 1') || ' ' || pg_temp.both('7'), 'mine - theirs - mine - theirs -', 'cleared');
SELECT is(pg_temp.both('6'), 'mine 60 theirs 60', 'and stored after that');

-- With the changes that it was computed from.
SELECT steward.cache_set('transact', '8', '8');
BEGIN;
SELECT steward.cache_set('transact', '8', '80'), steward.cache_set('transact', '9', '90');
UPDATE transact.page SET note = 'new' WHERE id = 8;
SELECT is(pg_temp.both('8'), 'mine - theirs 8', 'what was stored before a change of one''s own is of before');
SELECT is(pg_temp.both('9'), 'mine 90 theirs -', 'if it is that row''s');
SELECT steward.cache_set('transact', '8', '81');
SELECT is(pg_temp.both('8'), 'mine 81 theirs 8', 'what is stored after it is of after it');
COMMIT;
SELECT is(pg_temp.both('8'), 'mine 81 theirs 81', 'and published with it');
SELECT is(pg_temp.both('9'), 'mine 90 theirs 90', 'as is the other');

-- The rule: what was committed since the transaction began may be missing in what it has computed.
BEGIN;
SELECT pg_temp.does('UPDATE transact.page SET note = ''theirs'' WHERE id = 8');
SELECT is(pg_temp.both('8'), 'mine - theirs -', 'a change of others is heard of when it has committed');
SELECT ok(NOT steward.cache_set('transact', '8', '82'), 'a value of what others have changed since is refused');
SELECT ok(steward.cache_set('transact', '9', '92'), 'one of other rows is not');
COMMIT;
SELECT is(pg_temp.both('8'), 'mine - theirs -', 'it was not kept');
SELECT ok(steward.cache_set('transact', '8', '83'), 'the next transaction may store it');
BEGIN;
SELECT steward.cache_set('transact', '8', '84');
SELECT pg_temp.does('UPDATE transact.page SET note = ''theirs'' WHERE id = 8');
SELECT is(pg_temp.mine('8'), '84', 'the transaction goes on to find what it has stored');
COMMIT;
SELECT is(pg_temp.both('8'), 'mine - theirs -', 'but it is not published over a change of others');
BEGIN;
SELECT steward.cache_set('transact', '8', '85');
SELECT pg_temp.other('SELECT steward.cache_set(''transact'', ''8'', ''850'')');
COMMIT;
SELECT is(pg_temp.both('8'), 'mine - theirs -', 'nor over a value that others have stored since, of which nobody knows which is newer');

-- Isolation.
SELECT steward.cache_set('transact', '8', '86'), steward.cache_set('transact', '9', '96');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT is(pg_temp.mine('8') || ' ' || pg_temp.mine('9'), '86 96', 'a snapshot finds what was there before it');
SELECT pg_temp.does('UPDATE transact.page SET note = ''later'' WHERE id = 8'), pg_temp.other('SELECT steward.cache_set(''transact'', ''8'', ''87'')');
SELECT is(pg_temp.both('8'), 'mine - theirs 87', 'and not what came after it');
SELECT is(pg_temp.mine('9'), '96', 'what did not change it finds');
SELECT ok(NOT steward.cache_set('transact', '8', '88'), 'what it computes of what has changed is refused');
COMMIT;
SELECT is(pg_temp.both('8'), 'mine 87 theirs 87', 'and nothing was lost');
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT is(pg_temp.both('8'), 'mine - theirs 87', 'a serializable transaction finds nothing');
SELECT ok(NOT steward.cache_set('transact', '8', '89'), 'and stores nothing');
SELECT ok(steward.cache_set('transact pure', '8', '89'), 'in a pure namespace it does');
SELECT is(steward.cache_get('transact pure', '8'), '89'::jsonb, 'and finds it');
COMMIT;
SELECT is(pg_temp.both('8'), 'mine 87 theirs 87', 'what was there still is');
BEGIN READ ONLY;
SELECT ok(steward.cache_set('transact', '8', '90'), 'a transaction that only reads may store');
COMMIT;
SELECT is(pg_temp.both('8'), 'mine 90 theirs 90', 'what all find');

-- Prepared.
CREATE FUNCTION pg_temp.prepares(row_id integer) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.does('BEGIN') || pg_temp.does(format('UPDATE transact.page SET note = ''prepared'' WHERE id = %s', row_id)) || pg_temp.does(format('PREPARE TRANSACTION ''transact %s''', row_id))
$$;
SELECT pg_temp.prepares(8), pg_temp.prepares(9);
SELECT is(pg_temp.both('8'), 'mine - theirs -', 'what was prepared may be seen any time');
SELECT ok(NOT steward.cache_set('transact', '8', '91'), 'so nothing is kept that depends on it');
SELECT ok(steward.cache_set('transact', '1', '91'), 'the rest is');
COMMIT PREPARED 'transact 8';
SELECT ok(NOT steward.cache_set('transact', '9', '92'), 'while another one is prepared');
ROLLBACK PREPARED 'transact 9';
SELECT steward.worker_wait(); -- nobody who began before may be at work
SELECT pg_current_xact_id() IS NULL; -- the oldest that anybody sees
SELECT ok(steward.cache_set('transact', '8', '92'), 'after COMMIT PREPARED, by another session');
SELECT ok(steward.cache_set('transact', '9', '92'), 'after ROLLBACK PREPARED');
SELECT is(pg_temp.both('8') || ' ' || pg_temp.both('9'), 'mine 92 theirs 92 mine 92 theirs 92', 'they are kept');
SELECT pg_temp.does('BEGIN'), pg_temp.other('SELECT steward.cache_set(''transact'', ''8'', ''93'')'), pg_temp.does('PREPARE TRANSACTION ''transact value''');
COMMIT PREPARED 'transact value';
SELECT isnt(pg_temp.both('8'), 'mine 93 theirs 93', 'a value that was stored in a transaction that was prepared is dropped');

-- A writer that stays open keeps nobody from caching.
SELECT pg_temp.does('BEGIN'), pg_temp.does('UPDATE transact.page SET note = ''for an hour'' WHERE id = 5');
SELECT ok(steward.cache_set('transact', '5', '5'), 'beside a transaction that has written and waits');
SELECT is(pg_temp.mine('5'), '5', 'is found');
SELECT is(pg_temp.theirs('5'), NULL, 'only the writer does not find it');
UPDATE transact.page SET note = 'mine' WHERE id = 4;
SELECT ok(steward.cache_set('transact', '4', '4'), 'also after changes of others');
SELECT is(pg_temp.both('4'), 'mine 4 theirs 4', 'that everybody sees');
SELECT pg_temp.does('COMMIT');
SELECT is(pg_temp.both('5'), 'mine - theirs -', 'until it commits');

SELECT transact.dblink_disconnect('other');
SELECT steward.cache_drop(namespace) FROM steward.cache_namespace WHERE namespace ~ '^transact';
SELECT * FROM finish();
DROP SCHEMA transact CASCADE;
