-- Recoveries: a failure is handed over, what was tried is recorded, a person answers.

CREATE FUNCTION recovery_dispatch(principle_id bigint, failure_type text DEFAULT NULL, error text DEFAULT '', context jsonb DEFAULT '{}',
                                  seed bigint DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    measured bigint := steward.operation_begin('recovery', 'recovery_dispatch');
    me regrole := quote_ident(current_user)::regrole;
    at timestamptz := steward.worker_clock();
    type steward.failure_type;
    failure text;
    known steward.recovery;
    new_id bigint;
BEGIN
    PERFORM steward.migration_require('strategies');
    IF principle_id IS NULL OR context IS NULL OR jsonb_typeof(context) <> 'object' THEN
        RAISE EXCEPTION 'a principle and a JSON object of context are needed' USING ERRCODE = 'invalid_parameter_value';
    ELSIF failure_type IS NULL AND coalesce(error, '') <> '' THEN
        failure_type := steward.failure_type_of(error);
    END IF;
    IF failure_type IS NULL THEN
        RAISE EXCEPTION 'what type of failure it is does not follow from the error' USING ERRCODE = 'invalid_parameter_value', HINT = 'Name the type.';
    END IF;
    SELECT f.* INTO type FROM steward.failure_type AS f WHERE f.failure_type = recovery_dispatch.failure_type;
    IF NOT FOUND OR NOT EXISTS (SELECT FROM steward.strategy AS s WHERE s.failure_type = type.failure_type AND s.enabled) THEN
        PERFORM steward.strategy_refuse(failure_type);
    END IF;
    SELECT md5(coalesce(error, '') || ' ' || p.content_hash::text) INTO failure
    FROM steward.constitutional_principles AS p WHERE p.principle_id = recovery_dispatch.principle_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'principle % does not exist', principle_id USING ERRCODE = 'no_data_found';
    END IF;
    IF type.use_cached THEN -- what served itself does not serve on: a solution ends
        SELECT r.* INTO known FROM steward.recovery AS r
        WHERE r.principle_id = recovery_dispatch.principle_id AND r.failure_type = type.failure_type AND r.failure_hash = failure
              AND r.owner = me AND r.state = 'recovered' AND r.solution IS NOT NULL AND r.from_recovery IS NULL
              AND r.ended_at > at - (SELECT s.solution_ttl FROM steward.recovery_setting AS s WHERE s.scope = 'all')
        ORDER BY r.ended_at DESC LIMIT 1;
    END IF;
    LOOP
        INSERT INTO steward.recovery AS r (principle_id, owner, failure_type, state, error, failure_hash, context, max_attempts, seed,
                                           dispatched_at, ended_at, solved_by, solution, from_recovery)
        VALUES (recovery_dispatch.principle_id, me, type.failure_type, CASE WHEN known.recovery_id IS NULL THEN 'waiting' ELSE 'recovered' END,
                coalesce(recovery_dispatch.error, ''), failure, recovery_dispatch.context, type.max_attempts, recovery_dispatch.seed, at,
                CASE WHEN known.recovery_id IS NOT NULL THEN at END, known.solved_by, known.solution, known.recovery_id)
        ON CONFLICT (principle_id, owner, failure_type, failure_hash) WHERE ended_at IS NULL DO NOTHING
        RETURNING r.recovery_id INTO new_id;
        EXIT WHEN FOUND;
        SELECT r.recovery_id INTO new_id FROM steward.recovery AS r
        WHERE r.principle_id = recovery_dispatch.principle_id AND r.owner = me AND r.failure_type = type.failure_type
              AND r.failure_hash = failure AND r.ended_at IS NULL;
        EXIT WHEN FOUND;
    END LOOP;
    PERFORM steward.worker_wake();
    PERFORM steward.operation_end(measured);
    RETURN new_id;
END $$;
REVOKE ALL ON FUNCTION recovery_dispatch(bigint, text, text, jsonb, bigint) FROM PUBLIC;
COMMENT ON FUNCTION recovery_dispatch(bigint, text, text, jsonb, bigint) IS
    'has strategies tried against a failure, and returns the id of the recovery: that of the same failure while it is under way';

CREATE FUNCTION recovery_lock(principle_id bigint, recovery_id bigint) RETURNS text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    state text;
BEGIN
    PERFORM steward.migration_require('strategies');
    SELECT r.state INTO state FROM steward.recovery AS r WHERE r.principle_id = principle_id AND r.recovery_id = recovery_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'recovery % of principle % does not exist', recovery_id, principle_id USING ERRCODE = 'undefined_object',
            DETAIL = 'It is not yours, or has ended long ago, or has never been there.';
    END IF;
    RETURN state;
END $$;
REVOKE ALL ON FUNCTION recovery_lock(bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION recovery_lock(bigint, bigint) IS 'locks a recovery of the caller''s and returns its state';

CREATE FUNCTION recovery_record(principle_id bigint, recovery_id bigint, success boolean, solution jsonb DEFAULT NULL, cost float8 DEFAULT NULL,
                                error text DEFAULT NULL, strategy text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    measured bigint := steward.operation_begin('recovery', 'recovery_record');
    state text := steward.recovery_lock(principle_id, recovery_id);
    at timestamptz := steward.worker_clock();
    attempt record;
    attempts bigint;
BEGIN
    IF success IS NULL OR NOT coalesce(cost >= 0 AND cost < 'infinity', true) THEN
        RAISE EXCEPTION 'whether it succeeded, and a cost that is not negative, are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT a.*, j.state AS job_state, j.claimed_at, count(*) OVER () AS open INTO attempt
    FROM steward.recovery_attempt AS a LEFT JOIN steward.job AS j ON j.queue = a.queue AND j.id = a.job
    WHERE a.principle_id = principle_id AND a.recovery_id = recovery_id AND a.ended_at IS NULL AND a.job IS NOT NULL
          AND a.strategy = coalesce(strategy, a.strategy);
    IF NOT FOUND OR state <> 'running' THEN
        RAISE EXCEPTION 'recovery % of principle % tries nothing%', recovery_id, principle_id, coalesce(' by strategy "' || strategy || '"', '')
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('It is %s.', state);
    ELSIF attempt.open > 1 THEN
        RAISE EXCEPTION 'recovery % of principle % tries several strategies', recovery_id, principle_id
            USING ERRCODE = 'ambiguous_parameter', HINT = 'Say which one it was.';
    END IF;
    PERFORM steward.job_complete(attempt.queue, attempt.job, jsonb_strip_nulls(jsonb_build_object('success', success, 'solution', solution,
                                                                                                'cost', cost, 'error', error)));
    PERFORM steward.recovery_attempt_end(principle_id, recovery_id, attempt.attempt, CASE WHEN success THEN 'success' ELSE 'failure' END, error,
                                         solution, cost, greatest(at - attempt.claimed_at, interval '0'), at);
    PERFORM steward.operation_end(measured);
    RETURN steward.recovery_lock(principle_id, recovery_id);
END $$;
REVOKE ALL ON FUNCTION recovery_record(bigint, bigint, boolean, jsonb, float8, text, text) FROM PUBLIC;
COMMENT ON FUNCTION recovery_record(bigint, bigint, boolean, jsonb, float8, text, text) IS
    'says what came of the strategy whose job a client has claimed, and ends that job; returns the state of the recovery';

CREATE FUNCTION recovery_answer(principle_id bigint, recovery_id bigint, outcome text, answer jsonb DEFAULT NULL, note text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    state text := steward.recovery_lock(principle_id, recovery_id);
    at timestamptz := steward.worker_clock();
    task steward.recovery_attempt;
BEGIN
    IF NOT coalesce(outcome IN ('recovered', 'failed', 'retry'), false) THEN
        RAISE EXCEPTION 'an answer says that it is recovered or failed, or to retry' USING ERRCODE = 'invalid_parameter_value';
    ELSIF state <> 'needs_human' THEN
        RAISE EXCEPTION 'recovery % of principle % does not wait for a person', recovery_id, principle_id
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('It is %s.', state);
    END IF;
    SELECT a.* INTO STRICT task FROM steward.recovery_attempt AS a
    WHERE a.principle_id = principle_id AND a.recovery_id = recovery_id AND a.ended_at IS NULL;
    UPDATE steward.recovery AS r SET message = note WHERE r.principle_id = principle_id AND r.recovery_id = recovery_id;
    IF outcome = 'retry' THEN -- with what the person has added, all strategies are new
        UPDATE steward.recovery_attempt AS a SET ended_at = at, outcome = 'cancelled', error = 'to be tried again'
        WHERE a.principle_id = principle_id AND a.recovery_id = recovery_id AND a.attempt = task.attempt;
        UPDATE steward.recovery AS r
        SET state = 'waiting', since_attempt = r.attempts, context = r.context || jsonb_strip_nulls(jsonb_build_object('clarification', answer))
        WHERE r.principle_id = principle_id AND r.recovery_id = recovery_id;
        PERFORM steward.worker_wake();
        RETURN 'waiting';
    END IF;
    PERFORM steward.recovery_attempt_end(principle_id, recovery_id, task.attempt, CASE outcome WHEN 'recovered' THEN 'success' ELSE 'failure' END,
                                         note, answer, NULL, greatest(at - task.started_at, interval '0'), at);
    RETURN steward.recovery_lock(principle_id, recovery_id);
END $$;
REVOKE ALL ON FUNCTION recovery_answer(bigint, bigint, text, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION recovery_answer(bigint, bigint, text, jsonb, text) IS
    'a person''s answer to a recovery that waits for one: recovered, the answer being the solution; failed; or retry, the answer being a clarification for strategies';

CREATE FUNCTION recovery_cancel(principle_id bigint, recovery_id bigint, note text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    state text := steward.recovery_lock(principle_id, recovery_id);
BEGIN
    IF state NOT IN ('waiting', 'running', 'needs_human') THEN
        RAISE EXCEPTION 'recovery % of principle % has ended', recovery_id, principle_id
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('It is %s.', state);
    END IF;
    PERFORM steward.recovery_end(principle_id, recovery_id, 'cancelled', steward.worker_clock(), note);
END $$;
REVOKE ALL ON FUNCTION recovery_cancel(bigint, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION recovery_cancel(bigint, bigint, text) IS 'ends a recovery, and the jobs that do it';

CREATE FUNCTION recovery_end(principle_id bigint, recovery_id bigint, state text, at timestamptz, message text DEFAULT NULL,
                             solved_by text DEFAULT NULL, solution jsonb DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    other record;
BEGIN
    UPDATE steward.recovery AS r
    SET state = state, ended_at = at, message = coalesce(message, r.message), solved_by = solved_by, solution = solution
    WHERE r.principle_id = principle_id AND r.recovery_id = recovery_id;
    FOR other IN UPDATE steward.recovery_attempt AS a SET ended_at = at, outcome = 'cancelled'
                 WHERE a.principle_id = principle_id AND a.recovery_id = recovery_id AND a.ended_at IS NULL
                 RETURNING a.queue, a.job, a.decision_id LOOP
        -- Nothing is known of what it would have come to.
        DELETE FROM steward.strategy_decision AS d WHERE d.decision_id = other.decision_id;
        BEGIN
            IF other.job IS NOT NULL THEN
                PERFORM steward.job_cancel(other.queue, other.job);
            END IF;
        EXCEPTION WHEN undefined_object OR object_not_in_prerequisite_state THEN
            NULL; -- it has just ended; or ends by itself, and nobody asks what came of it
        END;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION recovery_end(bigint, bigint, text, timestamptz, text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION recovery_end(bigint, bigint, text, timestamptz, text, text, jsonb) IS 'ends a recovery that is locked, and what it still tries';

CREATE FUNCTION recovery_attempt_end(principle_id bigint, recovery_id bigint, attempt integer, outcome text, error text, solution jsonb,
                                     cost float8, duration interval, at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    ended steward.recovery_attempt;
    failure text := (SELECT r.failure_type FROM steward.recovery AS r WHERE r.principle_id = principle_id AND r.recovery_id = recovery_id);
BEGIN
    UPDATE steward.recovery_attempt AS a SET ended_at = at, outcome = outcome, error = error
    WHERE a.principle_id = principle_id AND a.recovery_id = recovery_id AND a.attempt = attempt AND a.ended_at IS NULL
    RETURNING a.* INTO ended;
    IF NOT FOUND THEN -- another session has
        RETURN;
    ELSIF outcome = 'cancelled' THEN
        DELETE FROM steward.strategy_decision AS d WHERE d.decision_id = ended.decision_id;
    ELSE
        IF ended.decision_id IS NOT NULL THEN
            PERFORM steward.strategy_reward(ended.decision_id, outcome = 'success', cost, duration);
        ELSIF EXISTS (SELECT FROM steward.failure_type AS f WHERE f.failure_type = failure) THEN
            PERFORM steward.strategy_count(failure, ended.strategy, outcome = 'success', cost, duration, at);
        END IF;
        INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, attempted_at, failure_type, error_details, recovery_strategy, final_outcome,
                                                        synthesis_time_ms)
        SELECT principle_id, at, failure, jsonb_strip_nulls(jsonb_build_object('recovery_id', recovery_id, 'error', error)), ended.strategy,
               CASE outcome WHEN 'success' THEN 'success' ELSE 'failure' END::steward.synthesis_outcome, extract(epoch FROM duration) * 1000
        FROM steward.recovery_setting AS s WHERE s.scope = 'all' AND s.log_attempts;
    END IF;
    IF outcome = 'success' THEN
        PERFORM steward.recovery_end(principle_id, recovery_id, 'recovered', at, NULL, ended.strategy, solution);
    ELSIF NOT EXISTS (SELECT FROM steward.recovery_attempt AS a
                      WHERE a.principle_id = principle_id AND a.recovery_id = recovery_id AND a.ended_at IS NULL) THEN
        PERFORM steward.recovery_next(principle_id, recovery_id, at, coalesce(error, outcome));
    END IF;
END $$;
REVOKE ALL ON FUNCTION recovery_attempt_end(bigint, bigint, integer, text, text, jsonb, float8, interval, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION recovery_attempt_end(bigint, bigint, integer, text, text, jsonb, float8, interval, timestamptz) IS
    'writes down what came of an attempt of a recovery that is locked, counts it for its strategy, and has the recovery go on';
