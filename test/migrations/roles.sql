-- What each role may do with what the migrations made.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
BEGIN;
SELECT plan(11);
GRANT USAGE ON SCHEMA tap TO steward_reader, steward_writer, steward_metrics;

SET LOCAL ROLE steward_reader;
SELECT lives_ok($$SELECT * FROM steward.constitutional_principles, steward.qec_performance_summary$$, 'a reader reads');
SELECT lives_ok($$SELECT steward.ambiguity('x'), steward.constitutional_score('x')$$, 'a reader scores');
SELECT throws_ok($$INSERT INTO steward.constitutional_principles (name, category, statement) VALUES ('', '', '')$$,
                 '42501', NULL, 'a reader does not write');
SELECT throws_ok($$SELECT steward.refresh_qec_performance_summary()$$, '42501', NULL, 'a reader does not refresh');
SELECT throws_ok($$SELECT steward.partition_maintain('steward.qec_error_predictions')$$, '42501', NULL,
                 'a reader makes no partitions');
RESET ROLE;
SET LOCAL ROLE steward_writer;
SELECT lives_ok($$INSERT INTO steward.constitutional_principles (name, category, statement) VALUES ('', '', '')$$,
                'a writer writes');
SELECT lives_ok($$INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, final_outcome) VALUES (1, 'failure')$$,
                'a writer logs an attempt');
SELECT throws_ok($$DROP TABLE steward.constitutional_principles$$, '42501', NULL, 'a writer drops nothing');
RESET ROLE;
SET LOCAL ROLE steward_metrics;
SELECT throws_ok($$SELECT * FROM steward.constitutional_principles$$, '42501', NULL, 'metrics see no data');
RESET ROLE;
SELECT is((SELECT rolsuper FROM pg_roles WHERE rolname = 'steward_worker'), false, 'the worker is no superuser');

-- An attack through pg_temp: the refresh resolves its names in pg_catalog first and in steward by name.
CREATE FUNCTION pg_temp.avg(float8) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'captured'; END $$;
SET LOCAL search_path = pg_temp, tap, pg_catalog;
SELECT tap.lives_ok($$SELECT steward.refresh_qec_performance_summary()$$, 'a pg_temp attack on the refresh fails');
SELECT * FROM tap.finish();
ROLLBACK;
