-- Jobs of a rate class: claimed only as its rate limit admits them; the others wait without holding anything.

CREATE FUNCTION job_token_bound(payload jsonb) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF jsonb_typeof(payload -> 'tokens') = 'number' THEN
        RETURN greatest((payload ->> 'tokens')::numeric, 0)::bigint;
    END IF;
    -- No token of any model is less than a byte.
    RETURN octet_length(payload::text)
           + CASE jsonb_typeof(payload -> 'max_tokens') WHEN 'number' THEN greatest((payload ->> 'max_tokens')::numeric, 0)::bigint ELSE 0 END;
EXCEPTION WHEN numeric_value_out_of_range THEN
    RETURN 1000000000000;
END $$;
REVOKE ALL ON FUNCTION job_token_bound(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION job_token_bound(jsonb) IS
    'how many tokens a job takes at most: its payload''s tokens, or else the bytes of the payload and its max_tokens';

CREATE FUNCTION job_admit(queue text, places tid[], OUT admitted tid[], OUT permits bigint[]) RETURNS record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    at timestamptz := steward.worker_clock();
    waits jsonb := '{}';
    most bigint;
    asked record;
    given record;
BEGIN
    admitted := '{}';
    permits := '{}';
    -- By their classes, so that two clients lock limits in one order.
    FOR asked IN SELECT j.ctid AS place, j.id, j.rate_class, j.payload FROM steward.job AS j
                 WHERE j.ctid = ANY (places) AND j.queue = job_admit.queue AND j.state = 'ready'
                 ORDER BY j.rate_class NULLS FIRST, j.position FOR UPDATE SKIP LOCKED LOOP
        SELECT NULL::bigint AS permit, NULL::interval AS wait INTO given;
        SELECT coalesce(l.tokens, 0) INTO most FROM steward.rate_limit AS l WHERE l.rate_limit = asked.rate_class;
        IF FOUND AND NOT waits ? asked.rate_class THEN
            SELECT * INTO given FROM steward.rate_limit_acquire(asked.rate_class, CASE WHEN most > 0 THEN least(steward.job_token_bound(asked.payload), most) ELSE 0 END);
            IF given.permit IS NULL THEN
                waits := waits || jsonb_build_object(asked.rate_class, at + given.wait);
            END IF;
        END IF;
        IF waits ? asked.rate_class THEN
            UPDATE steward.job AS j SET state = 'scheduled', run_at = (waits ->> asked.rate_class)::timestamptz WHERE j.ctid = asked.place;
        ELSE
            admitted := admitted || asked.place;
            permits := permits || given.permit;
        END IF;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION job_admit(text, tid[]) FROM PUBLIC;
COMMENT ON FUNCTION job_admit(text, tid[]) IS
    'those of the jobs at these places that rate limits admit, and their permits; the others are scheduled for when it is worth asking again';

CREATE FUNCTION job_permit_settle(queue text, id bigint, result jsonb, outcome text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    used jsonb := coalesce(result #> '{usage,total_tokens}', result -> 'tokens');
    held record;
BEGIN
    SELECT j.rate_class, j.permit INTO held FROM steward.job AS j WHERE j.queue = job_permit_settle.queue AND j.id = job_permit_settle.id;
    IF held.permit IS NULL THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM steward.rate_limit AS l WHERE l.rate_limit = held.rate_class) THEN
        PERFORM steward.rate_limit_settle(held.rate_class, held.permit,
                                          CASE WHEN jsonb_typeof(used) = 'number' THEN least(greatest((used #>> '{}')::numeric, 0), 1000000000000)::bigint END, outcome);
    END IF;
END $$;
REVOKE ALL ON FUNCTION job_permit_settle(text, bigint, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION job_permit_settle(text, bigint, jsonb, text) IS
    'gives the permit of a claimed job back: what it has used is the usage of its result, as model providers write it, or else all that it asked for';
