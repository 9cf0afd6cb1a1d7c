-- Deploy pg_steward:summary to pg
-- requires: history
-- One row a principle: its newest score and risk, and how its attempts went. Each history is reduced to one row
-- a principle before it is joined, so that nothing is counted twice; a principle without history is a row too.
-- Fidelity is one figure of the whole system: it is joined when the view is read, so that a new one does not
-- change every row. What lies below the view may change without its readers noticing.
BEGIN;
SET LOCAL ROLE steward_owner;

CREATE MATERIALIZED VIEW steward.qec_performance_summary_rows AS
SELECT p.principle_id, p.name, p.category,
       d.composite_score, d.score_updated_at, e.overall_risk_score, e.prediction_timestamp,
       coalesce(a.synthesis_attempts, 0) AS synthesis_attempts,
       coalesce(a.finished_attempts, 0) AS finished_attempts,
       a.success_rate
FROM steward.constitutional_principles AS p
LEFT JOIN (
    SELECT DISTINCT ON (principle_id) principle_id, composite_score, score_updated_at
    FROM steward.qec_distance_calculations
    ORDER BY principle_id, score_updated_at DESC
) AS d USING (principle_id)
LEFT JOIN (
    SELECT DISTINCT ON (principle_id) principle_id, overall_risk_score, prediction_timestamp
    FROM steward.qec_error_predictions
    ORDER BY principle_id, prediction_timestamp DESC
) AS e USING (principle_id)
LEFT JOIN (
    SELECT principle_id, count(*) AS synthesis_attempts, count(final_outcome) AS finished_attempts,
           avg((final_outcome = 'success')::integer::float8) AS success_rate
    FROM steward.qec_synthesis_attempt_logs
    GROUP BY principle_id
) AS a USING (principle_id);
-- REFRESH ... CONCURRENTLY needs it.
CREATE UNIQUE INDEX qec_performance_summary_rows_key ON steward.qec_performance_summary_rows (principle_id);

CREATE VIEW steward.qec_performance_summary AS
SELECT s.principle_id, s.name, s.category, s.composite_score, s.overall_risk_score,
       f.composite_score AS fidelity_score, s.synthesis_attempts, s.finished_attempts, s.success_rate
FROM steward.qec_performance_summary_rows AS s
LEFT JOIN (
    SELECT composite_score FROM steward.qec_fidelity_calculations
    WHERE scope = 'all' ORDER BY calculation_timestamp DESC LIMIT 1
) AS f ON true;
COMMENT ON VIEW steward.qec_performance_summary IS
    'newest score and risk of each principle, how its attempts went, and the fidelity of the whole';

-- SECURITY DEFINER because only the owner may refresh; the owner is no superuser.
CREATE FUNCTION steward.refresh_qec_performance_summary() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ REFRESH MATERIALIZED VIEW CONCURRENTLY steward.qec_performance_summary_rows $$;
COMMENT ON FUNCTION steward.refresh_qec_performance_summary() IS
    'computes qec_performance_summary anew; readers are not kept waiting';
REVOKE ALL ON FUNCTION steward.refresh_qec_performance_summary() FROM PUBLIC;

GRANT SELECT ON steward.qec_performance_summary TO steward_reader;
GRANT EXECUTE ON FUNCTION steward.refresh_qec_performance_summary() TO steward_writer;

RESET ROLE;

-- The schedule is pg_cron's where it is; without it the worker or a person calls the same function.
DO $$
BEGIN
    IF to_regprocedure('cron.schedule(text, text, text)') IS NULL THEN
        RAISE NOTICE 'pg_cron is not in this database: qec_performance_summary is refreshed by the worker or on call'
            USING HINT = 'Create the extension pg_cron in this database and deploy this change again, or call refresh_qec_performance_summary().';
    ELSE
        PERFORM cron.schedule('refresh-qec-summary', '*/15 * * * *',
                              'SELECT steward.refresh_qec_performance_summary()');
    END IF;
END $$;

COMMIT;
