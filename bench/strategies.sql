-- Runs of 8 types of failure with 7 strategies each, whose shares of successes are drawn from Beta(2, 2) and, if `change` is 1,
-- drawn again half-way; 4,000 failures a run, of types drawn evenly. Each is chosen and rewarded by the functions of the
-- product. Prints for each run: the regret (successes that the best strategy would have had beyond those of the chosen one, in
-- expectation), that of the fixed table, that of choosing evenly, and whether the two estimates of what other policies
-- would have been worth have the truth in their 95 % intervals.
\set QUIET 1
CREATE OR REPLACE FUNCTION pg_temp.draw(OUT share float8) LANGUAGE sql AS -- the middle one of three
$$ SELECT u FROM (SELECT random() AS u FROM generate_series(1, 3) ORDER BY 1 OFFSET 1 LIMIT 1) AS middle $$;
CREATE TEMPORARY TABLE truth (failure_type text, strategy text, share float8, first boolean DEFAULT false, PRIMARY KEY (failure_type, strategy));

CREATE OR REPLACE PROCEDURE pg_temp.prepare(informed boolean) LANGUAGE plpgsql AS $$
DECLARE
    f text;
    best text[];
BEGIN
    PERFORM steward.failure_type_drop(t.failure_type) FROM steward.failure_type AS t;
    TRUNCATE truth, steward.strategy_outcome, steward.strategy_decision, steward.strategy_tally;
    INSERT INTO truth (failure_type, strategy, share)
    SELECT 'failure ' || i, 'strategy ' || j, d.share FROM generate_series(1, 8) AS i, generate_series(1, 7) AS j, LATERAL (SELECT i * j, pg_temp.draw() AS share) AS d;
    FOR i IN 1 .. 8 LOOP
        f := 'failure ' || i;
        PERFORM steward.failure_type_create(f);
        PERFORM steward.strategy_create(f, 'strategy ' || j, prior_mean => 0.5) FROM generate_series(1, 7) AS j;
        -- The table of a site that knows something: of three it names the best and the second.
        best := ARRAY(SELECT t.strategy FROM (SELECT * FROM truth WHERE failure_type = f ORDER BY random() LIMIT 3) AS t ORDER BY t.share DESC);
        UPDATE truth SET first = true WHERE failure_type = f AND strategy = best[1];
        IF informed THEN
            PERFORM steward.strategy_alter(f, s, CASE s WHEN best[1] THEN 'primary' WHEN best[2] THEN 'fallback' ELSE 'candidate' END,
                                           CASE s WHEN best[1] THEN 0.6 WHEN best[2] THEN 0.5 ELSE 0.4 END)
            FROM (SELECT 'strategy ' || j FROM generate_series(1, 7) AS j) AS names (s);
        END IF;
    END LOOP;
END $$;

-- What a policy that always takes one strategy would have been worth against the failures of the log.
CREATE OR REPLACE FUNCTION pg_temp.covered(policy jsonb) RETURNS text LANGUAGE sql AS $$
    WITH worth AS (SELECT avg(t.share) AS worth FROM steward.strategy_outcome AS o JOIN truth AS t ON t.failure_type = o.failure_type AND t.strategy = policy ->> o.failure_type)
    SELECT string_agg((w.worth BETWEEN v.low AND v.high)::integer || ' ' || abs(v.value - w.worth)::numeric(6, 4), ' ' ORDER BY v.estimator DESC)
    FROM steward.strategy_value(policy) AS v, worth AS w WHERE v.estimator <> 'logged'
$$;

CREATE OR REPLACE PROCEDURE pg_temp.run(seed bigint, change boolean, informed boolean) LANGUAGE plpgsql AS $$
DECLARE
    failures constant integer := 4000;
    chosen record;
    f text;
    share float8;
    best float8[] := '{}';
    regret float8 := 0;
    of_table float8 := 0;
    of_even float8 := 0;
    means float8[];
    firsts float8[];
    i integer;
BEGIN
    PERFORM setseed((seed % 1000000) / 1000000.0);
    CALL pg_temp.prepare(informed);
    FOR t IN 1 .. failures LOOP
        IF t = 1 OR change AND t = failures / 2 + 1 THEN
            IF t > 1 THEN
                UPDATE truth SET share = pg_temp.draw();
            END IF;
            SELECT array_agg(m.best ORDER BY m.failure_type), array_agg(m.mean ORDER BY m.failure_type), array_agg(m.first ORDER BY m.failure_type)
            INTO best, means, firsts
            FROM (SELECT failure_type, max(truth.share) AS best, avg(truth.share) AS mean, max(truth.share) FILTER (WHERE first) AS first
                  FROM truth GROUP BY failure_type) AS m;
        END IF;
        i := 1 + floor(random() * 8);
        f := 'failure ' || i;
        SELECT c.decision_id, c.strategy INTO chosen FROM steward.strategy_choose(f, seed => seed * 1000000 + t) AS c;
        SELECT truth.share INTO share FROM truth WHERE failure_type = f AND strategy = chosen.strategy;
        PERFORM steward.strategy_reward(chosen.decision_id, random() < share);
        regret := regret + best[i] - share;
        of_table := of_table + best[i] - firsts[i];
        of_even := of_even + best[i] - means[i];
        IF t % 100 = 0 THEN
            COMMIT;
        END IF;
    END LOOP;
    RAISE INFO 'run % % % %', regret, of_table, of_even,
        CASE WHEN NOT change THEN pg_temp.covered((SELECT jsonb_object_agg(failure_type, strategy) FROM truth WHERE first)) END;
END $$;
SELECT format('CALL pg_temp.run(%s, %L, %L)', :seed * 1000 + i, :change = 1, :informed = 1) FROM generate_series(1, :runs) AS i \gexec
