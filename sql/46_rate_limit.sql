-- Rate limits of model providers and the like: made, altered, granted, dropped. Their tables are those of migration rate_limits.

CREATE FUNCTION rate_state_admit(state bytea, window_us bigint, delay_us bigint, most_requests bigint, most_tokens bigint, burst double precision,
                                 concurrency integer, at_end boolean, at timestamptz, requests bigint, tokens bigint,
                                 OUT next_state bytea, OUT admitted boolean, OUT admitted_at timestamptz, OUT wait_us bigint) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_rate_state_admit'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;
REVOKE ALL ON FUNCTION rate_state_admit(bytea, bigint, bigint, bigint, bigint, double precision, integer, boolean, timestamptz, bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION rate_state_admit(bytea, bigint, bigint, bigint, bigint, double precision, integer, boolean, timestamptz, bigint, bigint) IS
    'whether a rate limit in that state admits so many requests and tokens, its state then, and for how long to wait';

CREATE FUNCTION rate_state_settle(state bytea, window_us bigint, delay_us bigint, most_requests bigint, most_tokens bigint, burst double precision,
                                  concurrency integer, at_end boolean, at timestamptz, admitted_at timestamptz, requests bigint, tokens bigint,
                                  taken_tokens bigint, outcome text, retry_after_us bigint) RETURNS bytea
    AS 'MODULE_PATHNAME', 'steward_rate_state_settle'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;
REVOKE ALL ON FUNCTION rate_state_settle(bytea, bigint, bigint, bigint, bigint, double precision, integer, boolean, timestamptz, timestamptz, bigint, bigint, bigint, text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION rate_state_settle(bytea, bigint, bigint, bigint, bigint, double precision, integer, boolean, timestamptz, timestamptz, bigint, bigint, bigint, text, bigint) IS
    'the state of a rate limit after what it has admitted has ended, and what was learnt by it';

CREATE FUNCTION rate_state_read(state bytea, window_us bigint, delay_us bigint, most_requests bigint, most_tokens bigint, burst double precision,
                                concurrency integer, at_end boolean, at timestamptz,
                                OUT used_requests bigint, OUT used_tokens bigint, OUT in_flight bigint, OUT cap double precision, OUT blocked_until timestamptz,
                                OUT admitted bigint, OUT throttled bigint, OUT taken_tokens bigint, OUT excess_tokens bigint) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_rate_state_read'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;
REVOKE ALL ON FUNCTION rate_state_read(bytea, bigint, bigint, bigint, bigint, double precision, integer, boolean, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rate_state_read(bytea, bigint, bigint, bigint, bigint, double precision, integer, boolean, timestamptz) IS
    'what counts against a rate limit in that state, and what has happened so far';

CREATE FUNCTION rate_limit_refuse(violation text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'invalid definition of a rate limit' USING ERRCODE = 'invalid_parameter_value', DETAIL = violation || '.',
        HINT = 'The name has 1 to 63 bytes; requests, tokens or concurrency is given and positive; per is 1 second to 31 days; burst is above 0, and 1 at most; '
               'delay is not negative nor longer than per; meter is arrival or both; timeout is positive.';
END $$;
REVOKE ALL ON FUNCTION rate_limit_refuse(text) FROM PUBLIC;
COMMENT ON FUNCTION rate_limit_refuse(text) IS 'raises 22023 and says what a definition may be';

CREATE FUNCTION rate_limit_absent(rate_limit text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'rate limit "%" does not exist', rate_limit
        USING ERRCODE = 'undefined_object', HINT = 'steward.rate_limit_create() makes one; those of others, who have granted nothing, are not seen.';
END $$;
REVOKE ALL ON FUNCTION rate_limit_absent(text) FROM PUBLIC;
COMMENT ON FUNCTION rate_limit_absent(text) IS 'raises 42704';

CREATE FUNCTION rate_limit_own(rate_limit text) RETURNS void
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner regrole;
BEGIN
    PERFORM steward.migration_require('rate_limits');
    owner := (SELECT l.owner FROM steward.rate_limit AS l WHERE l.rate_limit = rate_limit_own.rate_limit);
    IF owner IS NULL THEN
        PERFORM steward.rate_limit_absent(rate_limit);
    ELSIF NOT pg_has_role(owner, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of rate limit "%"', rate_limit USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;
REVOKE ALL ON FUNCTION rate_limit_own(text) FROM PUBLIC;
COMMENT ON FUNCTION rate_limit_own(text) IS 'raises 42704 if there is no such rate limit, 42501 if it is another one''s';

CREATE FUNCTION rate_limit_create(
    rate_limit text,
    requests bigint DEFAULT NULL,
    tokens bigint DEFAULT NULL,
    per interval DEFAULT '1 minute',
    concurrency integer DEFAULT NULL,
    burst double precision DEFAULT 0.5,
    delay interval DEFAULT '500 milliseconds',
    meter text DEFAULT 'both',
    timeout interval DEFAULT '10 minutes') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('rate_limits');
    INSERT INTO steward.rate_limit (rate_limit, owner, requests, tokens, per, concurrency, burst, delay, meter, timeout)
    VALUES (rate_limit, quote_ident(current_user)::regrole, requests, tokens, per, concurrency, burst, delay, meter, timeout)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'rate limit "%" already exists', rate_limit USING ERRCODE = 'duplicate_object', HINT = 'steward.rate_limit_alter() changes it.';
    END IF;
    INSERT INTO steward.rate_state (rate_limit, state, last_permit) VALUES (rate_limit, '', 0);
EXCEPTION WHEN check_violation OR not_null_violation THEN
    PERFORM steward.rate_limit_refuse(SQLERRM);
END $$;
REVOKE ALL ON FUNCTION rate_limit_create(text, bigint, bigint, interval, integer, double precision, interval, text, interval) FROM PUBLIC;
COMMENT ON FUNCTION rate_limit_create(text, bigint, bigint, interval, integer, double precision, interval, text, interval) IS
    'makes a limit of requests and tokens in any stretch of time, and of requests at once, for all sessions together';

CREATE FUNCTION rate_limit_alter(
    rate_limit text,
    requests bigint DEFAULT NULL,
    tokens bigint DEFAULT NULL,
    per interval DEFAULT NULL,
    concurrency integer DEFAULT NULL,
    burst double precision DEFAULT NULL,
    delay interval DEFAULT NULL,
    meter text DEFAULT NULL,
    timeout interval DEFAULT NULL,
    owner regrole DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.rate_limit_own(coalesce(rate_limit, ''));
    PERFORM FROM steward.rate_state AS s WHERE s.rate_limit = rate_limit FOR UPDATE; -- nobody is being admitted
    UPDATE steward.rate_limit AS l
    SET requests = nullif(coalesce(requests, l.requests), 0), tokens = nullif(coalesce(tokens, l.tokens), 0), per = coalesce(per, l.per),
        concurrency = nullif(coalesce(concurrency, l.concurrency), 0), burst = coalesce(burst, l.burst), delay = coalesce(delay, l.delay),
        meter = coalesce(meter, l.meter), timeout = coalesce(timeout, l.timeout), owner = coalesce(owner, l.owner)
    WHERE l.rate_limit = rate_limit;
EXCEPTION WHEN check_violation THEN
    PERFORM steward.rate_limit_refuse(SQLERRM);
END $$;
REVOKE ALL ON FUNCTION rate_limit_alter(text, bigint, bigint, interval, integer, double precision, interval, text, interval, regrole) FROM PUBLIC;
COMMENT ON FUNCTION rate_limit_alter(text, bigint, bigint, interval, integer, double precision, interval, text, interval, regrole) IS
    'changes a rate limit; what is not named stays as it is, 0 is no limit; what has been admitted goes on to count';

CREATE FUNCTION rate_limit_drop(rate_limit text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.rate_limit_own(rate_limit);
    DELETE FROM steward.rate_permit AS p WHERE p.rate_limit = rate_limit_drop.rate_limit;
    DELETE FROM steward.rate_state AS s WHERE s.rate_limit = rate_limit_drop.rate_limit;
    DELETE FROM steward.rate_limit AS l WHERE l.rate_limit = rate_limit_drop.rate_limit;
END $$;
REVOKE ALL ON FUNCTION rate_limit_drop(text) FROM PUBLIC;
COMMENT ON FUNCTION rate_limit_drop(text) IS 'drops a rate limit and all that it has admitted';

CREATE FUNCTION rate_limit_grant(rate_limit text, role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.rate_limit_own(rate_limit);
    UPDATE steward.rate_limit AS l SET users = array_append(array_remove(l.users, role), role) WHERE l.rate_limit = rate_limit;
END $$;
REVOKE ALL ON FUNCTION rate_limit_grant(text, regrole) FROM PUBLIC;
COMMENT ON FUNCTION rate_limit_grant(text, regrole) IS 'lets the members of a role be admitted by a rate limit; role 0 is everybody';

CREATE FUNCTION rate_limit_revoke(rate_limit text, role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.rate_limit_own(rate_limit);
    UPDATE steward.rate_limit AS l SET users = array_remove(l.users, role) WHERE l.rate_limit = rate_limit;
END $$;
REVOKE ALL ON FUNCTION rate_limit_revoke(text, regrole) FROM PUBLIC;
COMMENT ON FUNCTION rate_limit_revoke(text, regrole) IS 'takes back what rate_limit_grant has given';
