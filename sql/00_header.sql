\echo Use "CREATE EXTENSION pg_steward" to load this file. \quit

-- Each function is revoked from PUBLIC where it is created: what a role may call is granted, never
-- assumed. None is SECURITY DEFINER: it would run as the superuser who installed the extension.

-- COST counts in additions of two integers, as bench/costs measures them: on statements of 300 bytes, answers
-- of 250 characters and arrays of ten.
