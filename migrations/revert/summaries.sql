-- Revert pg_steward:summaries from pg
-- The summaries of others go with what says that they are ones; their tables stay, as do their triggers, which note nothing.
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

CREATE OR REPLACE VIEW steward.qec_performance_summary AS
SELECT s.principle_id, s.name, s.category, s.composite_score, s.overall_risk_score,
       f.composite_score AS fidelity_score, s.synthesis_attempts, s.finished_attempts, s.success_rate
FROM steward.qec_performance_summary_rows AS s
LEFT JOIN (
    SELECT composite_score FROM steward.qec_fidelity_calculations
    WHERE scope = 'all' ORDER BY calculation_timestamp DESC LIMIT 1
) AS f ON true;

-- SECURITY DEFINER because only the owner may refresh; the owner is no superuser.
CREATE OR REPLACE FUNCTION steward.refresh_qec_performance_summary() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ REFRESH MATERIALIZED VIEW CONCURRENTLY steward.qec_performance_summary_rows $$;
COMMENT ON FUNCTION steward.refresh_qec_performance_summary() IS
    'computes qec_performance_summary anew; readers are not kept waiting';

SELECT steward.summary_drop('steward.qec_performance');
SELECT steward.summary_drop('steward.qec_attempts');
RESET ROLE;
DROP TABLE steward.summary_state, steward.summary_source, steward.summary;
COMMIT;
