-- What rate limits admit: permits, which are asked for before a call and settled after it. The row of the state is the one lock
-- that all sessions and machines share, held until the transaction ends: so it has to be a short one, not the call itself.

CREATE FUNCTION rate_limit_acquire(rate_limit text, tokens bigint DEFAULT 0, requests integer DEFAULT 1, OUT permit bigint, OUT wait interval) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    measured bigint := steward.operation_begin('rate_limit', 'rate_limit_acquire');
    of record;
    held record;
    at timestamptz;
    over record;
    some_over boolean := false;
    decided record;
BEGIN
    PERFORM steward.migration_require('rate_limits');
    IF rate_limit IS NULL OR tokens IS NULL OR tokens < 0 OR requests IS NULL OR requests < 1 THEN
        RAISE EXCEPTION 'a rate limit, tokens that are not negative and at least one request are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT s.state, s.last_permit INTO held FROM steward.rate_state AS s WHERE s.rate_limit = rate_limit FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM steward.rate_limit_absent(rate_limit);
    END IF;
    -- After the lock: whoever altered it has been waited for.
    SELECT * INTO of FROM steward.rate_limit_rule(rate_limit);
    at := steward.worker_clock();
    -- Whoever has not said in time how it ended is taken to have used all that he asked for.
    FOR over IN DELETE FROM steward.rate_permit AS p WHERE p.rate_limit = rate_limit AND p.expires_at <= at RETURNING p.* LOOP
        held.state := steward.rate_state_settle(held.state, of.window_us, of.delay_us, of.most_requests, of.most_tokens, of.burst, of.concurrency, of.at_end,
                                                at, over.admitted_at, over.requests, over.tokens, over.tokens, 'failed', 0);
        some_over := true;
    END LOOP;
    SELECT * INTO decided FROM steward.rate_state_admit(held.state, of.window_us, of.delay_us, of.most_requests, of.most_tokens, of.burst, of.concurrency,
                                                      of.at_end, at, requests, tokens);
    IF decided.admitted THEN
        permit := held.last_permit + 1;
        INSERT INTO steward.rate_permit (rate_limit, permit, requests, tokens, admitted_at, expires_at)
        VALUES (rate_limit, permit, requests, tokens, decided.admitted_at, decided.admitted_at + of.timeout);
        UPDATE steward.rate_state AS s SET state = decided.next_state, last_permit = permit WHERE s.rate_limit = rate_limit;
    ELSE
        wait := decided.wait_us * interval '1 microsecond';
        IF some_over THEN
            UPDATE steward.rate_state AS s SET state = held.state WHERE s.rate_limit = rate_limit;
        END IF;
    END IF;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION rate_limit_acquire(text, bigint, integer) FROM PUBLIC;
COMMENT ON FUNCTION rate_limit_acquire(text, bigint, integer) IS
    'a permit for requests that take at most so many tokens, or how long to wait before asking again; commit before the call is made';

CREATE FUNCTION rate_limit_rule(rate_limit text, OUT window_us bigint, OUT delay_us bigint, OUT most_requests bigint, OUT most_tokens bigint,
                                OUT burst double precision, OUT concurrency integer, OUT at_end boolean, OUT timeout interval) RETURNS record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    SELECT (extract(epoch FROM l.per) * 1000000)::bigint, (extract(epoch FROM l.delay) * 1000000)::bigint, coalesce(l.requests, 0), coalesce(l.tokens, 0),
           l.burst, coalesce(l.concurrency, 0), l.meter = 'both', l.timeout
    INTO window_us, delay_us, most_requests, most_tokens, burst, concurrency, at_end, timeout
    FROM steward.rate_limit AS l WHERE l.rate_limit = rate_limit_rule.rate_limit;
END $$;
REVOKE ALL ON FUNCTION rate_limit_rule(text) FROM PUBLIC;
COMMENT ON FUNCTION rate_limit_rule(text) IS 'a rate limit as the functions that decide take it';

CREATE FUNCTION rate_limit_settle(rate_limit text, permit bigint, tokens bigint DEFAULT NULL, outcome text DEFAULT 'ok', retry_after interval DEFAULT NULL)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    measured bigint := steward.operation_begin('rate_limit', 'rate_limit_settle');
    of record;
    held record;
    ended record;
    is_known boolean;
BEGIN
    PERFORM steward.migration_require('rate_limits');
    IF rate_limit IS NULL OR outcome IS NULL OR outcome NOT IN ('ok', 'failed', 'throttled') OR tokens < 0 OR retry_after < interval '0' THEN
        RAISE EXCEPTION 'a rate limit and an outcome, ok, failed or throttled, are needed, and neither tokens nor retry_after is negative'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT s.state INTO held FROM steward.rate_state AS s WHERE s.rate_limit = rate_limit FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM steward.rate_limit_absent(rate_limit);
    END IF;
    SELECT * INTO of FROM steward.rate_limit_rule(rate_limit);
    DELETE FROM steward.rate_permit AS p WHERE p.rate_limit = rate_limit AND p.permit = permit RETURNING p.* INTO ended;
    is_known := FOUND;
    IF is_known OR outcome = 'throttled' THEN
        UPDATE steward.rate_state AS s
        SET state = steward.rate_state_settle(held.state, of.window_us, of.delay_us, of.most_requests, of.most_tokens, of.burst, of.concurrency, of.at_end,
                                              steward.worker_clock(), coalesce(ended.admitted_at, 'epoch'), coalesce(ended.requests, 0), coalesce(ended.tokens, 0),
                                              CASE WHEN is_known THEN coalesce(tokens, ended.tokens) ELSE 0 END, outcome,
                                              (least(extract(epoch FROM coalesce(retry_after, '0')), 86400) * 1000000)::bigint)
        WHERE s.rate_limit = rate_limit;
    END IF;
    IF outcome = 'throttled' THEN
        PERFORM pg_notify('steward_rate_limits', jsonb_build_object('rate_limit', rate_limit, 'event', 'throttled', 'retry_after_s',
                                                                    extract(epoch FROM retry_after))::text);
    END IF;
    PERFORM steward.operation_end(measured);
    RETURN is_known;
END $$;
REVOKE ALL ON FUNCTION rate_limit_settle(text, bigint, bigint, text, interval) FROM PUBLIC;
COMMENT ON FUNCTION rate_limit_settle(text, bigint, bigint, text, interval) IS
    'says what a call has taken and how it ended; false if the permit is not there any more';

CREATE FUNCTION rate_limit_stats(rate_limit text DEFAULT NULL)
    RETURNS TABLE (name text, requests bigint, tokens bigint, per interval, used_requests bigint, used_tokens bigint, used_share double precision,
                   in_flight bigint, concurrency double precision, blocked_until timestamptz, admitted bigint, throttled bigint, taken_tokens bigint,
                   excess_tokens bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 ROWS 5 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM steward.migration_require('rate_limits');
    IF rate_limit_stats.rate_limit IS NOT NULL AND NOT EXISTS (SELECT FROM steward.rate_limit AS l WHERE l.rate_limit = rate_limit_stats.rate_limit) THEN
        PERFORM steward.rate_limit_absent(rate_limit_stats.rate_limit);
    END IF;
    RETURN QUERY
    SELECT l.rate_limit, l.requests, l.tokens, l.per, r.used_requests, r.used_tokens,
           greatest(r.used_requests / l.requests::double precision, r.used_tokens / l.tokens::double precision, r.in_flight / nullif(r.cap, 0)),
           r.in_flight, nullif(r.cap, 0), nullif(r.blocked_until, '-infinity'), r.admitted, r.throttled, r.taken_tokens, r.excess_tokens
    FROM steward.rate_limit AS l
         JOIN steward.rate_state AS s USING (rate_limit)
         CROSS JOIN LATERAL steward.rate_limit_rule(l.rate_limit) AS u
         CROSS JOIN LATERAL steward.rate_state_read(s.state, u.window_us, u.delay_us, u.most_requests, u.most_tokens, u.burst, u.concurrency, u.at_end,
                                                    steward.worker_clock()) AS r
    WHERE rate_limit_stats.rate_limit IS NULL OR l.rate_limit = rate_limit_stats.rate_limit
    ORDER BY 1;
END $$;
REVOKE ALL ON FUNCTION rate_limit_stats(text) FROM PUBLIC;
COMMENT ON FUNCTION rate_limit_stats(text) IS 'how far rate limits are used now, and what has happened so far';
