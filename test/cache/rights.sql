-- Who may use a namespace, role by role.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
SELECT plan(57);
CREATE ROLE rights_owner IN ROLE steward_writer;
CREATE ROLE rights_reader IN ROLE steward_reader;
CREATE ROLE rights_writer IN ROLE steward_writer;
CREATE ROLE rights_group;
CREATE ROLE rights_member IN ROLE rights_group, steward_writer;
CREATE ROLE rights_stranger;
GRANT USAGE ON SCHEMA tap TO PUBLIC;

-- What comes of a statement when that role tries it.
CREATE FUNCTION pg_temp.try(role text, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET ROLE %I', role);
    EXECUTE statement;
    RESET ROLE;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    RESET ROLE;
    RETURN SQLSTATE;
END $$;
CREATE FUNCTION pg_temp.may(role text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', pg_temp.try(role, $q$SELECT steward.cache_get_text('mine', 'a')$q$), pg_temp.try(role, $q$SELECT steward.cache_set_text('mine', 'a', 'b')$q$))
$$;

SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_create('mine')$$), 'ok', 'a writer makes a namespace');
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_create('own', shared => false)$$), 'ok', 'and one of which each role has a part');
SELECT is(pg_temp.try('rights_reader', $$SELECT steward.cache_create('theirs')$$), '42501', 'a reader makes none');
SELECT is(pg_temp.try('rights_stranger', $$SELECT steward.cache_create('theirs')$$), '42501', 'nor does a stranger');
SELECT is((SELECT owner::text FROM steward.cache_namespace WHERE namespace = 'mine'), 'rights_owner', 'it belongs to whoever made it');

SELECT is(pg_temp.may('rights_owner'), 'ok ok', 'the owner may');
SELECT is(pg_temp.may('rights_reader'), '42501 42501', 'others may not');
SELECT is(pg_temp.may('rights_writer'), '42501 42501', 'also who writes elsewhere');
SELECT is(pg_temp.may('rights_stranger'), '42501 42501', 'strangers may nothing at all');
SELECT is(pg_temp.may('postgres'), 'ok ok', 'a superuser may');

-- Granted and taken back.
SELECT is(pg_temp.try('rights_writer', $$SELECT steward.cache_grant('mine', 'rights_writer', 'write')$$), '42501', 'nobody grants himself');
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_grant('mine', 'rights_reader')$$), 'ok', 'the owner grants');
SELECT is(pg_temp.may('rights_reader'), 'ok 42501', 'to read');
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_grant('mine', 'rights_writer', 'write')$$), 'ok', 'the owner grants');
SELECT is(pg_temp.may('rights_writer'), 'ok ok', 'to write, and so to read');
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_grant('mine', 'rights_writer', 'write')$$), 'ok', 'twice is once');
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_revoke('mine', 'rights_writer', 'write')$$), 'ok', 'the owner takes back');
SELECT is(pg_temp.may('rights_writer'), '42501 42501', 'what was granted');
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_grant('mine', 'rights_writer', 'write')$$), 'ok', 'the owner grants');
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_revoke('mine', 'rights_writer', 'read')$$), 'ok', 'with the right to read');
SELECT is(pg_temp.may('rights_writer'), '42501 42501', 'goes that to write');
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_revoke('mine', 'rights_reader')$$), 'ok', 'the owner takes back');
SELECT is(pg_temp.may('rights_reader'), '42501 42501', 'the reader''s right');
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_grant('mine', 'rights_reader', 'delete')$$), '22023', 'there are two rights');
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_grant('mine', NULL)$$), '22023', 'and nobody is no role');
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_grant('none', 'rights_reader')$$), '42704', 'of nothing');
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_revoke('none', 'rights_reader')$$), '42704', 'nothing is granted');

-- By membership, which may end.
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_grant('mine', 'rights_group', 'write')$$), 'ok', 'a group may write');
SELECT is(pg_temp.may('rights_member'), 'ok ok', 'and so may its members');
REVOKE rights_group FROM rights_member;
SELECT is(pg_temp.may('rights_member'), '42501 42501', 'as long as they are');
GRANT rights_owner TO rights_member;
SELECT is(pg_temp.may('rights_member'), 'ok ok', 'members of the owner may as well');
SELECT is(pg_temp.try('rights_member', $$SELECT steward.cache_alter('mine', ttl => '1 hour')$$), 'ok', 'what the owner may');
REVOKE rights_owner FROM rights_member;
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_grant('mine', '0', 'read')$$), 'ok', 'everybody may read');
SELECT is(pg_temp.may('rights_reader'), 'ok 42501', 'a reader does');
SELECT is(pg_temp.may('rights_stranger'), '42501 42501', 'who may call no function still may not');
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_revoke('mine', '0', 'read')$$), 'ok', 'everybody may not');
SELECT is(pg_temp.may('rights_reader'), '42501 42501', 'any more');

-- Only the owner changes a namespace, by whatever statement.
SELECT is(pg_temp.try('rights_writer', statement), '42501', statement) FROM (VALUES
    ($$SELECT steward.cache_alter('mine', max_entries => 5)$$), ($$SELECT steward.cache_drop('mine')$$),
    ($$UPDATE steward.cache_namespace SET owner = 'rights_writer' WHERE namespace = 'mine'$$),
    ($$DELETE FROM steward.cache_namespace WHERE namespace = 'mine'$$),
    ($$INSERT INTO steward.cache_namespace SELECT 'forged', 'rights_owner', kind, shared, value_type, max_entries, max_bytes, ttl, stale_for,
       negative_ttl, early_beta FROM steward.cache_namespace WHERE namespace = 'mine'$$),
    ($$SELECT steward.cache_drop('distance')$$), ($$TRUNCATE steward.cache_namespace$$)) AS v (statement);
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_alter('mine', owner => 'rights_writer')$$), '42501', 'nor is one given to whom its owner is no member of');
SELECT is(pg_temp.try('rights_writer', $$SELECT steward.cache_set('distance', 'rights', '1')$$), 'ok', 'a writer fills what is there from the start');
SELECT is(pg_temp.try('rights_reader', $$SELECT steward.cache_get('distance', 'rights')$$), 'ok', 'which a reader reads');
SELECT is(pg_temp.try('rights_reader', $$SELECT * FROM steward.cache_hot('distance'), steward.cache_stats, steward.cache_memory()$$), 'ok', 'and sees what is in it');
SELECT is(pg_temp.try('rights_reader', $$SELECT steward.cache_expire()$$), '42501', 'but does not sweep');

-- Not shared: the same key is another one for each role.
SELECT steward.cache_grant('own', '0', 'write');
SELECT is(pg_temp.try('rights_owner', $$SELECT steward.cache_set_text('own', 'a', 'of the owner')$$), 'ok', 'one role stores');
SET ROLE rights_writer;
SELECT is(steward.cache_get_text('own', 'a'), NULL, 'another does not find it');
SELECT is((SELECT count(*) FROM steward.cache_entry_list('own')), 0::bigint, 'nor sees it in the list');
SELECT is(steward.cache_delete_like('own', '%'), 0::bigint, 'nor deletes it');
SELECT ok(NOT steward.cache_delete('own', 'a'), 'nor by its key');
SELECT steward.cache_set_text('own', 'a', 'of the writer');
RESET ROLE;
SET ROLE rights_owner;
SELECT is(steward.cache_get_text('own', 'a'), 'of the owner', 'each has its own');
SELECT is((SELECT array_agg(key) FROM steward.cache_entry_list('own')), ARRAY['a'], 'under the key that it gave');
RESET ROLE;

-- A role that is gone.
CREATE ROLE rights_gone IN ROLE steward_writer;
SELECT steward.cache_grant('mine', 'rights_gone', 'write');
DROP ROLE rights_gone;
SELECT is(pg_temp.may('rights_owner'), 'ok ok', 'a right of a role that is gone hinders nobody');
SELECT * FROM finish();
SELECT steward.cache_drop(name) FROM unnest(ARRAY['mine', 'own']) AS name;
