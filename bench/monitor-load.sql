-- What is measured beside the load of bench/monitor: a hundred operations, of which each round notes calls and durations.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
DELETE FROM steward.metric_history;
UPDATE steward.monitor_setting SET period = '1 second';
CREATE FUNCTION bench_others() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 95 LOOP
        PERFORM steward.operation_end(steward.operation_begin('bench', 'o' || i));
    END LOOP;
END $$;
