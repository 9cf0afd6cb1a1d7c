-- Strategies against failures: which one to try, each as often as it may be the best, and what came of it.

CREATE FUNCTION strategy_odds(successes float8[], failures float8[], costs float8[], floor float8 DEFAULT 0) RETURNS float8[]
    AS 'MODULE_PATHNAME', 'steward_strategy_odds'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50000;
REVOKE ALL ON FUNCTION strategy_odds(float8[], float8[], float8[], float8) FROM PUBLIC;
COMMENT ON FUNCTION strategy_odds(float8[], float8[], float8[], float8) IS
    'how likely it is of each strategy that its share of successes less its cost is the greatest, where beta distributions say what is known of the shares; at least floor each';

CREATE FUNCTION strategy_refuse(failure_type text, strategy text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('strategies');
    IF NOT EXISTS (SELECT FROM steward.failure_type AS f WHERE f.failure_type = failure_type) THEN
        RAISE EXCEPTION 'failure type "%" does not exist', failure_type USING ERRCODE = 'undefined_object',
            HINT = 'Failure types are: ' || (SELECT string_agg(f.failure_type, ', ' ORDER BY f.failure_type) FROM steward.failure_type AS f) || '.';
    ELSIF strategy IS NOT NULL THEN
        RAISE EXCEPTION 'strategy "%" against failure type "%" does not exist', strategy, failure_type USING ERRCODE = 'undefined_object';
    END IF;
    RAISE EXCEPTION 'there is no strategy to choose against failure type "%"', failure_type
        USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'All are disabled, left out, or done by a person.',
              HINT = 'SELECT * FROM steward.strategy_stats shows them.';
END $$;
REVOKE ALL ON FUNCTION strategy_refuse(text, text) FROM PUBLIC;
COMMENT ON FUNCTION strategy_refuse(text, text) IS 'raises why nothing could be chosen, or what does not exist';

-- Outcomes are as of the last one of their strategy: what came since, of the same type, has discounted them.
CREATE FUNCTION strategy_propensities(failure_type text, excluded text[] DEFAULT '{}', OUT candidates text[], OUT propensities float8[]) RETURNS record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 50000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    type steward.failure_type;
    successes float8[];
    failures float8[];
    costs float8[];
    evidence float8;
BEGIN
    PERFORM steward.migration_require('strategies');
    SELECT f.* INTO type FROM steward.failure_type AS f WHERE f.failure_type = strategy_propensities.failure_type;
    IF NOT type.adaptive THEN
        candidates := ARRAY(SELECT s.strategy FROM steward.strategy AS s
                            WHERE s.failure_type = type.failure_type AND s.enabled AND NOT s.by_person AND s.strategy <> ALL (excluded)
                            ORDER BY CASE s.role WHEN 'primary' THEN 1 WHEN 'fallback' THEN 2 ELSE 3 END, s.strategy LIMIT 1);
        propensities := ARRAY(SELECT 1.0::float8 FROM unnest(candidates));
        RETURN;
    END IF;
    SELECT array_agg(b.strategy ORDER BY b.strategy) FILTER (WHERE b.chosen), sum(b.weight * (b.successes + b.failures)),
           array_agg(least(b.prior_mean * b.prior_strength + type.sharpness * b.weight * b.successes, 1e9) ORDER BY b.strategy) FILTER (WHERE b.chosen),
           array_agg(least((1 - b.prior_mean) * b.prior_strength + type.sharpness * b.weight * b.failures, 1e9) ORDER BY b.strategy) FILTER (WHERE b.chosen),
           array_agg(coalesce(b.costs / b.costed / type.success_worth, 0) ORDER BY b.strategy) FILTER (WHERE b.chosen)
    INTO candidates, evidence, successes, failures, costs
    FROM (SELECT s.strategy, s.enabled AND NOT s.by_person AND s.strategy <> ALL (excluded) AS chosen, s.prior_mean, s.prior_strength,
                 coalesce(t.successes, 0) AS successes, coalesce(t.failures, 0) AS failures, t.costs, nullif(t.costed, 0) AS costed,
                 coalesce(exp(greatest((max(t.at_event) OVER () - t.at_event) * ln(type.discount), -600)), 0) AS weight
          FROM steward.strategy AS s
               LEFT JOIN steward.strategy_tally AS t ON t.failure_type = s.failure_type AND t.strategy = s.strategy
          WHERE s.failure_type = type.failure_type) AS b;
    propensities := steward.strategy_odds(coalesce(successes, '{}'), coalesce(failures, '{}'), coalesce(costs, '{}'),
                                          greatest(type.least_floor, type.floor / sqrt(1 + evidence / 20)));
END $$;
REVOKE ALL ON FUNCTION strategy_propensities(text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION strategy_propensities(text, text[]) IS
    'what there is to choose among against a type of failure, but for what is left out, and how likely each is to be chosen';

CREATE FUNCTION strategy_choose(failure_type text, context jsonb DEFAULT '{}', seed bigint DEFAULT NULL, excluded text[] DEFAULT '{}',
                                OUT decision_id bigint, OUT strategy text, OUT propensity float8) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    measured bigint := steward.operation_begin('strategy', 'strategy_choose');
    candidates text[];
    propensities float8[];
    remaining float8 := random();
    place integer := 1;
BEGIN
    PERFORM steward.migration_require('strategies');
    IF failure_type IS NULL OR context IS NULL OR excluded IS NULL THEN
        RAISE EXCEPTION 'a failure type and a context are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT p.candidates, p.propensities INTO candidates, propensities FROM steward.strategy_propensities(failure_type, excluded) AS p;
    IF coalesce(cardinality(candidates), 0) = 0 THEN
        PERFORM steward.strategy_refuse(failure_type);
    END IF;
    IF seed IS NOT NULL THEN -- 53 bits of a hash: a number from 0 to 1
        remaining := ((hashtextextended(failure_type, seed) >> 11) & 9007199254740991) / 9007199254740992.0::float8;
    END IF;
    WHILE place < cardinality(candidates) AND remaining >= propensities[place] LOOP
        remaining := remaining - propensities[place];
        place := place + 1;
    END LOOP;
    strategy := candidates[place];
    propensity := propensities[place];
    INSERT INTO steward.strategy_decision AS d (decided_at, failure_type, strategy, propensity, candidates, context)
    VALUES (steward.worker_clock(), strategy_choose.failure_type, strategy_choose.strategy, strategy_choose.propensity, candidates, strategy_choose.context)
    RETURNING d.decision_id INTO decision_id;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION strategy_choose(text, jsonb, bigint, text[]) FROM PUBLIC;
COMMENT ON FUNCTION strategy_choose(text, jsonb, bigint, text[]) IS
    'chooses a strategy against a type of failure, by how those that there are fared, and says how likely that choice was; the same seed chooses the same while nothing else is known';

CREATE FUNCTION strategy_count(failure_type text, strategy text, success boolean, cost float8, duration interval, at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    log_discount float8 := (SELECT ln(f.discount) FROM steward.failure_type AS f WHERE f.failure_type = strategy_count.failure_type);
    event bigint := (SELECT coalesce(max(t.at_event), 0) + 1 FROM steward.strategy_tally AS t WHERE t.failure_type = strategy_count.failure_type);
BEGIN
    INSERT INTO steward.strategy_tally AS t (failure_type, strategy, at_event, successes, failures, costs, costed, trials, succeeded, timed,
                                             durations, last_at)
    VALUES (failure_type, strategy, event, success::integer, 1 - success::integer, coalesce(cost, 0), CASE WHEN cost IS NULL THEN 0 ELSE 1 END,
            1, success::integer, CASE WHEN duration IS NULL THEN 0 ELSE 1 END, coalesce(duration, '0'), at)
    ON CONFLICT ON CONSTRAINT strategy_tally_pkey DO UPDATE
    SET successes = t.successes * exp(greatest(greatest(excluded.at_event - t.at_event, 1) * log_discount, -600)) + excluded.successes,
        failures = t.failures * exp(greatest(greatest(excluded.at_event - t.at_event, 1) * log_discount, -600)) + excluded.failures,
        costs = t.costs * exp(greatest(greatest(excluded.at_event - t.at_event, 1) * log_discount, -600)) + excluded.costs,
        costed = t.costed * exp(greatest(greatest(excluded.at_event - t.at_event, 1) * log_discount, -600)) + excluded.costed,
        at_event = greatest(excluded.at_event, t.at_event + 1), trials = t.trials + 1, succeeded = t.succeeded + excluded.succeeded,
        timed = t.timed + excluded.timed, durations = t.durations + excluded.durations, last_at = greatest(t.last_at, excluded.last_at);
END $$;
REVOKE ALL ON FUNCTION strategy_count(text, text, boolean, float8, interval, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION strategy_count(text, text, boolean, float8, interval, timestamptz) IS 'counts an outcome of a strategy';

CREATE FUNCTION strategy_reward(decision_id bigint, success boolean, cost float8 DEFAULT NULL, duration interval DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    measured bigint := steward.operation_begin('strategy', 'strategy_reward');
    at timestamptz := steward.worker_clock();
    decided steward.strategy_decision;
BEGIN
    PERFORM steward.migration_require('strategies');
    IF decision_id IS NULL OR success IS NULL OR NOT coalesce(cost >= 0 AND cost < 'infinity', true) OR duration < interval '0' THEN
        RAISE EXCEPTION 'a decision, whether it succeeded, and a cost and a duration that are not negative are needed'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Of two sessions one takes the row, and the other, which waits for it, finds none.
    DELETE FROM steward.strategy_decision AS d WHERE d.decision_id = strategy_reward.decision_id RETURNING d.* INTO decided;
    IF NOT FOUND THEN
        PERFORM FROM steward.strategy_outcome AS o WHERE o.decision_id = strategy_reward.decision_id LIMIT 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'decision % does not exist', decision_id USING ERRCODE = 'undefined_object',
                DETAIL = 'It was never made, or an outcome did not come for too long.';
        END IF;
        PERFORM steward.operation_end(measured);
        RETURN false;
    END IF;
    INSERT INTO steward.strategy_outcome (decision_id, rewarded_at, decided_at, failure_type, strategy, propensity, candidates, context, success,
                                          cost, duration)
    VALUES (decided.decision_id, at, decided.decided_at, decided.failure_type, decided.strategy, decided.propensity, decided.candidates,
            decided.context, strategy_reward.success, strategy_reward.cost, strategy_reward.duration);
    PERFORM steward.strategy_count(decided.failure_type, decided.strategy, success, cost, duration, at);
    PERFORM steward.operation_end(measured);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION strategy_reward(bigint, boolean, float8, interval) FROM PUBLIC;
COMMENT ON FUNCTION strategy_reward(bigint, boolean, float8, interval) IS
    'says what came of a choice, once: false if that was said before';
