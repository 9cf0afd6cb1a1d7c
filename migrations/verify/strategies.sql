-- Verify pg_steward:strategies on pg
BEGIN;
SELECT failure_type, max_attempts, parallel, use_cached, adaptive, discount, sharpness, floor, least_floor, success_worth
FROM steward.failure_type WHERE false;
SELECT failure_type, strategy, role, by_person, enabled, prior_mean, prior_strength, kind FROM steward.strategy WHERE false;
SELECT failure_type, strategy, at_event, successes, failures, costs, costed, trials, succeeded, timed, durations, last_at
FROM steward.strategy_tally WHERE false;
SELECT decision_id, decided_at, failure_type, strategy, propensity, candidates, context FROM steward.strategy_decision WHERE false;
SELECT decision_id, rewarded_at, decided_at, failure_type, strategy, propensity, candidates, context, success, cost, duration
FROM steward.strategy_outcome WHERE false;
SELECT scope, timeout, solution_ttl, keep, log_attempts FROM steward.recovery_setting WHERE false;
SELECT principle_id, recovery_id, owner, failure_type, state, error, failure_hash, context, attempts, max_attempts, since_attempt, seed,
       dispatched_at, ended_at, solved_by, solution, from_recovery, message
FROM steward.recovery WHERE false;
SELECT principle_id, recovery_id, attempt, owner, strategy, decision_id, queue, job, started_at, ended_at, outcome, error
FROM steward.recovery_attempt WHERE false;
SELECT failure_type, strategy, role, by_person, enabled, trials, successes, success_rate, low, high, expected, mean_cost, mean_duration, last_at
FROM steward.strategy_stats WHERE false;
SELECT principle_id, recovery_id, owner, failure_type, error, state, attempts, max_attempts, strategies, duration FROM steward.recoveries WHERE false;
SELECT principle_id, recovery_id, strategy, failure_type, name, statement, error, context, waiting_since, tried FROM steward.human_tasks WHERE false;
SELECT 'steward.recovery_enqueue(bigint,bigint,integer,timestamptz)'::regprocedure;
ROLLBACK;
