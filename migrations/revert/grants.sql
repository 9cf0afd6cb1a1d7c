-- Revert pg_steward:grants from pg
-- Nothing is taken away: the roles stay, and may be used by other databases.
BEGIN;
COMMIT;
