-- What doctor() advises, done by a call.

-- These may be in a transaction, and no part of them comes from a table: whoever can name things can not have them run.
CREATE FUNCTION doctor_remedies() RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN ARRAY['UPDATE steward.monitor_setting SET paused = false;', 'SELECT steward.monitor_run();',
             'SELECT steward.refresh_qec_performance_summary();',
             'SELECT steward.job_retry(queue, id) FROM steward.jobs WHERE state = ''dead'';',
             'REVOKE ALL ON ALL TABLES IN SCHEMA steward FROM PUBLIC;'];
REVOKE ALL ON FUNCTION doctor_remedies() FROM PUBLIC;
COMMENT ON FUNCTION doctor_remedies() IS 'the commands of doctor() that doctor_apply() may run';

CREATE FUNCTION doctor_apply("check" text) RETURNS TABLE (name text, state text, detail text, hint text, command text)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    advised text;
BEGIN
    SELECT d.command INTO advised FROM steward.doctor() AS d WHERE d.name = doctor_apply."check";
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no check "%"', "check" USING ERRCODE = 'undefined_object', HINT = 'steward.doctor() has all of them.';
    ELSIF advised IS NULL THEN
        RAISE EXCEPTION 'nothing is to be done for check "%"', "check" USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF advised <> ALL (steward.doctor_remedies()) THEN
        RAISE EXCEPTION 'what helps with check "%" is not done by a call', "check"
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Do it yourself: ' || advised;
    END IF;
    EXECUTE advised; -- with the rights of the caller
    RETURN QUERY SELECT d.* FROM steward.doctor() AS d WHERE d.name = doctor_apply."check";
END $$;
REVOKE ALL ON FUNCTION doctor_apply(text) FROM PUBLIC;
COMMENT ON FUNCTION doctor_apply(text) IS 'does what doctor() advises for a check, if that is one of doctor_remedies(), and looks again';
