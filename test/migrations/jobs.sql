-- Jobs, as the roles that have them meet them. No transaction around it: what runs jobs commits.
\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
SET search_path = tap, pg_catalog;
DROP ROLE IF EXISTS steward_test_app, steward_test_other, steward_test_group;
CREATE ROLE steward_test_app LOGIN;
CREATE ROLE steward_test_other LOGIN;
CREATE ROLE steward_test_group NOLOGIN;
GRANT steward_job TO steward_test_app, steward_test_other, steward_test_group;
CREATE SCHEMA work;
GRANT USAGE ON SCHEMA tap, work TO PUBLIC;
GRANT CREATE ON SCHEMA work TO steward_test_app, steward_test_other;
CREATE TABLE work.done (job_id bigint, payload jsonb, who name DEFAULT current_user, at timestamptz DEFAULT clock_timestamp());
CREATE TABLE work.parent (id bigint PRIMARY KEY);
CREATE TABLE work.child (id bigint REFERENCES work.parent DEFERRABLE INITIALLY DEFERRED);
GRANT ALL ON work.done, work.parent, work.child TO steward_test_app, steward_test_other;
CREATE VIEW tap.past WITH (security_invoker = true) AS SELECT id, attempt, outcome, kind, result, error_sqlstate, error_message FROM steward.job_history;
GRANT SELECT ON tap.past TO PUBLIC;
SELECT plan(96);

SET SESSION AUTHORIZATION steward_test_app;
CREATE FUNCTION work.note(job_id bigint, payload jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO work.done VALUES (job_id, payload);
    IF payload ? 'sql' THEN
        EXECUTE payload ->> 'sql';
    END IF;
    RETURN jsonb_build_object('noted', job_id);
END $$;
SELECT steward.job_kind_create('note', 'work.note(bigint,jsonb)', '{"backoff": "1 hour", "max_attempts": 2}');
SELECT steward.job_kind_create('notes', 'work.note(bigint,jsonb)', '{"backoff": "1 hour", "batch": 10}');
SELECT steward.job_kind_create('remote');

-- Kinds.
SELECT throws_ok($$SELECT steward.job_kind_create('note', 'work.note(bigint,jsonb)')$$, '42710', 'kind "note" of jobs already exists');
SELECT throws_ok($$SELECT steward.job_kind_create('bad', 'pg_catalog.now()')$$, '42P13', 'a handler must be a function (bigint, jsonb) that returns jsonb');
SELECT throws_ok($$SELECT steward.job_kind_create('bad', NULL, '{"colour": 1}')$$, '22023', 'option "colour" does not exist');
SELECT throws_ok($$SELECT steward.job_kind_create('bad', NULL, '{"batch": "many"}')$$, '22023', 'invalid value of option "batch": "many"');
SELECT throws_ok($$SELECT steward.job_kind_create('bad', NULL, '{"batch": 0}')$$, '23514');
SELECT throws_ok($$SELECT steward.job_kind_drop('nobody')$$, '42704', 'kind "nobody" of jobs does not exist');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION steward_test_other;
SELECT throws_ok($$SELECT steward.job_kind_alter('note', options => '{"batch": 2}')$$, '42501', 'permission denied for kind "note" of jobs');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION steward_test_app;

-- Into the queue.
SELECT throws_ok($$SELECT steward.job_enqueue('nothing')$$, '42704', 'kind "nothing" of jobs does not exist');
SELECT throws_ok($$SELECT steward.job_enqueue('note', priority => 10)$$, '22023');
SELECT throws_ok($$SELECT steward.job_enqueue('note', run_at => 'infinity')$$, '22023');
SELECT throws_ok($$SELECT steward.job_enqueue('note', unique_for => '1 h')$$, '22023');
SELECT is(steward.job_enqueue('note', unique_key => 'one'), steward.job_enqueue('note', unique_key => 'one'), 'a key that is taken gives its job');
SELECT isnt(steward.job_enqueue('note', unique_key => 'one', queue => 'q2'), steward.job_enqueue('note', unique_key => 'one'),
            'each queue has its keys');
CALL steward.jobs_run();
SELECT results_eq($$SELECT queue || ' ' || outcome FROM steward.job_history ORDER BY 1$$, ARRAY['default completed', 'q2 completed'], 'each was done once');
SELECT is((SELECT count(*) FROM steward.jobs), 0::bigint, 'and is no job any more');
SELECT steward.job_enqueue('note', unique_key => 'day', unique_for => '1 day') AS id \gset
CALL steward.jobs_run();
SELECT is(steward.job_enqueue('note', unique_key => 'day', unique_for => '1 day'), :id::bigint, 'a key can hold longer than its job');
SELECT is(cardinality(steward.job_enqueue_many('notes', ARRAY(SELECT to_jsonb(i) FROM generate_series(1, 25) AS i))), 25, 'many at once');
CALL steward.jobs_run(max => 5);
SELECT is((SELECT count(*) FROM steward.jobs), 20::bigint, 'no more than were asked for');
CALL steward.jobs_run();
SELECT is((SELECT array_agg((payload)::integer ORDER BY job_id) FROM work.done WHERE jsonb_typeof(payload) = 'number'),
          ARRAY(SELECT generate_series(1, 25)), 'all of them, each once');
SELECT is((SELECT array_agg(job_id ORDER BY at) FROM work.done WHERE jsonb_typeof(payload) = 'number'),
          (SELECT array_agg(job_id ORDER BY job_id) FROM work.done WHERE jsonb_typeof(payload) = 'number'), 'in their order');
DELETE FROM work.done;
SELECT steward.job_enqueue('note', '{"n": 1}', priority => 9);
SELECT steward.job_enqueue('note', '{"n": 2}', priority => 0);
SELECT steward.job_enqueue('note', '{"n": 3}');
CALL steward.jobs_run();
SELECT is((SELECT array_agg(payload ->> 'n' ORDER BY at) FROM work.done), '{2,3,1}', 'priority 0 comes first');

-- Time and dependencies.
SELECT steward.job_enqueue('note', '{"late": true}', run_at => steward.worker_clock() + '1 h') AS id \gset
CALL steward.jobs_run();
SELECT is((SELECT state FROM steward.jobs), 'scheduled', 'what is for later waits');
SELECT steward.job_retry('default', :id);
CALL steward.jobs_run();
SELECT is((SELECT outcome FROM tap.past WHERE id = :id), 'completed', 'unless somebody wants it now');
BEGIN;
SELECT steward.job_enqueue('note', queue => 'first') AS first \gset
SELECT steward.job_enqueue('note', depends_on => ARRAY[('first', :first)]::steward.job_name[]) AS second \gset
SELECT steward.job_enqueue('note', depends_on => ARRAY[('first', :first), ('default', :second)]::steward.job_name[]) AS third \gset
SELECT is((SELECT array_agg(state ORDER BY id) FROM steward.jobs), '{ready,waiting,waiting}', 'a job waits for others');
SELECT is((SELECT depends_on::text FROM steward.jobs WHERE id = :second), format('{"(first,%s)"}', :first), 'and says for which');
COMMIT;
CALL steward.jobs_run();
SELECT is((SELECT array_agg(id ORDER BY finished_at) FROM steward.job_history WHERE id >= :first), ARRAY[:first, :second, :third]::bigint[],
          'they were done one after the other');
SELECT steward.job_enqueue('note', depends_on => ARRAY[('first', :first)]::steward.job_name[]) AS id \gset
CALL steward.jobs_run();
CALL steward.jobs_run();
SELECT is((SELECT outcome FROM tap.past WHERE id = :id), 'completed', 'what waits for something that is done already need not wait');
SELECT steward.job_enqueue('remote', queue => 'first') AS first \gset
SELECT steward.job_enqueue('note', depends_on => ARRAY[('first', :first)]::steward.job_name[]) AS second \gset
SELECT is(steward.job_cancel('first', :first), 'cancelled', 'a job that has not begun is taken out');
SELECT is((SELECT outcome FROM tap.past WHERE id = :second), 'cancelled', 'with what waits for it');
SELECT throws_ok(format($$SELECT steward.job_cancel('first', %s)$$, :first), '42704');

-- What goes wrong.
SELECT steward.job_enqueue('note', '{"sql": "SELECT 1/0"}') AS zero,
       steward.job_enqueue('note', '{"sql": "INSERT INTO work.child VALUES (7)"}') AS deferred,
       steward.job_enqueue('note', '{"sql": "SELECT pg_sleep(100)"}', timeout => '50 ms') AS slow,
       steward.job_enqueue('note', '{"sql": "COMMIT"}') AS ends_it,
       steward.job_enqueue('note', '{"sql": "SET search_path = nowhere"}') AS sets,
       steward.job_enqueue('note', '{"fine": true}') AS fine \gset
DELETE FROM work.done;
CALL steward.jobs_run();
SELECT is((SELECT error_sqlstate || ' ' || error_message FROM steward.jobs WHERE id = :zero), '22012 division by zero', 'an error is kept');
SELECT is((SELECT error_sqlstate FROM steward.jobs WHERE id = :deferred), '23503', 'one that a commit would have raised too');
SELECT is((SELECT error_sqlstate || ' ' || error_message FROM steward.jobs WHERE id = :slow),
          '57014 the job was ended because its time was over', 'a job has a time limit');
SELECT is((SELECT error_sqlstate FROM steward.jobs WHERE id = :ends_it), '0A000', 'a handler cannot end the transaction');
SELECT is((SELECT array_agg(job_id ORDER BY job_id) FROM work.done), ARRAY[:sets, :fine]::bigint[],
          'what they wrote is undone, the others are done');
SELECT is(current_setting('search_path'), 'tap, pg_catalog', 'what a handler sets ends with it');
SELECT is((SELECT state || ' ' || attempts FROM steward.jobs WHERE id = :zero), 'scheduled 1', 'it will be tried again');
SELECT steward.job_retry(queue, id) FROM steward.jobs WHERE state = 'scheduled';
CALL steward.jobs_run();
SELECT is((SELECT array_agg(DISTINCT state || ' ' || attempts) FROM steward.jobs), '{dead 2}', 'until all attempts are used');
SELECT is((SELECT array_agg(outcome ORDER BY attempt) FROM tap.past WHERE id = :zero), '{failed,dead}', 'each is in the history');
SELECT steward.job_cancel(queue, id) FROM steward.jobs WHERE id <> :zero;
SELECT steward.job_retry('default', :zero);
SELECT is((SELECT state || ' ' || attempts FROM steward.jobs), 'ready 0', 'a dead job can be driven again');
SELECT steward.job_cancel('default', :zero);
SELECT throws_ok(format($$SELECT steward.job_retry('default', %s)$$, :zero), '42704');
SELECT is((SELECT array_agg(round(extract(epoch FROM w.longest) / 100)::integer ORDER BY n) FROM
               (SELECT n, max(steward.job_backoff(n, '100 s', '1000 s')) AS longest, min(steward.job_backoff(n, '100 s', '1000 s')) AS shortest
                FROM generate_series(1, 6) AS n, generate_series(1, 3000) GROUP BY n) AS w WHERE w.shortest < '10 s'),
          '{1,2,4,8,10,10}', 'waits grow up to a cap, and are anything up to that');
SELECT steward.job_enqueue('note', '{"sql": "SELECT 1/0"}', max_attempts => 3) AS thrice \gset
CALL steward.jobs_run();
SELECT steward.job_retry('default', :thrice);
CALL steward.jobs_run();
SELECT is((SELECT state || ' ' || attempts FROM steward.jobs), 'scheduled 2', 'a job may have other attempts than its kind');
SELECT steward.job_retry('default', :thrice);
CALL steward.jobs_run();
SELECT is((SELECT state || ' ' || attempts FROM steward.jobs), 'dead 3', 'and has no more than them');
SELECT steward.job_cancel('default', :thrice);

-- A batch in which one fails.
DELETE FROM work.done;
SELECT steward.job_enqueue_many('notes', ARRAY['{"n": 1}', '{"n": 2, "sql": "SELECT 1/0"}', '{"n": 3}']::jsonb[]);
CALL steward.jobs_run();
SELECT is((SELECT array_agg(payload ->> 'n' ORDER BY job_id) FROM work.done), '{1,3}', 'one that fails takes none along');
SELECT is((SELECT array_agg(state) FROM steward.jobs), '{scheduled}', 'and is the only one left');
SELECT steward.job_cancel(queue, id) FROM steward.jobs;

-- What must not lose a job that is ready.
CALL steward.jobs_run(max => 0);
SELECT steward.job_enqueue('note');
CALL steward.jobs_run(max => 0);
CALL steward.jobs_run();
SELECT is((SELECT count(*) FROM steward.jobs), 0::bigint, 'to want no job is not to find none');
SELECT steward.job_enqueue('remote', queue => 'near') AS id \gset
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT is((SELECT array_agg(id) FROM steward.job_claim('near')), ARRAY[:id]::bigint[], 'claimed by a snapshot');
ROLLBACK;
BEGIN;
SELECT is((SELECT array_agg(id) FROM steward.job_claim('near')), ARRAY[:id]::bigint[], 'claimed, and kept over a savepoint');
SAVEPOINT s;
ROLLBACK TO s;
SELECT is_empty($$SELECT * FROM steward.job_claim('near')$$, 'not twice');
ROLLBACK;
SELECT is((SELECT array_agg(id) FROM steward.job_claim('near')), ARRAY[:id]::bigint[], 'free again');
SELECT steward.job_cancel('near', :id);

-- Whose fault it is.
RESET SESSION AUTHORIZATION;
REVOKE EXECUTE ON FUNCTION work.note(bigint, jsonb) FROM PUBLIC;
SET SESSION AUTHORIZATION steward_test_other;
SELECT steward.job_enqueue('note') AS id \gset
CALL steward.jobs_run();
SELECT is((SELECT error_sqlstate FROM steward.jobs WHERE id = :id), '42501', 'who may not call the handler fails, alone');
SELECT steward.job_cancel('default', :id);
RESET SESSION AUTHORIZATION;
GRANT EXECUTE ON FUNCTION work.note(bigint, jsonb) TO PUBLIC;
SET ROLE steward_test_app;
SELECT throws_ok('CALL steward.jobs_run()', '42501', 'jobs run only in a session of their owner');
RESET ROLE;
SET SESSION AUTHORIZATION steward_test_app;
SELECT steward.job_enqueue_many('notes', ARRAY[
    '{"n": 1, "sql": "INSERT INTO work.child VALUES (8)"}', '{"n": 2, "sql": "INSERT INTO work.child VALUES (9); INSERT INTO work.parent VALUES (9)"}',
    '{"n": 3, "sql": "INSERT INTO work.child VALUES (10); INSERT INTO work.parent VALUES (10)"}']::jsonb[]);
CALL steward.jobs_run();
SELECT is((SELECT array_agg(payload ->> 'n') FROM steward.jobs), '{1}', 'a deferred constraint that one breaks is nothing to the next');
SELECT is((SELECT array_agg(id ORDER BY id) FROM work.child), '{9,10}', 'which may keep it at its end');
SELECT steward.job_cancel(queue, id) FROM steward.jobs;
SELECT throws_ok($$SELECT steward.job_enqueue('note', depends_on => ARRAY[('default', 0)]::steward.job_name[])$$, '42704');
SELECT throws_ok($$SELECT steward.job_enqueue('note', depends_on => ARRAY[NULL]::steward.job_name[])$$, '22023');
SELECT steward.job_enqueue('note', unique_key => 'held') AS id \gset
SELECT is(steward.job_enqueue('note', unique_key => 'held', unique_for => '1 h'), :id::bigint, 'a key for a time, of a job that is there');
SELECT is(steward.job_enqueue('note', unique_key => 'held', unique_for => '1 h'), :id::bigint, 'and again');
SELECT steward.job_enqueue('note', unique_key => 'short') AS id \gset
RESET SESSION AUTHORIZATION;
-- Lets the key go when somebody has found it taken, as another session may.
CREATE FUNCTION work.let_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DELETE FROM %I.%I WHERE id = %s', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_ARGV[0]);
    RETURN NULL;
END $$;
CREATE TRIGGER let_go AFTER INSERT ON steward.job EXECUTE FUNCTION work.let_go(:'id');
SET SESSION AUTHORIZATION steward_test_app;
SELECT steward.job_enqueue('note', unique_key => 'short', unique_for => '1 h') AS again \gset
SELECT isnt(:again::bigint, :id::bigint, 'a job that ends gives its key to whoever asks for it at that moment');
SELECT ok(EXISTS (SELECT FROM steward.job WHERE id = :again), 'whose job is there');
SELECT steward.job_cancel('default', :again);
SELECT steward.schedule_create('hour', '@hourly', kind => 'note') IS NOT NULL AS is_made \gset
SELECT steward.schedule_run_now('hour') AS id \gset
RESET SESSION AUTHORIZATION;
DROP TRIGGER let_go ON steward.job;
CREATE TRIGGER let_go AFTER INSERT ON steward.job EXECUTE FUNCTION work.let_go(:'id');
SET SESSION AUTHORIZATION steward_test_app;
SELECT isnt(steward.schedule_run_now('hour'), :id::bigint, 'nor does a schedule name a job that has ended');
SELECT steward.schedule_drop('hour');
SELECT steward.job_cancel(queue, id) FROM steward.jobs WHERE unique_key = 'schedule hour';
RESET SESSION AUTHORIZATION;
DROP TRIGGER let_go ON steward.job;
UPDATE steward.job_unique SET until = '2000-01-01', id = 0 WHERE unique_key = 'short';
CREATE TRIGGER let_go AFTER INSERT ON steward.job_unique EXECUTE FUNCTION work.let_go('0');
SET SESSION AUTHORIZATION steward_test_app;
SELECT lives_ok($$SELECT steward.job_enqueue('note', unique_key => 'short', unique_for => '1 h')$$, 'the duties forget a key whose time is over');
SELECT is((SELECT count(*) FROM steward.job WHERE unique_key = 'short'), 1::bigint, 'while somebody else takes it');
SELECT steward.job_cancel(queue, id) FROM steward.jobs WHERE unique_key = 'short';
RESET SESSION AUTHORIZATION;
DROP TRIGGER let_go ON steward.job_unique;
DELETE FROM steward.job_unique WHERE unique_key = 'short';
SET SESSION AUTHORIZATION steward_test_other;
SELECT isnt(steward.job_enqueue('note', unique_key => 'held', unique_for => '1 h'), :id::bigint, 'each role has its keys');
SELECT throws_ok($$SELECT steward.job_kind_create('note')$$, '42710');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION steward_test_app;
SELECT steward.job_kind_drop('remote');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION steward_test_other;
SELECT throws_ok($$SELECT steward.job_kind_create('remote')$$, '42710', 'kind "remote" of jobs already exists');
CALL steward.jobs_run();
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION steward_test_app;
SELECT steward.job_kind_create('remote');
CALL steward.jobs_run();
SELECT steward.job_enqueue('remote', queue => 'a') AS a, steward.job_enqueue('remote', queue => 'b') AS b \gset
SELECT steward.job_enqueue('note', depends_on => ARRAY[('a', :a), ('b', :b)]::steward.job_name[]) AS id \gset
SELECT count(*) FROM steward.job_claim('a') AS a, steward.job_claim('b') AS b;
SELECT steward.job_complete('a', :a);
SELECT is((SELECT state FROM steward.jobs WHERE id = :id), 'waiting', 'one of two is done');
SELECT steward.job_complete('b', :b);
SELECT is((SELECT state FROM steward.jobs WHERE id = :id), 'ready', 'both are');
CALL steward.jobs_run();

-- A materialized view is refreshed when its tables have changed.
CREATE TABLE work.source (a integer);
CREATE MATERIALIZED VIEW work.view AS SELECT count(*) AS rows FROM work.source;
SELECT pg_stat_force_next_flush();
SELECT steward.job_enqueue('refresh_matview', '{"name": "work.view"}');
CALL steward.jobs_run();
SELECT steward.job_enqueue('refresh_matview', '{"name": "work.view"}');
CALL steward.jobs_run();
INSERT INTO work.source VALUES (1);
SELECT pg_stat_force_next_flush();
SELECT steward.job_enqueue('refresh_matview', '{"name": "work.view"}');
CALL steward.jobs_run();
SELECT is((SELECT array_agg(result ->> 'skipped' ORDER BY id) FROM tap.past WHERE kind = 'refresh_matview'), '{false,true,false}', 'and only then');
SELECT is((SELECT rows FROM work.view), 1::bigint, 'what it shows');
CREATE MATERIALIZED VIEW work.clock AS SELECT now() AS at;
SELECT is(steward.matview_signature('work.clock'), NULL, 'nothing is known of one that depends on more');

-- Handlers that are not what they were.
SELECT steward.job_enqueue('note', '{"sql": "DROP FUNCTION work.note(bigint, jsonb)"}') AS drops, steward.job_enqueue('note') AS after \gset
CALL steward.jobs_run();
SELECT is((SELECT outcome FROM tap.past WHERE id = :drops), 'completed', 'a handler that drops itself has done so');
SELECT is((SELECT error_sqlstate || ' ' || error_message FROM steward.jobs WHERE id = :after),
          '42883 function "work.note(bigint,jsonb)" does not exist', 'and is missed by the next');
CREATE FUNCTION work.note(job_id bigint, payload jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO work.done VALUES (job_id, payload);
    PERFORM steward.job_progress(job_id, 1, 4, 'a quarter');
    RETURN (SELECT to_jsonb(j) FROM (SELECT state, done, total, note FROM steward.jobs WHERE id = job_id) AS j);
END $$;
SELECT steward.job_retry('default', :after);
CALL steward.jobs_run();
SELECT is((SELECT result FROM tap.past WHERE id = :after AND outcome = 'completed'),
          '{"state": "running", "done": 1, "total": 4, "note": "a quarter"}', 'a handler says how far it is');
SELECT throws_ok(format($$SELECT steward.job_progress(%s, 1, 2)$$, :after), '55000');

-- Clients.
SELECT steward.job_enqueue_many('remote', ARRAY['{"n": 1}', '{"n": 2}', '{"n": 3}']::jsonb[], queue => 'far');
CALL steward.jobs_run();
SELECT is((SELECT count(*) FROM steward.jobs WHERE state = 'ready'), 3::bigint, 'the database leaves to clients what is theirs');
SELECT id AS first FROM steward.job_claim('far') \gset
SELECT is((SELECT array_agg(payload ->> 'n' ORDER BY id) FROM steward.job_claim('far', 10, '1 minute')), '{2,3}', 'each is given once');
SELECT is_empty($$SELECT * FROM steward.job_claim('far')$$, 'and then there is none');
SELECT cmp_ok(steward.job_heartbeat('far', :first, '1 h'), '>', steward.worker_clock() + '59 min', 'a lease is prolonged');
SELECT steward.job_progress(:first, 1, 2, 'half', 'far');
SELECT is((SELECT state || ' ' || done || ' ' || note FROM steward.jobs WHERE id = :first), 'leased 1 half', 'a client says how far it is');
SELECT steward.job_complete('far', :first, '"ok"');
SELECT is((SELECT outcome || ' ' || result || ' ' || attempt FROM tap.past WHERE id = :first), 'completed "ok" 1', 'a client ends a job');
SELECT throws_ok(format($$SELECT steward.job_complete('far', %s)$$, :first), '55000', format('job %s of queue "far" is not leased', :first));
SELECT is((SELECT array_agg(steward.job_fail(queue, id, 'no', '08006')) FROM steward.jobs WHERE state = 'leased'), '{scheduled,scheduled}', 'or fails');
SELECT steward.job_cancel(queue, id) FROM steward.jobs;
BEGIN;
SELECT steward.job_enqueue('remote', queue => 'far');
SAVEPOINT s;
ROLLBACK TO s;
COMMIT;
BEGIN;
SELECT is((SELECT count(*) FROM steward.job_claim('far')), 1::bigint, 'claimed');
ROLLBACK;
SELECT is((SELECT count(*) FROM steward.job_claim('far')), 1::bigint, 'and free again when the transaction is undone');
SELECT steward.job_cancel(queue, id) FROM steward.jobs;

-- Queues.
SELECT steward.queue_pause('q2');
SELECT steward.job_enqueue('note', queue => 'q2');
CALL steward.jobs_run();
SELECT is((SELECT state FROM steward.jobs), 'ready', 'nothing of a queue that is paused begins');
SELECT steward.queue_resume('q2');
CALL steward.jobs_run();
SELECT is((SELECT count(*) FROM steward.jobs), 0::bigint, 'until it is resumed');
SELECT steward.queue_alter('q2', max_depth => 2);
SELECT throws_ok($$SELECT steward.job_enqueue_many('note', ARRAY['1', '2', '3']::jsonb[], queue => 'q2')$$, '53400', 'queue "q2" is full');

-- Others.
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION steward_test_group;
SELECT throws_ok($$SELECT steward.job_enqueue('note')$$, '55000', 'role "steward_test_group" cannot have jobs done: it may not log in');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION steward_test_app;
SELECT steward.job_enqueue('note', '{"secret": 1}') AS id \gset
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION steward_test_other;
SELECT is((SELECT count(*) FROM steward.jobs), 0::bigint, 'nobody sees what others have');
CALL steward.jobs_run();
SELECT throws_ok(format($$SELECT steward.job_cancel('default', %s)$$, :id), '42704');
SELECT throws_ok(format($$INSERT INTO steward.job (queue, position, enqueued_at, run_at, owner, priority, max_attempts, runner, state, kind, payload)
    VALUES ('default', 1, now(), now(), 'steward_test_app', 5, 1, 'd', 'ready', 'note', '{}')$$), '42501');
SELECT throws_ok($$SELECT steward.queue_pause('q2')$$, '42501');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT state || ' ' || owner FROM steward.jobs WHERE id = :id), 'ready steward_test_app', 'nor does it');
SET SESSION AUTHORIZATION steward_test_app;
CALL steward.jobs_run();
SELECT is((SELECT who FROM work.done WHERE payload ? 'secret'), 'steward_test_app', 'a job runs as its owner');
RESET SESSION AUTHORIZATION;

SELECT * FROM finish();
DROP VIEW tap.past;
DROP SCHEMA work CASCADE;
DELETE FROM steward.job_kind WHERE owner <> 'steward_owner'::regrole;
DELETE FROM steward.queue WHERE owner <> 'steward_owner'::regrole;
DELETE FROM steward.queue_owner WHERE owner <> 'steward_worker'::regrole;
DELETE FROM steward.job_unique;
TRUNCATE steward.job, steward.job_history;
DROP OWNED BY steward_test_app, steward_test_other, steward_test_group;
DROP ROLE steward_test_app, steward_test_other, steward_test_group;
