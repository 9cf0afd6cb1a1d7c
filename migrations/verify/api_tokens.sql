-- Verify pg_steward:api_tokens on pg
SELECT token_id, hash, level, role, label, created_by, created_at, expires_at, revoked_at FROM steward.api_token WHERE false;
SELECT 1 / (pg_has_role('steward_admin', 'steward_writer', 'USAGE'))::integer;
