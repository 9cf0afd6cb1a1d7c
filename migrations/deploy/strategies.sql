-- Deploy pg_steward:strategies to pg
-- requires: fidelity
-- What is tried when a synthesis fails: types of failure, strategies and how they fared, decisions and what came of them, and
-- recoveries, which jobs and persons carry out. No column has a type of the extension: DROP EXTENSION takes nothing along.
BEGIN;
DO $$
DECLARE
    member record;
BEGIN
    FOR member IN SELECT p.oid::regprocedure AS signature FROM pg_proc AS p
                  WHERE p.pronamespace = 'steward'::regnamespace AND p.proname = 'recovery_job_insert' LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO steward_owner', member.signature);
    END LOOP;
END $$;
SET LOCAL ROLE steward_owner;

CREATE TABLE steward.failure_type (
    failure_type text NOT NULL PRIMARY KEY CHECK (failure_type <> ''),
    max_attempts smallint NOT NULL DEFAULT 2 CHECK (max_attempts BETWEEN 1 AND 100),
    parallel boolean NOT NULL DEFAULT false,
    use_cached boolean NOT NULL DEFAULT false,
    adaptive boolean NOT NULL DEFAULT true,
    discount float8 NOT NULL DEFAULT 0.995 CHECK (discount BETWEEN 0.5 AND 1),
    sharpness float8 NOT NULL DEFAULT 3 CHECK (sharpness BETWEEN 0.1 AND 100),
    floor float8 NOT NULL DEFAULT 0.02 CHECK (floor BETWEEN 0 AND 1),
    least_floor float8 NOT NULL DEFAULT 0.005 CHECK (least_floor BETWEEN 0 AND 1),
    success_worth float8 CHECK (success_worth > 0 AND success_worth < 'infinity')
);
COMMENT ON TABLE steward.failure_type IS 'types of failure, and how recoveries from them go';
COMMENT ON COLUMN steward.failure_type.max_attempts IS 'how many strategies a recovery tries before a person is asked, or it is given up';
COMMENT ON COLUMN steward.failure_type.parallel IS 'whether those are tried at the same time: the first that succeeds ends the others';
COMMENT ON COLUMN steward.failure_type.use_cached IS 'whether the solution of an earlier recovery from the same failure serves';
COMMENT ON COLUMN steward.failure_type.adaptive IS 'whether strategies are chosen by how they fared; otherwise in the order of their roles';
COMMENT ON COLUMN steward.failure_type.discount IS 'what an outcome counts against one that came an outcome later';
COMMENT ON COLUMN steward.failure_type.sharpness IS 'how many outcomes each outcome counts for: the more, the sooner one strategy is settled upon';
COMMENT ON COLUMN steward.failure_type.floor IS 'how likely each strategy is at least while nothing is known; falls by the root of what is, to least_floor';
COMMENT ON COLUMN steward.failure_type.success_worth IS 'what a success is worth, in the unit of costs; null: costs do not count';
INSERT INTO steward.failure_type (failure_type, max_attempts, parallel, use_cached) VALUES
    ('syntax_error', 2, true, false), ('semantic_conflict', 3, false, true), ('confidence_low', 2, false, false),
    ('ambiguous_principle', 2, false, false), ('complexity_high', 2, false, false), ('timeout', 1, false, false),
    ('validation_failed', 2, false, false), ('bias_detected', 2, false, false);

CREATE TABLE steward.strategy (
    failure_type text NOT NULL,
    strategy text NOT NULL CHECK (strategy <> ''),
    role text NOT NULL DEFAULT 'candidate' CHECK (role IN ('primary', 'fallback', 'candidate')),
    by_person boolean NOT NULL DEFAULT false,
    enabled boolean NOT NULL DEFAULT true,
    prior_mean float8 NOT NULL CHECK (prior_mean BETWEEN 0.05 AND 0.95),
    prior_strength float8 NOT NULL DEFAULT 2.5 CHECK (prior_strength BETWEEN 1 AND 1e6),
    kind text NOT NULL DEFAULT 'recovery',
    PRIMARY KEY (failure_type, strategy)
);
COMMENT ON TABLE steward.strategy IS 'what may be tried against a type of failure';
COMMENT ON COLUMN steward.strategy.role IS 'what is believed of it beforehand, and the order where choices are not adaptive';
COMMENT ON COLUMN steward.strategy.by_person IS 'a person does it, when the others have failed';
COMMENT ON COLUMN steward.strategy.prior_mean IS 'the share of successes that is expected';
COMMENT ON COLUMN steward.strategy.prior_strength IS 'how many outcomes that expectation counts for';
COMMENT ON COLUMN steward.strategy.kind IS 'the kind of jobs that do it, with the rights of whoever has the recovery: only members of steward_owner say which; not what a person does';
INSERT INTO steward.strategy (failure_type, strategy, role, by_person, prior_mean)
SELECT f.failure_type, s.strategy, r.role, s.by_person,
       CASE r.role WHEN 'primary' THEN 0.6 WHEN 'fallback' THEN 0.5 ELSE 0.4 END
FROM (VALUES ('syntax_error', 'simplified_syntax_prompt', 'decompose_principle'),
             ('semantic_conflict', 'explicit_disambiguation', 'human_clarification'),
             ('confidence_low', 'enhanced_context_prompt', 'multi_model_consensus'),
             ('ambiguous_principle', 'explicit_disambiguation', 'human_clarification'),
             ('complexity_high', 'decompose_principle', 'human_clarification'),
             ('timeout', 'simplified_syntax_prompt', 'escalate_to_human'),
             ('validation_failed', 'enhanced_context_prompt', 'human_clarification'),
             ('bias_detected', 'multi_model_consensus', 'human_clarification')) AS f (failure_type, first, second)
     CROSS JOIN (VALUES ('default', false), ('simplified_syntax_prompt', false), ('explicit_disambiguation', false),
                        ('multi_model_consensus', false), ('enhanced_context_prompt', false), ('decompose_principle', false),
                        ('human_clarification', true), ('escalate_to_human', true)) AS s (strategy, by_person)
     CROSS JOIN LATERAL (SELECT CASE s.strategy WHEN f.first THEN 'primary' WHEN f.second THEN 'fallback' ELSE 'candidate' END AS role) AS r
WHERE NOT s.by_person OR s.strategy = f.second;

-- Apart from what people change. An outcome changes one row, whose numbers are as of its own last outcome.
CREATE TABLE steward.strategy_tally (
    failure_type text NOT NULL,
    strategy text NOT NULL,
    at_event bigint NOT NULL,
    successes float8 NOT NULL,
    failures float8 NOT NULL,
    costs float8 NOT NULL DEFAULT 0,
    costed float8 NOT NULL DEFAULT 0,
    trials bigint NOT NULL,
    succeeded bigint NOT NULL,
    timed bigint NOT NULL DEFAULT 0,
    durations interval NOT NULL DEFAULT '0',
    last_at timestamptz NOT NULL,
    PRIMARY KEY (failure_type, strategy)
) WITH (fillfactor = 50);
COMMENT ON TABLE steward.strategy_tally IS 'how strategies fared';
COMMENT ON COLUMN steward.strategy_tally.at_event IS 'how many outcomes of its type there had been at its last one';
COMMENT ON COLUMN steward.strategy_tally.successes IS 'discounted, as failures, costs and costed are; trials, succeeded, timed and durations are not';

CREATE TABLE steward.strategy_decision (
    decision_id bigint GENERATED BY DEFAULT AS IDENTITY,
    decided_at timestamptz NOT NULL,
    failure_type text NOT NULL,
    strategy text NOT NULL,
    propensity float8 NOT NULL CHECK (propensity > 0 AND propensity <= 1),
    candidates text[] NOT NULL,
    context jsonb NOT NULL,
    PRIMARY KEY (decision_id)
);
COMMENT ON TABLE steward.strategy_decision IS 'what was chosen, and is not known yet to have succeeded or failed';
COMMENT ON COLUMN steward.strategy_decision.propensity IS 'how likely that choice was';
COMMENT ON COLUMN steward.strategy_decision.candidates IS 'what it was chosen among';
CREATE INDEX strategy_decision_decided_at ON steward.strategy_decision (decided_at);

CREATE TABLE steward.strategy_outcome (
    decision_id bigint NOT NULL,
    rewarded_at timestamptz NOT NULL,
    decided_at timestamptz NOT NULL,
    failure_type text NOT NULL,
    strategy text NOT NULL,
    propensity float8 NOT NULL,
    candidates text[] NOT NULL,
    context jsonb NOT NULL,
    success boolean NOT NULL,
    cost float8,
    duration interval,
    PRIMARY KEY (decision_id, rewarded_at)
) PARTITION BY RANGE (rewarded_at);
COMMENT ON TABLE steward.strategy_outcome IS 'decisions, and what came of them, a partition a day';
CREATE TABLE steward.strategy_outcome_default PARTITION OF steward.strategy_outcome DEFAULT;
SELECT steward.partition_maintain('steward.strategy_outcome');
INSERT INTO steward.history_retention (table_name, retention) VALUES ('strategy_outcome', '365 days');

CREATE TABLE steward.recovery_setting (
    scope text NOT NULL PRIMARY KEY DEFAULT 'all' CHECK (scope = 'all'),
    timeout interval NOT NULL DEFAULT '30 seconds' CHECK (timeout > interval '0' AND timeout <= interval '24 days'),
    solution_ttl interval NOT NULL DEFAULT '3600 seconds' CHECK (solution_ttl >= interval '0'),
    keep interval NOT NULL DEFAULT '30 days' CHECK (keep > interval '0'),
    log_attempts boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE steward.recovery_setting IS 'how long attempts to recover may take, and how long what came of them is kept';
COMMENT ON COLUMN steward.recovery_setting.timeout IS 'of an attempt';
COMMENT ON COLUMN steward.recovery_setting.solution_ttl IS 'for how long a solution serves for the same failure again';
COMMENT ON COLUMN steward.recovery_setting.keep IS 'how long recoveries that have ended, and decisions of which no outcome came, are kept';
COMMENT ON COLUMN steward.recovery_setting.log_attempts IS 'whether attempts are written to qec_synthesis_attempt_logs';
INSERT INTO steward.recovery_setting DEFAULT VALUES;

CREATE TABLE steward.recovery (
    principle_id bigint NOT NULL,
    recovery_id bigint GENERATED BY DEFAULT AS IDENTITY,
    owner regrole NOT NULL,
    failure_type text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'needs_human', 'recovered', 'failed', 'cancelled')),
    error text NOT NULL DEFAULT '',
    failure_hash text NOT NULL,
    context jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(context) = 'object'),
    attempts smallint NOT NULL DEFAULT 0,
    max_attempts smallint NOT NULL,
    since_attempt smallint NOT NULL DEFAULT 0,
    seed bigint,
    dispatched_at timestamptz NOT NULL,
    ended_at timestamptz,
    solved_by text,
    solution jsonb,
    from_recovery bigint,
    message text,
    PRIMARY KEY (principle_id, recovery_id),
    CHECK ((ended_at IS NOT NULL) = (state IN ('recovered', 'failed', 'cancelled')))
);
COMMENT ON TABLE steward.recovery IS 'failures that are recovered from, and how far that is';
COMMENT ON COLUMN steward.recovery.failure_hash IS 'of the error and of what the principle says: a solution serves for the same';
COMMENT ON COLUMN steward.recovery.since_attempt IS 'strategies of later attempts are not tried again; a person who has it tried anew sets it';
COMMENT ON COLUMN steward.recovery.from_recovery IS 'the recovery whose solution served';
COMMENT ON COLUMN steward.recovery.message IS 'why it failed, or what the person who ended it has noted';
CREATE UNIQUE INDEX recovery_open ON steward.recovery (principle_id, owner, failure_type, failure_hash) WHERE ended_at IS NULL;
CREATE INDEX recovery_waiting ON steward.recovery (dispatched_at, recovery_id) WHERE state = 'waiting';
CREATE INDEX recovery_ended ON steward.recovery (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX recovery_solution ON steward.recovery (principle_id, failure_type, failure_hash, ended_at) WHERE state = 'recovered';

CREATE TABLE steward.recovery_attempt (
    principle_id bigint NOT NULL,
    recovery_id bigint NOT NULL,
    attempt smallint NOT NULL,
    owner regrole NOT NULL,
    strategy text NOT NULL,
    decision_id bigint,
    queue text,
    job bigint,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('success', 'failure', 'timeout', 'cancelled')),
    error text,
    PRIMARY KEY (principle_id, recovery_id, attempt),
    CHECK ((outcome IS NULL) = (ended_at IS NULL))
);
COMMENT ON TABLE steward.recovery_attempt IS 'what a recovery has tried, or tries, each by a job or by a person';
COMMENT ON COLUMN steward.recovery_attempt.job IS 'the job, named by queue and id, that does it; null: a person';
CREATE INDEX recovery_attempt_open ON steward.recovery_attempt (started_at) WHERE ended_at IS NULL;

-- Strategies of the start are done by clients, which claim jobs of this kind. One job is one attempt.
INSERT INTO steward.job_kind (kind, owner, runner, max_attempts) VALUES ('recovery', 'steward_owner', 'c', 1);
INSERT INTO steward.job_kind (kind, owner, runner, handler, max_attempts)
VALUES ('recovery_run', 'steward_owner', 'd', 'steward.recovery_job_run(bigint,jsonb)', 1);
INSERT INTO steward.queue (queue, owner, max_depth) VALUES ('recovery', 'steward_owner', 10)
ON CONFLICT (queue) DO UPDATE SET max_depth = excluded.max_depth;

-- The duty starts attempts for whoever has the recovery, which it could not: hence SECURITY DEFINER. Whose it is says the
-- recovery, which only members of its owner may write, and what kind of jobs, the strategy.
CREATE FUNCTION steward.recovery_enqueue(principle_id bigint, recovery_id bigint, attempt integer, at timestamptz,
                                         OUT queue text, OUT id bigint, OUT runner "char")
    LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN -- bound late: the extension may be newer than this migration
    SELECT i.queue, i.id, i.runner INTO queue, id, runner FROM steward.recovery_job_insert(principle_id, recovery_id, attempt, at) AS i;
END $$;
COMMENT ON FUNCTION steward.recovery_enqueue(bigint, bigint, integer, timestamptz) IS
    'enqueues the job of an attempt for whoever has the recovery';
REVOKE ALL ON FUNCTION steward.recovery_enqueue(bigint, bigint, integer, timestamptz) FROM PUBLIC;

CREATE VIEW steward.strategy_stats WITH (security_invoker = true) AS
SELECT b.failure_type, b.strategy, b.role, b.by_person, b.enabled, b.trials, b.succeeded AS successes,
       b.succeeded::float8 / nullif(b.trials, 0) AS success_rate,
       (b.share + 1.92 / b.n - b.spread) / (1 + 3.8416 / b.n) AS low, (b.share + 1.92 / b.n + b.spread) / (1 + 3.8416 / b.n) AS high,
       (b.prior_mean * b.prior_strength + b.sharpness * b.weight * b.recent) / (b.prior_strength + b.sharpness * b.weight * b.evidence) AS expected,
       b.costs / nullif(b.costed, 0) AS mean_cost, b.durations / nullif(b.timed, 0) AS mean_duration, b.last_at
FROM (SELECT coalesce(s.failure_type, t.failure_type) AS failure_type, coalesce(s.strategy, t.strategy) AS strategy, s.role, s.by_person,
             coalesce(s.enabled, false) AS enabled, coalesce(t.trials, 0) AS trials, coalesce(t.succeeded, 0) AS succeeded,
             coalesce(t.successes, 0) AS recent, coalesce(t.successes + t.failures, 0) AS evidence, t.costs, t.costed, t.durations, t.timed,
             t.last_at, s.prior_mean, s.prior_strength, f.sharpness, nullif(t.trials, 0)::float8 AS n, t.succeeded::float8 / nullif(t.trials, 0) AS share,
             1.96 * sqrt((t.succeeded::float8 * (t.trials - t.succeeded) / t.trials + 0.9604) / t.trials / t.trials) AS spread,
             coalesce(exp(greatest((max(t.at_event) OVER (PARTITION BY coalesce(s.failure_type, t.failure_type)) - t.at_event) * ln(f.discount), -600)), 0) AS weight
      FROM steward.strategy AS s
           FULL JOIN steward.strategy_tally AS t ON t.failure_type = s.failure_type AND t.strategy = s.strategy
           LEFT JOIN steward.failure_type AS f ON f.failure_type = coalesce(s.failure_type, t.failure_type)) AS b;
COMMENT ON VIEW steward.strategy_stats IS 'how each strategy fared against each type of failure';
COMMENT ON COLUMN steward.strategy_stats.low IS 'with 95 % confidence its share of successes lies between low and high (Wilson)';
COMMENT ON COLUMN steward.strategy_stats.expected IS 'the share of successes that choices expect: of the prior and of outcomes, those of late above all';

CREATE VIEW steward.recoveries WITH (security_invoker = true) AS
SELECT r.principle_id, r.recovery_id, r.owner::regrole::name AS owner, r.failure_type, r.error, r.state, r.attempts, r.max_attempts,
       a.strategies, r.dispatched_at, r.ended_at, coalesce(r.ended_at, now()) - r.dispatched_at AS duration, r.solved_by, r.solution,
       r.from_recovery, r.message
FROM steward.recovery AS r
     CROSS JOIN LATERAL (SELECT array_agg(t.strategy ORDER BY t.attempt) AS strategies FROM steward.recovery_attempt AS t
                         WHERE t.principle_id = r.principle_id AND t.recovery_id = r.recovery_id) AS a;
COMMENT ON VIEW steward.recoveries IS 'recoveries of whoever asks, and the strategies that they have tried';

CREATE VIEW steward.human_tasks WITH (security_invoker = true) AS
SELECT r.principle_id, r.recovery_id, a.strategy, r.failure_type, p.name, p.statement, r.error, r.context, a.started_at AS waiting_since,
       (SELECT jsonb_agg(jsonb_build_object('strategy', t.strategy, 'outcome', t.outcome, 'error', t.error) ORDER BY t.attempt)
        FROM steward.recovery_attempt AS t
        WHERE t.principle_id = r.principle_id AND t.recovery_id = r.recovery_id AND t.ended_at IS NOT NULL) AS tried
FROM steward.recovery AS r
     JOIN steward.recovery_attempt AS a ON a.principle_id = r.principle_id AND a.recovery_id = r.recovery_id AND a.ended_at IS NULL
     LEFT JOIN steward.constitutional_principles AS p ON p.principle_id = r.principle_id
WHERE r.state = 'needs_human';
COMMENT ON VIEW steward.human_tasks IS 'recoveries that wait for a person, who answers by recovery_answer()';

-- A recovery is its owner's, who sees it alone; the worker, who sees the rows of all, looks after it.
ALTER TABLE steward.recovery ENABLE ROW LEVEL SECURITY;
ALTER TABLE steward.recovery_attempt ENABLE ROW LEVEL SECURITY;
CREATE POLICY members ON steward.recovery USING (pg_has_role(owner, 'USAGE'));
CREATE POLICY members ON steward.recovery_attempt USING (pg_has_role(owner, 'USAGE'));

GRANT SELECT ON steward.failure_type, steward.strategy, steward.strategy_tally, steward.strategy_decision, steward.strategy_outcome,
                steward.recovery_setting, steward.recovery, steward.recovery_attempt, steward.strategy_stats, steward.recoveries,
                steward.human_tasks TO steward_reader;
GRANT INSERT, UPDATE, DELETE ON steward.failure_type, steward.strategy_tally, steward.strategy_decision, steward.strategy_outcome,
                                steward.recovery, steward.recovery_attempt TO steward_writer;
GRANT INSERT (failure_type, strategy, role, by_person, enabled, prior_mean, prior_strength),
      UPDATE (role, by_person, enabled, prior_mean, prior_strength), DELETE ON steward.strategy TO steward_writer;
GRANT UPDATE ON steward.recovery_setting TO steward_writer;
GRANT EXECUTE ON FUNCTION steward.recovery_enqueue(bigint, bigint, integer, timestamptz) TO steward_worker;

COMMIT;
