-- Verify pg_steward:rate_limits on pg
BEGIN;
SELECT rate_limit, owner, requests, tokens, per, concurrency, burst, delay, meter, timeout, users, created_at FROM steward.rate_limit WHERE false;
SELECT rate_limit, state, last_permit FROM steward.rate_state WHERE false;
SELECT rate_limit, permit, requests, tokens, admitted_at, expires_at FROM steward.rate_permit WHERE false;
ROLLBACK;
