-- Deploy pg_steward:api_tokens to pg
-- requires: monitor_views
-- Who may ask the program beside the database, and with whose rights in it. Only hashes are kept.
BEGIN;

DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT * FROM (VALUES
            ('steward_admin', 'administers: all that the others may, and what rules them'),
            ('steward_sidecar', 'what the program beside the database does for itself')) AS v (name, purpose)
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted.name);
        END IF;
        EXECUTE format('COMMENT ON ROLE %I IS %L', wanted.name, 'pg_steward: ' || wanted.purpose);
    END LOOP;
END $$;
GRANT steward_writer, steward_job, steward_metrics, steward_owner TO steward_admin;
GRANT USAGE ON SCHEMA steward TO steward_sidecar;

SET LOCAL ROLE steward_owner;

CREATE TABLE steward.api_token (
    token_id text NOT NULL PRIMARY KEY CHECK (token_id ~ '^[0-9a-f]{16}$'),
    hash text NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
    level text NOT NULL CHECK (level IN ('reader', 'writer', 'admin')),
    role name NOT NULL,
    label text NOT NULL DEFAULT '' CHECK (length(label) <= 200),
    created_by name NOT NULL DEFAULT session_user,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    revoked_at timestamptz
);
COMMENT ON TABLE steward.api_token IS 'who may ask the program `steward` over HTTP';
COMMENT ON COLUMN steward.api_token.token_id IS 'the part of the token that is no secret';
COMMENT ON COLUMN steward.api_token.hash IS 'SHA-256 of the whole token, in hexadecimal digits';
COMMENT ON COLUMN steward.api_token.level IS 'which requests are accepted at all';
COMMENT ON COLUMN steward.api_token.role IS 'with whose rights they are answered: row security is its own';
GRANT SELECT ON steward.api_token TO steward_sidecar;

COMMIT;
