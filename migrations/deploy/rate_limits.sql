-- Deploy pg_steward:rate_limits to pg
-- requires: prompt_cache
-- Rate limits of providers: what they are, how far each is used, and what was admitted and has not ended.
BEGIN;
SET LOCAL ROLE steward_owner;

CREATE TABLE steward.rate_limit (
    rate_limit text NOT NULL PRIMARY KEY CHECK (octet_length(rate_limit) BETWEEN 1 AND 63),
    owner regrole NOT NULL,
    requests bigint CHECK (requests BETWEEN 1 AND 1000000000000),
    tokens bigint CHECK (tokens BETWEEN 1 AND 1000000000000),
    per interval NOT NULL CHECK (per BETWEEN interval '1 second' AND interval '31 days'),
    concurrency integer CHECK (concurrency BETWEEN 1 AND 1000000),
    burst double precision NOT NULL CHECK (burst > 0 AND burst <= 1),
    delay interval NOT NULL CHECK (delay >= interval '0'),
    meter text NOT NULL CHECK (meter IN ('arrival', 'both')),
    timeout interval NOT NULL CHECK (timeout > interval '0' AND timeout <= interval '24 days'),
    users regrole[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (delay <= per),
    CHECK (coalesce(requests, tokens, concurrency) IS NOT NULL)
);
COMMENT ON TABLE steward.rate_limit IS 'the rate limits, which steward.rate_limit_create() makes';
COMMENT ON COLUMN steward.rate_limit.requests IS 'most of them in any stretch of time as long as per; null is no limit';
COMMENT ON COLUMN steward.rate_limit.tokens IS 'most of them in any stretch of time as long as per; null is no limit';
COMMENT ON COLUMN steward.rate_limit.concurrency IS 'most requests at once; null is no limit, until the provider refuses some';
COMMENT ON COLUMN steward.rate_limit.burst IS 'share of the limit that is admitted at once; the rest comes at an even pace; 1 is no pacing';
COMMENT ON COLUMN steward.rate_limit.delay IS 'within which a request reaches the provider after it was admitted';
COMMENT ON COLUMN steward.rate_limit.meter IS 'arrival if the provider counts when a request arrives; both holds also if it counts when it ends';
COMMENT ON COLUMN steward.rate_limit.timeout IS 'after which a permit that nobody has settled is taken to be used up';
COMMENT ON COLUMN steward.rate_limit.users IS 'roles whose members may be admitted; 0 is everybody';

CREATE TABLE steward.rate_state (
    rate_limit text NOT NULL PRIMARY KEY,
    state bytea NOT NULL,
    last_permit bigint NOT NULL
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE steward.rate_state IS 'how far each rate limit is used: the one row that all who are admitted take turns at';

CREATE TABLE steward.rate_permit (
    rate_limit text NOT NULL,
    permit bigint NOT NULL,
    requests bigint NOT NULL,
    tokens bigint NOT NULL,
    admitted_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (rate_limit, permit)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX rate_permit_expires ON steward.rate_permit (rate_limit, expires_at);
COMMENT ON TABLE steward.rate_permit IS 'what was admitted and has not been settled';

ALTER TABLE steward.rate_limit ENABLE ROW LEVEL SECURITY;
CREATE POLICY owners ON steward.rate_limit USING (pg_has_role(owner, 'USAGE')) WITH CHECK (pg_has_role(owner, 'USAGE'));
CREATE POLICY users ON steward.rate_limit FOR SELECT
    USING (EXISTS (SELECT FROM unnest(users) AS u (role) WHERE u.role = 0::oid OR pg_has_role(u.role, 'USAGE')));
ALTER TABLE steward.rate_state ENABLE ROW LEVEL SECURITY;
CREATE POLICY users ON steward.rate_state USING (rate_limit IN (SELECT l.rate_limit FROM steward.rate_limit AS l));
ALTER TABLE steward.rate_permit ENABLE ROW LEVEL SECURITY;
CREATE POLICY users ON steward.rate_permit USING (rate_limit IN (SELECT l.rate_limit FROM steward.rate_limit AS l));

GRANT SELECT ON steward.rate_limit, steward.rate_state, steward.rate_permit TO steward_reader;
GRANT INSERT, UPDATE, DELETE ON steward.rate_limit, steward.rate_state, steward.rate_permit TO steward_job, steward_writer;
GRANT SELECT ON steward.rate_limit, steward.rate_state, steward.rate_permit TO steward_job, steward_writer;

COMMIT;
