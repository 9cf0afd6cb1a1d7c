\echo Use "CREATE EXTENSION pg_steward" to load this file. \quit

-- Each function is revoked from PUBLIC where it is created: what a role may call is granted, never
-- assumed. None is SECURITY DEFINER: it would run as the superuser who installed the extension.

-- COST counts in additions of two integers, as bench/costs measures them: on statements of 300 bytes, answers
-- of 250 characters and arrays of ten.

-- Whoever owns the schema can put functions of the same names beside ours, for other types of arguments, which
-- callers would then meet: it must be somebody who is trusted with everything.
DO $$
DECLARE
    owner name := (SELECT r.rolname FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_roles AS r ON r.oid = n.nspowner
                   WHERE n.nspname = 'steward' AND NOT r.rolsuper);
BEGIN
    IF owner IS NOT NULL THEN
        RAISE EXCEPTION 'schema "steward" belongs to "%", who is no superuser', owner
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Drop the schema, or give it to a superuser after a look at what is in it.';
    END IF;
END $$;
