-- Who may do what with everything that stands in schema steward, and that nobody gains by a trick.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
BEGIN;
SELECT plan(22);

CREATE TEMPORARY VIEW routine AS
SELECT p.oid::regprocedure::text AS name, p.*, pg_get_userbyid(p.proowner) AS owner
FROM pg_proc AS p WHERE p.pronamespace = 'steward'::regnamespace;

-- PUBLIC.
SELECT is_empty($$SELECT name FROM routine CROSS JOIN LATERAL aclexplode(coalesce(proacl, acldefault('f', proowner))) AS a
                  WHERE a.grantee = 0$$, 'PUBLIC may call nothing');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class AS c, aclexplode(c.relacl) AS a
                  WHERE c.relnamespace = 'steward'::regnamespace AND a.grantee = 0$$, 'PUBLIC has no table');

-- A reader reads and scores.
SELECT set_eq(
    $$SELECT DISTINCT proname::text FROM routine
      WHERE provolatile = 'v' AND has_function_privilege('steward_reader', oid, 'EXECUTE')$$,
    ARRAY['doctor', 'doctor_work', 'doctor_jobs', 'doctor_summaries', 'doctor_monitor', 'preflight', 'performance_check', 'job_runs', 'worker_clock', 'tick_summary', 'operation_begin', 'operation_end',
          'cache_get', 'cache_get_many', 'cache_get_text', 'cache_get_text_many', 'cache_get_bytes', 'cache_get_bytes_many', 'cache_has',
          'cache_ttl', 'cache_hot', 'cache_entry_list', 'cache_lower_entries', 'cache_all_entries', 'cache_may_read', 'cache_counts',
          'cache_memory', 'summary_backlog', 'vector_search', 'text_search', 'hybrid_search',
          'prompt_get', 'prompt_nearest', 'prompt_candidates', 'prompt_hit_id', 'prompt_count', 'prompt_counts', 'prompt_stats',
          'rate_limit_rule', 'rate_limit_stats'],
    'of what may have effects a reader calls what looks or counts');
SELECT is_empty($$SELECT name FROM routine WHERE prosecdef AND has_function_privilege('steward_reader', oid, 'EXECUTE')$$,
                'a reader calls nothing that acts for somebody else');
SELECT is_empty(
    $$SELECT c.oid::regclass, right_ FROM pg_class AS c, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) AS right_
      WHERE c.relnamespace = 'steward'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
            AND has_table_privilege('steward_reader', c.oid, right_)$$,
    'a reader writes nowhere');
SELECT is_empty(
    $$SELECT c.oid::regclass FROM pg_class AS c
      WHERE c.relnamespace = 'steward'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
            AND c.relname !~ '^fidelity_(principles|attempts|measured|appealed)_(source|states|changes)$'
            AND c.relname NOT IN ('principle_change', 'profile_change', 'lexicon_change', 'qec_attempts_source', 'qec_attempts_states', 'qec_attempts_changes',
                                  'qec_performance_source', 'qec_performance_changes', 'operation_stats',
                                  'cache_table', 'cache_archive', 'cache_dictionary', 'cache_popular',
                                  'metric_sample', 'statement_text', 'slow_call', 'slow_calls', 'alert_target', 'alert_delivery', 'api_token')
            AND NOT has_table_privilege('steward_reader', c.oid, 'SELECT')$$,
    'a reader reads every table but the queues, what statements say and where alerts go, and values of caches by functions alone');
SELECT is_empty($$SELECT rolname FROM pg_roles WHERE rolname LIKE 'steward\_%' AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication)$$,
                'no role of ours can make itself another');
SELECT is_empty($$SELECT m.roleid::regrole FROM pg_auth_members AS m WHERE m.member = 'steward_worker'::regrole
                  AND m.roleid NOT IN ('steward_writer'::regrole)$$, 'the worker is a member of nothing but the writers');

-- What runs as its owner.
SELECT cmp_ok((SELECT count(*) FROM routine WHERE prosecdef), '>=', 5::bigint, 'some functions act for their callers');
SELECT is_empty($$SELECT name FROM routine WHERE prosecdef AND owner <> 'steward_owner'$$,
                'their owner is no superuser');
SELECT is_empty($$SELECT name FROM routine WHERE prosecdef
                  AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)$$,
                'and pg_temp stands last in their search_path');

-- Row security: whoever asks sees the scores of the rows that are theirs; the worker scores them all.
SAVEPOINT rows;
GRANT USAGE ON SCHEMA tap TO steward_reader, steward_writer, steward_worker;
INSERT INTO steward.constitutional_principles (principle_id, name, category, statement)
VALUES (1, 'n', 'open', 'It may.'), (2, 'n', 'secret', 'It may.');
ALTER TABLE steward.constitutional_principles ENABLE ROW LEVEL SECURITY;
CREATE POLICY open_only ON steward.constitutional_principles TO steward_reader USING (category = 'open');
SET LOCAL ROLE steward_reader;
SELECT is((SELECT count(*) FROM steward.principle_score(1)), 1::bigint, 'a score of one''s own row');
SELECT is((SELECT count(*) FROM steward.principle_score(2)), 0::bigint, 'no score of a hidden row');
RESET ROLE;
SET LOCAL ROLE steward_writer;
SELECT throws_ok($$SELECT steward.score_principle(2)$$, 'P0002', NULL, 'nor for whom it is hidden by being in the readers');
RESET ROLE;
SET LOCAL ROLE steward_worker;
SELECT is((SELECT written FROM steward.principle_rescore_isolated(steward.principle_pending(), clock_timestamp(), true)), 2, 'the worker scores all rows');
RESET ROLE;
SET LOCAL ROLE steward_reader;
SELECT is((SELECT count(*) FROM steward.principle_score(2)), 0::bigint, 'and a stored score is as hidden as its row');
RESET ROLE;
ROLLBACK TO rows;

-- A lexicon under row security is that of whoever asks, also when one session asks for several.
SAVEPOINT tenants;
GRANT USAGE ON SCHEMA tap TO steward_reader;
INSERT INTO steward.lexicon (name, phrase, class, weight) VALUES ('ours', 'foo', 'a', 0.9), ('ours', 'bar', 'b', 0.1);
ALTER TABLE steward.lexicon ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON steward.lexicon TO steward_reader USING (class = current_setting('app.tenant', true));
SELECT is(round(steward.ambiguity('foo bar', 'ours')::numeric, 2), 0.91, 'who bypasses row security has all phrases');
SET LOCAL ROLE steward_reader;
SET LOCAL app.tenant = 'a';
SELECT is(round(steward.ambiguity('foo bar', 'ours')::numeric, 2), 0.90, 'one tenant has its own');
SET LOCAL app.tenant = 'b';
SELECT is(round(steward.ambiguity('foo bar', 'ours')::numeric, 2), 0.10, 'and the next one its own');
RESET ROLE;
SELECT is(round(steward.ambiguity('foo bar', 'ours')::numeric, 2), 0.91, 'nor does one role see what another has read');
ROLLBACK TO tenants;

-- A real attempt: a writer puts tables, functions and operators of its own before every name that they might use.
GRANT USAGE ON SCHEMA tap TO steward_writer, steward_worker;
INSERT INTO steward.constitutional_principles (principle_id, name, category, statement) VALUES (1, 'n', 'c', 'It may.');
INSERT INTO steward.lexicon (name, phrase, class, weight) VALUES ('house', 'tokens', 'jargon', 0.5);
INSERT INTO steward.score_profile (name, lexicon) VALUES ('house', 'house');
DELETE FROM steward.profile_change;
DELETE FROM steward.lexicon_change;
CREATE SCHEMA attack;
GRANT USAGE ON SCHEMA attack TO PUBLIC;
CREATE FUNCTION attack.spring() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'captured as %', current_user; END $$;
CREATE FUNCTION attack.same(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT attack.spring() $$;
CREATE FUNCTION attack.same(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS $$ SELECT attack.spring() $$;
CREATE FUNCTION attack.joined(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'x' FROM attack.spring() $$;
CREATE FUNCTION attack.ambiguity(text, text) RETURNS float8 LANGUAGE sql AS $$ SELECT 1.0 FROM attack.spring() $$;
CREATE FUNCTION attack.to_regclass(text) RETURNS regclass LANGUAGE sql AS $$ SELECT NULL::regclass FROM attack.spring() $$;
CREATE FUNCTION attack.quote_ident(text) RETURNS text LANGUAGE sql AS $$ SELECT 'x' FROM attack.spring() $$;
CREATE OPERATOR attack.= (LEFTARG = text, RIGHTARG = text, FUNCTION = attack.same);
CREATE OPERATOR attack.< (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = attack.same);
CREATE OPERATOR attack.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = attack.joined);
SELECT format('CREATE TEMPORARY TABLE %I (LIKE steward.%I); GRANT ALL ON pg_temp.%I TO PUBLIC', relname, relname, relname)
FROM pg_class WHERE relnamespace = 'steward'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition \gexec

-- pgTAP would be caught itself: an error ends this test.
SET LOCAL search_path = pg_temp, attack, pg_catalog;
DO $$
BEGIN
    PERFORM 'a'::text = 'b'::text;
    RAISE EXCEPTION USING ERRCODE = 'assert_failure', MESSAGE = 'the trap does not work';
EXCEPTION WHEN raise_exception THEN
    NULL;
END $$;
SET LOCAL ROLE steward_writer;
INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, final_outcome) VALUES (1, 'failure');
UPDATE steward.lexicon SET weight = 0.25;
SELECT steward.refresh_qec_performance_summary();
RESET ROLE;
SET LOCAL ROLE steward_worker;
SELECT steward.history_maintain(now() + interval '30 days');
RESET ROLE;
SET LOCAL search_path = tap, pg_catalog;
SELECT pass('what acts for others does not touch what its caller puts before it');
SELECT results_eq($$SELECT 'principle ' || principle_id FROM steward.principle_change
                    UNION ALL SELECT 'lexicon ' || lexicon FROM steward.lexicon_change$$,
                  $$VALUES ('principle 1'), ('lexicon house')$$, 'and works on the real tables');
SELECT * FROM finish();
ROLLBACK;
