-- Deploy pg_steward:roles to pg
-- The roles of the product. Roles belong to the cluster, not to a database: they may be there already.
BEGIN;

DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT * FROM (VALUES
            ('steward_owner', 'NOLOGIN', 'owns the tables and the functions that act for their callers'),
            ('steward_reader', 'NOLOGIN', 'reads and scores'),
            ('steward_writer', 'NOLOGIN', 'writes principles and what was tried'),
            ('steward_job', 'NOLOGIN', 'enqueues and schedules jobs, which run with its members'' own rights'),
            ('steward_worker', 'LOGIN BYPASSRLS', 'the background worker'),
            ('steward_metrics', 'NOLOGIN', 'reads counters, no data'),
            ('steward_sidecar', 'NOLOGIN', 'the program beside the database: its heartbeats, its metrics, deliveries of alerts')) AS v (name, attributes, purpose)
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name) THEN
            EXECUTE format('CREATE ROLE %I %s', wanted.name, wanted.attributes);
        END IF;
        EXECUTE format('COMMENT ON ROLE %I IS %L', wanted.name, 'pg_steward: ' || wanted.purpose);
    END LOOP;
END $$;

GRANT steward_reader TO steward_writer, steward_job;
GRANT steward_writer TO steward_worker;

CREATE SCHEMA IF NOT EXISTS steward;
GRANT USAGE ON SCHEMA steward TO steward_owner, steward_reader, steward_metrics, steward_sidecar;
GRANT CREATE ON SCHEMA steward TO steward_owner;

-- What the migrations call themselves; the last one, grants, grants the rest. What is not in C measures itself by the
-- first two.
GRANT EXECUTE ON FUNCTION steward.operation_begin(text, text), steward.operation_end(bigint)
    TO steward_owner, steward_reader, steward_metrics, steward_sidecar;

-- History tables make and drop their partitions as their owner.
GRANT EXECUTE ON FUNCTION steward.partition_key(regclass), steward.partition_create(regclass, date),
                          steward.partition_drop(regclass, timestamptz),
                          steward.partition_maintain(regclass, integer, interval, timestamptz) TO steward_owner;

COMMIT;
