-- Rate limits: what they admit, who may be admitted, and jobs whose class has one. That they hold among many sessions is
-- test/check/84-rate-limits.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, steward, public, pg_catalog;
SELECT no_plan();
CREATE ROLE rl_owner LOGIN IN ROLE steward_job;
CREATE ROLE rl_user LOGIN IN ROLE steward_job;
CREATE ROLE rl_reader IN ROLE steward_reader;
GRANT USAGE ON SCHEMA tap TO rl_owner, rl_user, rl_reader;
SET SESSION AUTHORIZATION rl_owner;

-- Definitions.
SELECT throws_ok($$SELECT rate_limit_create('none')$$, '22023', 'invalid definition of a rate limit', 'a limit of nothing');
SELECT throws_ok($$SELECT rate_limit_create(repeat('x', 64), 1)$$, '22023', NULL, 'a long name');
SELECT throws_ok($$SELECT rate_limit_create('l', 0)$$, '22023', NULL, 'no requests at all');
SELECT throws_ok($$SELECT rate_limit_create('l', 1, per => '32 days')$$, '22023', NULL, 'a long window');
SELECT throws_ok($$SELECT rate_limit_create('l', 1, per => '999 ms')$$, '22023', NULL, 'a short window');
SELECT throws_ok($$SELECT rate_limit_create('l', 1, burst => 0)$$, '22023', NULL, 'no burst');
SELECT throws_ok($$SELECT rate_limit_create('l', 1, burst => 'NaN')$$, '22023', NULL, 'a burst that is no number');
SELECT throws_ok($$SELECT rate_limit_create('l', 1, per => '1 s', delay => '2 s')$$, '22023', NULL, 'a delay beyond the window');
SELECT throws_ok($$SELECT rate_limit_create('l', 1, meter => 'departure')$$, '22023', NULL, 'an unknown meter');
SELECT throws_ok($$SELECT rate_limit_create(NULL, 1)$$, '22023', NULL, 'no name');
SELECT rate_limit_create('model', requests => 5, tokens => 1000, burst => 1);
SELECT throws_ok($$SELECT rate_limit_create('model', 1)$$, '42710', 'rate limit "model" already exists', 'once only');
SELECT throws_ok($$SELECT rate_limit_acquire('other')$$, '42704', 'rate limit "other" does not exist', 'none of that name');

-- All or nothing, in both dimensions.
SELECT results_eq($$SELECT permit, wait FROM rate_limit_acquire('model', 400)$$, $$VALUES (1::bigint, NULL::interval)$$, 'a permit');
SELECT is((SELECT permit FROM rate_limit_acquire('model', 500)), 2::bigint, 'another');
SELECT ok((SELECT permit IS NULL AND wait BETWEEN '1 ms' AND '70 s' FROM rate_limit_acquire('model', 200)), 'too many tokens: wait');
SELECT results_eq($$SELECT used_requests, used_tokens, in_flight, admitted FROM rate_limit_stats('model')$$, $$VALUES (2::bigint, 900::bigint, 2::bigint, 2::bigint)$$,
    'and nothing of it was taken');
SELECT is((SELECT permit FROM rate_limit_acquire('model', 100)), 3::bigint, 'what fits');
SELECT ok(rate_limit_settle('model', 1, 50), 'less was used');
SELECT ok(NOT rate_limit_settle('model', 1, 50), 'once only');
SELECT results_eq($$SELECT used_tokens, in_flight, taken_tokens FROM rate_limit_stats('model')$$, $$VALUES (650::bigint, 2::bigint, 50::bigint)$$, 'there is room again');
SELECT is((SELECT permit FROM rate_limit_acquire('model', 100, 2)), 4::bigint, 'two requests at once');
SELECT ok((SELECT permit IS NULL FROM rate_limit_acquire('model', 0)), 'requests have a limit, too');
SELECT throws_ok($$SELECT rate_limit_acquire('model', 1001)$$, '22023', 'no window has room for so much', 'never');
SELECT throws_ok($$SELECT rate_limit_acquire('model', 0, 6)$$, '22023', 'no window has room for so much', 'nor that');
SELECT throws_ok($$SELECT rate_limit_acquire('model', -1)$$, '22023', NULL, 'fewer than none');
SELECT throws_ok($$SELECT rate_limit_acquire('model', 1, 0)$$, '22023', NULL, 'no request');
SELECT throws_ok($$SELECT rate_limit_settle('model', 2, 1, 'lost')$$, '22023', NULL, 'an unknown outcome');
SELECT throws_ok($$SELECT rate_limit_settle('model', 2, -1)$$, '22023', NULL, 'tokens that were given back');
SELECT ok(rate_limit_settle('model', 2, 900), 'more than was asked for');
SELECT results_eq($$SELECT used_tokens, excess_tokens FROM rate_limit_stats('model')$$, $$VALUES (1150::bigint, 400::bigint)$$, 'counts, and is said');

-- A savepoint, an abort.
BEGIN;
SELECT rate_limit_alter('model', requests => 100, tokens => 100000);
SAVEPOINT s;
SELECT is((SELECT permit FROM rate_limit_acquire('model', 100)), 5::bigint, 'more room');
ROLLBACK TO s;
SELECT is((SELECT permit FROM rate_limit_acquire('model', 100)), 5::bigint, 'a permit that was rolled back was none');
ROLLBACK;
SELECT ok((SELECT permit IS NULL FROM rate_limit_acquire('model')), 'as before');

-- The provider refuses.
SELECT rate_limit_create('busy', concurrency => 10);
SELECT is((SELECT count(p.permit) FROM generate_series(1, 12) AS i CROSS JOIN LATERAL rate_limit_acquire('busy', i * 0) AS p), 10::bigint, 'ten at once');
SELECT ok(rate_limit_settle('busy', 1, outcome => 'throttled', retry_after => '5 min'), 'one is refused');
SELECT results_eq($$SELECT concurrency, throttled, blocked_until - worker_clock() BETWEEN '3 min' AND '5 min' FROM rate_limit_stats('busy')$$,
    $$VALUES (8::float8, 1::bigint, true)$$, 'fewer at once from now on, and none for a while');
SELECT ok(NOT rate_limit_settle('busy', NULL, outcome => 'throttled', retry_after => '1 h'), 'without a permit, too');
SELECT ok((SELECT wait > '59 min' FROM rate_limit_acquire('busy')), 'an hour');

-- Whose they are.
SET SESSION AUTHORIZATION rl_user;
SELECT throws_ok($$SELECT rate_limit_acquire('model')$$, '42704', NULL, 'those of others are not seen');
SELECT is_empty($$SELECT * FROM rate_limit_stats()$$, 'nor listed');
SELECT throws_ok($$SELECT rate_limit_drop('model')$$, '42704', NULL, 'nor dropped');
SET SESSION AUTHORIZATION rl_owner;
SELECT rate_limit_grant('model', 'rl_user'), rate_limit_alter('model', requests => 100, tokens => 10000);
SET SESSION AUTHORIZATION rl_user;
SELECT ok((SELECT permit IS NOT NULL FROM rate_limit_acquire('model')), 'but where it was granted');
SELECT throws_ok($$SELECT rate_limit_alter('model', requests => 1000)$$, '42501', NULL, 'which gives no right to change it');
SELECT throws_ok($$SELECT rate_limit_drop('model')$$, '42501', NULL, 'nor to drop it');
SELECT is_empty($$UPDATE steward.rate_limit SET requests = 1000 RETURNING 1$$, 'not in the table either');
SET SESSION AUTHORIZATION rl_owner;
SELECT rate_limit_revoke('model', 'rl_user');
SET SESSION AUTHORIZATION rl_user;
SELECT throws_ok($$SELECT rate_limit_acquire('model')$$, '42704', NULL, 'and can be taken back');
RESET SESSION AUTHORIZATION;
SET ROLE rl_reader;
SELECT throws_ok($$SELECT rate_limit_acquire('model')$$, '42501', NULL, 'whoever only reads is not admitted');
SELECT lives_ok($$SELECT * FROM rate_limit_stats()$$, 'but may look');
RESET ROLE;
SET SESSION AUTHORIZATION rl_owner;

-- Altered: what is not named stays, 0 is no limit, what was admitted goes on to count.
SELECT rate_limit_alter('model', tokens => 0, per => '1 hour', burst => 0.1, meter => 'arrival');
SELECT results_eq($$SELECT requests, tokens, per, burst, meter, delay FROM steward.rate_limit WHERE rate_limit = 'model'$$,
    $$VALUES (100::bigint, NULL::bigint, interval '1 hour', 0.1::float8, 'arrival', interval '500 ms')$$, 'as altered');
SELECT ok((SELECT used_requests >= 5 FROM rate_limit_stats('model')), 'what was admitted counts');
SELECT count(*) AS held FROM steward.rate_permit AS p WHERE p.rate_limit = 'model' \gset
SELECT throws_ok($$SELECT rate_limit_alter('model', requests => 0)$$, '22023', NULL, 'it must limit something');
SELECT throws_ok($$SELECT rate_limit_alter('other', requests => 1)$$, '42704', NULL, 'none of that name');
SELECT throws_ok($$SELECT rate_limit_alter(NULL, requests => 1)$$, '42704', NULL, 'nor of none');

-- Where nothing can be written, as on a standby, they are looked at, and admit nobody.
BEGIN READ ONLY;
SELECT ok((SELECT in_flight = 9 FROM rate_limit_stats('busy')), 'the state of a limit is read');
SELECT throws_ok($$SELECT rate_limit_acquire('busy')$$, '25006', NULL, 'and nothing admitted');
SELECT throws_ok($$SELECT rate_limit_settle('busy', 2)$$, '25006', NULL, 'nor settled');
COMMIT;
-- A savepoint takes back what it has admitted.
BEGIN;
SAVEPOINT one;
SELECT ok((SELECT permit IS NOT NULL FROM rate_limit_acquire('model')), 'admitted');
ROLLBACK TO one;
SELECT is((SELECT count(*) FROM steward.rate_permit AS p WHERE p.rate_limit = 'model'), :held::bigint, 'and taken back');
COMMIT;
SELECT rate_limit_drop('model'), rate_limit_drop('busy');
SELECT is_empty($$SELECT 1 FROM steward.rate_limit UNION ALL SELECT 2 FROM steward.rate_state UNION ALL SELECT 3 FROM steward.rate_permit$$, 'nothing is left');

-- States are bytes: others are refused.
SELECT throws_ok($$SELECT rate_state_admit('\x00', 60000000, 0, 1, 0, 1, 0, true, now(), 1, 0)$$, '22023', 'these bytes are no state of a rate limit', 'no state');
SELECT throws_ok($$SELECT rate_state_admit('', 0, 0, 1, 0, 1, 0, true, now(), 1, 0)$$, '22023', 'this is no rule of a rate limit', 'no rule');
SELECT throws_ok($$SELECT rate_state_admit('', 60000000, 0, 1, 0, 1, 0, true, now(), -1, 0)$$, '22023', NULL, 'no charge');
SELECT throws_ok($$SELECT rate_state_settle('', 60000000, 0, 1, 0, 1, 0, true, now(), now(), 1, 0, 0, 'lost', 0)$$, '22023', 'unknown outcome: "lost"', 'no outcome');
SELECT throws_ok($$SELECT rate_state_settle('', 60000000, 0, 1, 0, 1, 0, true, now(), now(), 1, 0, 9223372036854775807, 'ok', 0)$$, '22023', NULL, 'nor did a call take so much');
SELECT throws_ok($$SELECT rate_state_settle('', 60000000, 0, 1, 0, 1, 0, true, now(), now(), 1, 0, 0, 'ok', 9223372036854775807)$$, '22023', NULL, 'nor is a provider left alone for so long');
SELECT throws_ok($$SELECT rate_state_admit('', 60000000, 0, 1, 0, 1, 0, true, 'infinity', 1, 0)$$, '22008', 'timestamp out of range', 'no time to be admitted at');
SELECT throws_ok($$SELECT rate_state_settle('', 60000000, 0, 1, 0, 1, 0, true, now(), '-infinity', 1, 0, 0, 'ok', 0)$$, '22008', 'timestamp out of range', 'nor to have been');
SELECT throws_ok($$SELECT rate_state_read('', 60000000, 0, 1, 0, 1, 0, true, '290000-01-01')$$, '22008', 'timestamp out of range', 'nor to look at it');

-- Jobs of a class are claimed as its limit admits them; those of another class, or of none, do not wait for them.
SELECT is(job_token_bound('{"tokens": 12.4}'), 12::bigint, 'tokens as given');
SELECT is(job_token_bound('{"max_tokens": 100}'), octet_length('{"max_tokens": 100}') + 100::bigint, 'or bytes and what may come back');
SELECT is(job_token_bound('{"tokens": 1e300}'), 1000000000000::bigint, 'or very many');
SELECT job_kind_create('ask');
SELECT rate_limit_create('judge', requests => 3, burst => 1);
SELECT count(job_enqueue('ask', jsonb_build_object('n', i), 'judges', rate_class => CASE WHEN i <= 5 THEN 'judge' WHEN i = 6 THEN 'unlimited' END))
FROM generate_series(1, 7) AS i;
CREATE TEMPORARY TABLE claimed AS SELECT * FROM job_claim('judges', 10);
SELECT set_eq($$SELECT (payload ->> 'n')::integer FROM claimed$$, '{1,2,3,6,7}'::integer[], 'as many as are admitted, and all others');
SELECT results_eq($$SELECT count(*), bool_and(run_at > worker_clock()) FROM steward.job WHERE queue = 'judges' AND state = 'scheduled'$$, $$VALUES (2::bigint, true)$$,
    'the rest waits for its time');
SELECT is_empty($$SELECT * FROM job_claim('judges', 10)$$, 'and holds up nobody');
SELECT is((SELECT in_flight FROM rate_limit_stats('judge')), 3::bigint, 'three have a permit');
SELECT job_complete('judges', id, '{"usage": {"total_tokens": 7}}') FROM claimed WHERE payload ->> 'n' = '1';
SELECT job_fail('judges', id, 'no answer') FROM claimed WHERE payload ->> 'n' = '2';
SELECT results_eq($$SELECT in_flight, used_requests, taken_tokens FROM rate_limit_stats('judge')$$, $$VALUES (1::bigint, 3::bigint, 7::bigint)$$, 'which they give back');
SELECT rate_limit_drop('judge');
SELECT lives_ok($$SELECT job_complete('judges', id) FROM claimed WHERE payload ->> 'n' = '3'$$, 'also when the limit is there no more');
SELECT rate_limit_create('judge', tokens => 100);
SELECT job_enqueue('ask', '{"tokens": 1000}', 'large', rate_class => 'judge');
SELECT is((SELECT count(*) FROM job_claim('large')), 1::bigint, 'what is larger than the limit has it for itself');
SELECT rate_limit_drop('judge');
SELECT count(steward.job_cancel(queue, id)) FROM steward.jobs WHERE queue IN ('judges', 'large');
RESET SESSION AUTHORIZATION;
DELETE FROM steward.job_history WHERE queue IN ('judges', 'large');
DELETE FROM steward.queue_owner WHERE queue IN ('judges', 'large');
DELETE FROM steward.queue WHERE queue IN ('judges', 'large');
DELETE FROM steward.job_kind WHERE kind = 'ask';
DROP TABLE pg_temp.claimed;
REVOKE USAGE ON SCHEMA tap FROM rl_owner, rl_user, rl_reader;
DROP ROLE rl_owner, rl_user, rl_reader;
SELECT * FROM finish();
