-- A history of `rows` attempts, as many measurements, and principles a tenth of that, over the last 30 days; and rounds of
-- both ways to calculate fidelity after 100 rows of each have changed.
\set QUIET 1
DELETE FROM steward.constitutional_principles;
TRUNCATE steward.qec_synthesis_attempt_logs, steward.fidelity_measurement;
SELECT steward.partition_create('steward.' || name, (now() AT TIME ZONE 'UTC')::date - i)
FROM generate_series(1, 30) AS i, unnest(ARRAY['qec_synthesis_attempt_logs', 'fidelity_measurement']) AS name \g /dev/null
INSERT INTO steward.constitutional_principles (principle_id, name, category, statement, distance_score)
SELECT i, 'p', 'c' || i % 20, 'It is.', (i % 100) / 100.0 FROM generate_series(1, :rows / 10) AS i;
INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, attempted_at, final_outcome)
SELECT 1 + i % (:rows / 10), now() - i * (interval '29 days' / :rows), CASE WHEN i % 4 = 0 THEN 'failure' ELSE 'success' END::steward.synthesis_outcome
FROM generate_series(1, :rows) AS i;
INSERT INTO steward.fidelity_measurement (component, measured_at, value)
SELECT (ARRAY['adaptation_speed', 'enforcement_reliability', 'stakeholder_satisfaction'])[1 + i % 3], now() - i * (interval '29 days' / :rows), (i % 100) / 100.0
FROM generate_series(1, :rows) AS i;
TRUNCATE steward.principle_change;
SELECT steward.fidelity_run(true) \g /dev/null
VACUUM (ANALYZE) steward.constitutional_principles, steward.qec_synthesis_attempt_logs, steward.fidelity_measurement;

-- The same composite from the rows.
CREATE OR REPLACE FUNCTION pg_temp.of_rows() RETURNS float8 LANGUAGE sql AS $$
    SELECT f.composite_score
    FROM (SELECT count(*) FILTER (WHERE final_outcome = 'success')::float8 / count(final_outcome) AS share, count(final_outcome)::float8 AS finished
          FROM steward.qec_synthesis_attempt_logs WHERE attempted_at > now() - interval '30 days') AS a,
         (SELECT avg(1 - distance_score) AS share FROM steward.constitutional_principles) AS p,
         (SELECT jsonb_object_agg(component, share) AS shares
          FROM (SELECT component, sum(value * weight) / sum(weight) AS share FROM steward.fidelity_measurement
                WHERE measured_at > now() - interval '30 days' GROUP BY component) AS c) AS m,
         LATERAL steward.fidelity_score(m.shares || jsonb_build_object('principle_coverage', p.share, 'synthesis_success', a.share, 'appeal_frequency',
             (SELECT count(*) FROM steward.fidelity_appeal WHERE opened_at > now() - interval '30 days') / a.finished)) AS f
$$;
CREATE OR REPLACE PROCEDURE pg_temp.round(number integer) LANGUAGE plpgsql AS $$
DECLARE
    begun timestamptz;
    ours float8;
    theirs float8;
    times float8[] := '{}';
BEGIN
    INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, final_outcome) SELECT number * 100 + i, 'failure' FROM generate_series(1, 100) AS i;
    INSERT INTO steward.fidelity_measurement (component, value) SELECT 'adaptation_speed', 0.5 FROM generate_series(1, 100);
    UPDATE steward.constitutional_principles SET distance_score = 0.25 WHERE principle_id BETWEEN number * 100 + 1 AND number * 100 + 100;
    COMMIT;
    begun := clock_timestamp();
    SELECT composite_score INTO ours FROM steward.fidelity_run(true);
    COMMIT;
    times := times || extract(epoch FROM clock_timestamp() - begun)::float8 * 1000;
    begun := clock_timestamp();
    theirs := pg_temp.of_rows();
    times := times || extract(epoch FROM clock_timestamp() - begun)::float8 * 1000;
    IF abs(ours - theirs) > 1e-6 THEN
        RAISE EXCEPTION 'the sums give %, the rows %', ours, theirs;
    END IF;
    RAISE INFO 'round % %', times[1], times[2];
END $$;
SELECT format('CALL pg_temp.round(%s)', i) FROM generate_series(0, :rounds) AS i \gexec
