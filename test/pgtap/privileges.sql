-- What roles may do with the extension, and that it can be dropped and made again.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
BEGIN;
SELECT plan(11);

CREATE ROLE steward_test_stranger;
CREATE ROLE steward_test_scorer;
GRANT USAGE ON SCHEMA tap TO steward_test_stranger, steward_test_scorer;
GRANT USAGE ON SCHEMA steward TO steward_test_scorer;
GRANT EXECUTE ON FUNCTION steward.ambiguity(text) TO steward_test_scorer;

SET LOCAL ROLE steward_test_stranger;
SELECT throws_ok($$SELECT steward.ambiguity('x')$$, '42501', 'permission denied for schema steward');
SELECT throws_ok($$CREATE EXTENSION pg_steward VERSION 'x'$$, '42710');
RESET ROLE;
GRANT USAGE ON SCHEMA steward TO steward_test_stranger;
SET LOCAL ROLE steward_test_stranger;
SELECT throws_ok($$SELECT steward.ambiguity('x')$$, '42501', 'permission denied for function ambiguity');
SELECT throws_ok($$SELECT steward.levenshtein('x', 'y')$$, '42501', 'permission denied for function levenshtein');
RESET ROLE;
SET LOCAL ROLE steward_test_scorer;
SELECT lives_ok($$SELECT steward.ambiguity('x')$$, 'a granted function can be called');
SELECT throws_ok($$SELECT steward.constitutional_score('x')$$, '42501',
                 'permission denied for function constitutional_score');
RESET ROLE;

CREATE TABLE steward.kept (statement text);
INSERT INTO steward.kept VALUES ('it may');
DROP EXTENSION pg_steward;
SELECT is((SELECT count(*) FROM steward.kept), 1::bigint, 'DROP EXTENSION leaves the tables in its schema');
ALTER SCHEMA steward OWNER TO steward_test_stranger;
SELECT throws_ok($$CREATE EXTENSION pg_steward$$, '42501',
                 'schema "steward" belongs to "steward_test_stranger", who is no superuser');
ALTER SCHEMA steward OWNER TO CURRENT_USER;
SELECT lives_ok($$CREATE EXTENSION pg_steward$$, 'a superuser''s schema is taken');
SELECT is((SELECT round(steward.ambiguity(statement)::numeric, 4) FROM steward.kept), 0.1288,
          'the extension can be made again in the schema that is there');
CREATE INDEX ON steward.kept (steward.ambiguity(statement));
SELECT throws_ok($$DROP EXTENSION pg_steward$$, '2BP01', NULL, 'an index on a score keeps the extension');
SELECT * FROM finish();
ROLLBACK;
