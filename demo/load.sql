-- What the demo adds to a database that `steward setup` has made ready.
-- Reads and scores over HTTP, and may do nothing else. Roles belong to the cluster: it may be there already.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'steward_demo_api') THEN
        CREATE ROLE steward_demo_api LOGIN IN ROLE steward_reader, steward_metrics;
    END IF;
END $$;
