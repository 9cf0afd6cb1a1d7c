-- What another way to choose strategies would have been worth, from what was chosen and what came of it.

CREATE FUNCTION strategy_policy(name text) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('strategies');
    RETURN (CASE name
        WHEN 'table' THEN (SELECT jsonb_object_agg(s.failure_type, s.strategy) FROM steward.strategy AS s
                           WHERE s.role = 'primary' AND s.enabled AND NOT s.by_person)
        WHEN 'uniform' THEN (SELECT jsonb_object_agg(u.failure_type, u.odds)
                             FROM (SELECT s.failure_type, jsonb_object_agg(s.strategy, 1) AS odds FROM steward.strategy AS s
                                   WHERE s.enabled AND NOT s.by_person GROUP BY s.failure_type) AS u)
        WHEN 'greedy' THEN (SELECT jsonb_object_agg(g.failure_type, g.strategy)
                            FROM (SELECT DISTINCT ON (s.failure_type) s.failure_type, s.strategy FROM steward.strategy_stats AS s
                                  WHERE s.enabled AND NOT s.by_person ORDER BY s.failure_type, s.expected DESC, s.strategy) AS g)
        WHEN 'current' THEN (SELECT jsonb_object_agg(f.failure_type, c.odds)
                             FROM steward.failure_type AS f CROSS JOIN LATERAL (
                                 SELECT jsonb_object_agg(u.strategy, u.odds) AS odds
                                 FROM steward.strategy_propensities(f.failure_type) AS p, unnest(p.candidates, p.propensities) AS u (strategy, odds)) AS c
                             WHERE c.odds IS NOT NULL)
        END);
END $$;
REVOKE ALL ON FUNCTION strategy_policy(text) FROM PUBLIC;
COMMENT ON FUNCTION strategy_policy(text) IS
    'a policy for strategy_value: table, the primary strategies; greedy, those that fared best; uniform; current, how strategy_choose chooses now';

CREATE FUNCTION strategy_policy_odds(policy jsonb, OUT failure_type text, OUT strategy text, OUT odds float8) RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 10000 ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    part record;
    chosen record;
    total float8;
BEGIN
    IF jsonb_typeof(policy) <> 'object' OR policy = '{}' THEN
        RAISE EXCEPTION 'a policy must be a JSON object of failure types' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Such as {"syntax_error": "decompose_principle", "timeout": {"default": 0.5, "decompose_principle": 0.5}}.';
    END IF;
    FOR part IN SELECT e.key, CASE jsonb_typeof(e.value) WHEN 'string' THEN jsonb_build_object(e.value #>> '{}', 1) ELSE e.value END AS value
                FROM jsonb_each(policy) AS e LOOP
        IF jsonb_typeof(part.value) <> 'object' THEN
            RAISE EXCEPTION 'the policy for failure type "%" must be a strategy, or a JSON object of them', part.key USING ERRCODE = 'invalid_parameter_value';
        END IF;
        total := 0;
        FOR chosen IN SELECT e.key, e.value FROM jsonb_each(part.value) AS e LOOP
            IF jsonb_typeof(chosen.value) <> 'number' OR chosen.value::text::numeric NOT BETWEEN 0 AND 1e9 THEN
                RAISE EXCEPTION 'the share of strategy "%" must be a number that is not negative', chosen.key USING ERRCODE = 'invalid_parameter_value';
            ELSIF NOT EXISTS (SELECT FROM steward.strategy AS s WHERE s.failure_type = part.key AND s.strategy = chosen.key) THEN
                RAISE EXCEPTION 'strategy "%" against failure type "%" does not exist', chosen.key, part.key USING ERRCODE = 'undefined_object';
            END IF;
            total := total + chosen.value::text::float8;
        END LOOP;
        IF total = 0 THEN
            RAISE EXCEPTION 'the policy for failure type "%" chooses nothing', part.key USING ERRCODE = 'invalid_parameter_value';
        END IF;
        RETURN QUERY SELECT part.key, e.key, e.value::text::float8 / total FROM jsonb_each(part.value) AS e;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION strategy_policy_odds(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION strategy_policy_odds(jsonb) IS 'what a policy would choose against each type of failure, and how often';

-- Where not all strategies were to be had the policy chooses among those that were. The reward of what it would have done is
-- known where the same was done; how much likelier that is says how much it counts. SNIPS: Swaminathan, Joachims, NIPS 2015.
-- Doubly robust: Dudik, Langford, Li, ICML 2011; its model is the mean of the strategy in the other half of the decisions.
CREATE FUNCTION strategy_value(policy jsonb, failure_type text DEFAULT '', since timestamptz DEFAULT '-infinity',
                               until timestamptz DEFAULT 'infinity', confidence float8 DEFAULT 0.95,
                               OUT estimator text, OUT value float8, OUT std_error float8, OUT low float8, OUT high float8,
                               OUT decisions bigint, OUT effective float8, OUT left_out bigint) RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 100000 ROWS 3 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    z float8 := CASE confidence WHEN 0.8 THEN 1.2815515655 WHEN 0.9 THEN 1.6448536270 WHEN 0.95 THEN 1.9599639845 WHEN 0.99 THEN 2.5758293035 END;
BEGIN
    PERFORM steward.migration_require('strategies');
    IF z IS NULL THEN
        RAISE EXCEPTION 'confidence must be 0.8, 0.9, 0.95 or 0.99' USING ERRCODE = 'invalid_parameter_value';
    ELSIF failure_type <> '' AND NOT policy ? failure_type THEN
        RAISE EXCEPTION 'the policy says nothing about failure type "%"', failure_type USING ERRCODE = 'undefined_object';
    END IF;
    RETURN QUERY
    WITH target AS MATERIALIZED (
        SELECT o.failure_type, o.strategy, o.odds FROM steward.strategy_policy_odds(policy) AS o
        WHERE strategy_value.failure_type IN ('', o.failure_type)
    ), logged AS MATERIALIZED (
        SELECT o.failure_type, o.strategy, o.candidates, o.propensity, hashint8(o.decision_id) & 1 AS half,
               o.success::integer - coalesce(o.cost / f.success_worth, 0) AS reward
        FROM steward.strategy_outcome AS o LEFT JOIN steward.failure_type AS f USING (failure_type)
        WHERE o.failure_type IN (SELECT t.failure_type FROM target AS t) AND o.rewarded_at >= since AND o.rewarded_at < until
    ), model AS ( -- with half an outcome of each kind, for those of which there are few
        SELECT h.half, l.failure_type, l.strategy,
               (coalesce(sum(l.reward) FILTER (WHERE l.half <> h.half), 0) + 0.5) / (count(*) FILTER (WHERE l.half <> h.half) + 1) AS mean
        FROM logged AS l CROSS JOIN (VALUES (0), (1)) AS h (half)
        GROUP BY h.half, l.failure_type, l.strategy
    ), choice AS ( -- what could be chosen among, each once
        SELECT c.failure_type, c.candidates, h.half, sum(t.odds) AS mass, sum(t.odds * coalesce(m.mean, 0.5)) / nullif(sum(t.odds), 0) AS expected
        FROM (SELECT DISTINCT l.failure_type, l.candidates FROM logged AS l) AS c
             CROSS JOIN (VALUES (0), (1)) AS h (half)
             JOIN target AS t ON t.failure_type = c.failure_type AND t.strategy = ANY (c.candidates)
             LEFT JOIN model AS m ON m.half = h.half AND m.failure_type = t.failure_type AND m.strategy = t.strategy
        GROUP BY c.failure_type, c.candidates, h.half
    ), weighed AS (
        SELECT l.reward, coalesce(t.odds, 0) / c.mass / l.propensity AS weight, c.expected, m.mean
        FROM logged AS l
             JOIN choice AS c ON c.failure_type = l.failure_type AND c.candidates = l.candidates AND c.half = l.half AND c.mass > 0
             JOIN model AS m ON m.failure_type = l.failure_type AND m.strategy = l.strategy AND m.half = l.half
             LEFT JOIN target AS t ON t.failure_type = l.failure_type AND t.strategy = l.strategy
    ), summed AS (
        SELECT count(*) AS n, avg(w.reward) AS mean, stddev_samp(w.reward) / sqrt(count(*)) AS mean_error,
               nullif(sum(w.weight), 0) AS s1, sum(w.weight ^ 2) AS s2, sum(w.weight * w.reward) AS sr, sum(w.weight ^ 2 * w.reward) AS s2r,
               sum(w.weight ^ 2 * w.reward ^ 2) AS s2rr,
               avg(w.expected + w.weight * (w.reward - w.mean)) AS robust,
               stddev_samp(w.expected + w.weight * (w.reward - w.mean)) / sqrt(count(*)) AS robust_error
        FROM weighed AS w
    ), estimate AS (
        SELECT e.*, s.n, (SELECT count(*) FROM logged) - s.n AS missed
        FROM summed AS s CROSS JOIN LATERAL (VALUES
            (1, 'logged', s.mean, s.mean_error, s.n::float8),
            (2, 'snips', s.sr / s.s1,
             sqrt(greatest(s.s2rr - 2 * s.sr / s.s1 * s.s2r + (s.sr / s.s1) ^ 2 * s.s2, 0)) / s.s1, s.s1 ^ 2 / s.s2),
            (3, 'doubly robust', s.robust, s.robust_error, s.s1 ^ 2 / s.s2)) AS e (place, name, value, error, effective)
    )
    SELECT e.name, e.value, e.error, e.value - z * e.error, e.value + z * e.error, e.n, e.effective, e.missed
    FROM estimate AS e ORDER BY e.place;
END $$;
REVOKE ALL ON FUNCTION strategy_value(jsonb, text, timestamptz, timestamptz, float8) FROM PUBLIC;
COMMENT ON FUNCTION strategy_value(jsonb, text, timestamptz, timestamptz, float8) IS
    'the mean reward that a policy would have had against the failures of the past, beside what was had: by self-normalised inverse propensities, and doubly robust, each with its confidence interval';
