-- Revert pg_steward:summary from pg
BEGIN;

DO $$
BEGIN
    IF to_regclass('cron.job') IS NOT NULL THEN
        PERFORM cron.unschedule(jobid) FROM cron.job WHERE jobname = 'refresh-qec-summary';
    END IF;
END $$;
DROP FUNCTION steward.refresh_qec_performance_summary();
DROP VIEW steward.qec_performance_summary;
DROP MATERIALIZED VIEW steward.qec_performance_summary_rows;

COMMIT;
