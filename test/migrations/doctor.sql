-- The doctor sees what is broken, and the command that it gives mends it.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
BEGIN;
SELECT plan(42);

CREATE FUNCTION pg_temp.state(check_name text) RETURNS text LANGUAGE sql AS $$
    SELECT state FROM steward.doctor() WHERE name = check_name
$$;
CREATE FUNCTION pg_temp.mend(check_name text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE (SELECT command FROM steward.doctor() WHERE name = check_name);
    RETURN pg_temp.state(check_name);
END $$;

SELECT set_eq($$SELECT name, state FROM steward.doctor() WHERE state <> 'ok'$$,
              $$VALUES ('preload', 'warning'), ('worker', 'warning'), ('cache', 'warning')$$, 'only the preload is missing here');
SELECT is_empty($$SELECT name FROM steward.doctor() WHERE name IS NULL OR detail IS NULL OR state NOT IN ('ok', 'warning', 'error')$$,
                'each check has a name, a state and says what was seen');
SELECT is_empty($$SELECT name FROM steward.doctor() WHERE state <> 'ok' AND hint IS NULL$$, 'what is not ok has a hint');

UPDATE pg_extension SET extversion = '0.0.9' WHERE extname = 'pg_steward';
SELECT is(pg_temp.state('version'), 'error', 'an extension that is older than the library');
UPDATE pg_extension SET extversion = current_setting('steward.library_version') WHERE extname = 'pg_steward';

SET LOCAL steward.sample_rate = 0;
SELECT is(pg_temp.state('settings'), 'warning', 'a server that times nothing');
SELECT matches((SELECT detail FROM steward.doctor() WHERE name = 'settings'), 'steward.sample_rate = 0', 'is told which setting it is');
RESET steward.sample_rate;

ALTER ROLE steward_worker NOLOGIN;
SELECT is(pg_temp.state('worker role'), 'error', 'a worker that may not log in');
SELECT is(pg_temp.mend('worker role'), 'ok', 'is let in');
ALTER ROLE steward_worker NOBYPASSRLS;
SELECT is(pg_temp.state('worker role'), 'error', 'a worker from whom rows are hidden');
SELECT is(pg_temp.mend('worker role'), 'ok', 'sees them');
ALTER ROLE steward_worker SUPERUSER;
SELECT is(pg_temp.state('worker role'), 'error', 'a worker that may do everything');
SELECT is(pg_temp.mend('worker role'), 'ok', 'may do less');
SELECT format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC, steward_worker', current_database()) \gexec
SELECT is(pg_temp.state('worker role'), 'error', 'a worker that may not connect');
SELECT is(pg_temp.mend('worker role'), 'ok', 'may');

REVOKE EXECUTE ON FUNCTION steward.ambiguity(text) FROM steward_reader;
SELECT is(pg_temp.state('grants'), 'warning', 'a function that nobody may call');
GRANT EXECUTE ON FUNCTION steward.ambiguity(text) TO steward_reader;
GRANT SELECT ON steward.constitutional_principles TO PUBLIC;
SELECT is(pg_temp.state('public'), 'warning', 'a table that everybody reads');
SELECT is(pg_temp.mend('public'), 'ok', 'is closed');

INSERT INTO steward.constitutional_principles (name, category, statement, profile) VALUES ('n', 'c', 's', 'nowhere');
SELECT matches((SELECT detail FROM steward.doctor() WHERE name = 'principles'), '^1 wait', 'a principle that waits is counted');
SELECT steward.principle_rescore_isolated(steward.principle_pending(), clock_timestamp(), true);
SELECT is(pg_temp.state('principles'), 'warning', 'a principle whose profile does not exist');
SELECT matches((SELECT detail FROM steward.doctor() WHERE name = 'principles'), 'profile "nowhere" does not exist', 'is shown with the reason');
DROP TRIGGER a_invalidate ON steward.lexicon;
SELECT is(pg_temp.state('triggers'), 'error', 'a lexicon whose changes nobody hears of');
CREATE TRIGGER a_invalidate AFTER UPDATE ON steward.lexicon EXECUTE FUNCTION steward.lexicon_invalidate();
SELECT is(pg_temp.state('triggers'), 'ok', 'hears again');
DROP TRIGGER a_check ON steward.cache_namespace;
SELECT matches((SELECT detail FROM steward.doctor() WHERE name = 'triggers' AND state = 'error'), 'cache_namespace', 'namespaces that anybody may change');
SELECT matches((SELECT detail || hint FROM steward.doctor() WHERE name = 'cache'), 'Nothing is cached in memory.*preloaded', 'a cache without memory');

SELECT format('DROP TABLE steward.%I', 'qec_error_predictions' || to_char((now() AT TIME ZONE 'UTC') + interval '1 day', '"_p"YYYYMMDD')) \gexec
SELECT is(pg_temp.state('partitions'), 'warning', 'a partition that is missing');

SELECT is(steward.migration_is_deployed('scoring'), true, 'with its tables a migration is deployed');
ALTER TABLE steward.score_profile RENAME TO elsewhere;
SELECT is(pg_temp.state('migrations'), 'error', 'without them it is not');
ALTER TABLE steward.elsewhere RENAME TO score_profile;

-- What is advised is done by a call, if it is one of some.
GRANT SELECT ON steward.monitor_state, steward.slo TO PUBLIC;
UPDATE steward.monitor_setting SET paused = true;
DELETE FROM steward.monitor_state;
SELECT is(pg_temp.state('public'), 'warning', 'tables that everybody may read');
SELECT is((SELECT state FROM steward.doctor_apply('public')), 'ok', 'are closed');
SELECT is_empty($$SELECT FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.relnamespace = 'steward'::regnamespace AND a.grantee = 0$$, 'all of them');
SELECT is((SELECT command FROM steward.doctor_apply('monitor')), 'SELECT steward.monitor_run();', 'a monitor that is paused goes on, and has to measure');
SELECT is((SELECT paused FROM steward.monitor_setting), false, 'is not paused any more');
SELECT is((SELECT state FROM steward.doctor_apply('monitor')), 'ok', 'and measures');
SELECT throws_ok($$SELECT steward.doctor_apply('monitor')$$, '55000', 'nothing is to be done for check "monitor"', 'what is well');
SELECT throws_ok($$SELECT steward.doctor_apply('preload')$$, '55000', 'what helps with check "preload" is not done by a call', 'what needs more than a call');
SELECT throws_ok($$SELECT steward.doctor_apply('nothing')$$, '42704', 'there is no check "nothing"', 'no such check');
SELECT is_empty($$SELECT r FROM unnest(steward.doctor_remedies()) AS r WHERE NOT EXISTS (
                  SELECT FROM pg_proc WHERE pronamespace = 'steward'::regnamespace AND proname ~ '^doctor_' AND proname <> 'doctor_remedies'
                         AND strpos(prosrc, quote_literal(r)) > 0)$$, 'each is what a check advises');
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SET LOCAL ROLE steward_writer;
SELECT throws_ok($$SELECT steward.doctor_apply('nothing')$$, '42704', NULL, 'a writer may call it');
RESET ROLE;
SET LOCAL ROLE steward_reader;
SELECT throws_ok($$SELECT steward.doctor_apply('nothing')$$, '42501', NULL, 'a reader may not');
RESET ROLE;
SET LOCAL ROLE steward_reader;
SELECT lives_ok($$SELECT * FROM steward.doctor()$$, 'a reader may ask');
RESET ROLE;
SET LOCAL ROLE steward_metrics;
SELECT lives_ok($$SELECT * FROM steward.doctor()$$, 'so may the metrics');
RESET ROLE;
CREATE ROLE steward_test_stranger;
SET LOCAL ROLE steward_test_stranger;
SELECT throws_ok($$SELECT * FROM steward.doctor()$$, '42501', NULL, 'a stranger may not');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
