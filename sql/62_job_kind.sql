-- Kinds of jobs: what does them, and how they are tried again.

CREATE FUNCTION job_kind_option(options jsonb, name text, fallback anyelement) RETURNS anyelement
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    value text := options ->> name;
BEGIN
    EXECUTE format('SELECT coalesce($1::%s, $2)', pg_typeof(fallback)) INTO fallback USING value, fallback;
    RETURN fallback;
EXCEPTION WHEN data_exception THEN
    RAISE EXCEPTION 'invalid value of option "%": "%"', name, value USING ERRCODE = 'invalid_parameter_value', DETAIL = SQLERRM;
END $$;
REVOKE ALL ON FUNCTION job_kind_option(jsonb, text, anyelement) FROM PUBLIC;
COMMENT ON FUNCTION job_kind_option(jsonb, text, anyelement) IS 'an option of a kind of jobs as the type of its default';

CREATE FUNCTION job_kind_alter(kind text, handler regprocedure DEFAULT NULL, options jsonb DEFAULT '{}') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    known constant text[] := ARRAY['backoff', 'backoff_cap', 'batch', 'max_attempts', 'timeout'];
    unknown text := (SELECT min(o) FROM jsonb_object_keys(options) AS o WHERE o <> ALL (known));
BEGIN
    PERFORM steward.migration_require('jobs');
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'option "%" does not exist', unknown
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Options are: ' || array_to_string(known, ', ') || '.';
    END IF;
    IF handler IS NOT NULL THEN
        PERFORM steward.job_handler_check(handler);
    END IF;
    UPDATE steward.job_kind AS k
    SET handler = coalesce(handler::text, k.handler),
        runner = CASE WHEN handler IS NULL THEN k.runner ELSE 'd' END,
        batch = steward.job_kind_option(options, 'batch', k.batch),
        max_attempts = steward.job_kind_option(options, 'max_attempts', k.max_attempts),
        timeout = steward.job_kind_option(options, 'timeout', k.timeout),
        backoff = steward.job_kind_option(options, 'backoff', k.backoff),
        backoff_cap = steward.job_kind_option(options, 'backoff_cap', k.backoff_cap)
    WHERE k.kind = job_kind_alter.kind AND NOT k.dropped;
    IF NOT FOUND THEN
        PERFORM steward.job_kind_refuse(coalesce(kind, ''));
    END IF;
    -- What waits goes to whoever does such jobs from now on.
    IF handler IS NOT NULL AND EXISTS (SELECT FROM steward.job AS j WHERE j.kind = job_kind_alter.kind AND j.runner = 'c') THEN
        UPDATE steward.job AS j SET runner = 'd' WHERE j.kind = job_kind_alter.kind AND j.runner = 'c';
        PERFORM steward.job_ready(l.owner, l.queue, 'd', l.priority, l.first)
        FROM (SELECT j.owner, j.queue, j.priority, min(j.position) AS first FROM steward.job AS j
              WHERE j.kind = job_kind_alter.kind AND j.state = 'ready' GROUP BY j.owner, j.queue, j.priority) AS l;
    END IF;
END $$;
REVOKE ALL ON FUNCTION job_kind_alter(text, regprocedure, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION job_kind_alter(text, regprocedure, jsonb) IS
    'changes the handler or the options of a kind of jobs, as job_kind_create takes them';

CREATE FUNCTION job_kind_create(kind text, handler regprocedure DEFAULT NULL, options jsonb DEFAULT '{}') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('jobs');
    IF coalesce(kind, '') = '' OR options IS NULL OR jsonb_typeof(options) <> 'object' THEN
        RAISE EXCEPTION 'a name of the kind and a JSON object of options are needed'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO steward.job_kind (kind, owner, runner) VALUES (kind, quote_ident(current_user)::regrole, 'c')
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN -- only its owner has a name again
        UPDATE steward.job_kind AS k
        SET dropped = false, runner = 'c', handler = NULL, batch = DEFAULT, max_attempts = DEFAULT, timeout = DEFAULT,
            backoff = DEFAULT, backoff_cap = DEFAULT
        WHERE k.kind = job_kind_create.kind AND k.dropped;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'kind "%" of jobs already exists', kind USING ERRCODE = 'duplicate_object';
    END IF;
    PERFORM steward.job_kind_alter(kind, handler, options);
END $$;
REVOKE ALL ON FUNCTION job_kind_create(text, regprocedure, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION job_kind_create(text, regprocedure, jsonb) IS
    'makes a kind of jobs, done by handler(job_id bigint, payload jsonb) returning jsonb or, without one, by clients that claim them; options: batch, max_attempts, timeout, backoff, backoff_cap';

CREATE FUNCTION job_kind_drop(kind text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.migration_require('jobs');
    UPDATE steward.job_kind AS k SET dropped = true WHERE k.kind = job_kind_drop.kind AND NOT k.dropped;
    IF NOT FOUND THEN
        PERFORM steward.job_kind_refuse(kind);
    END IF;
END $$;
REVOKE ALL ON FUNCTION job_kind_drop(text) FROM PUBLIC;
COMMENT ON FUNCTION job_kind_drop(text) IS 'drops a kind of jobs, whose name stays with its owner; jobs that are still to be done will fail';

CREATE FUNCTION job_kind_refuse(kind text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM steward.job_kind AS k WHERE k.kind = job_kind_refuse.kind AND NOT k.dropped) THEN
        RAISE EXCEPTION 'permission denied for kind "%" of jobs', kind
            USING ERRCODE = 'insufficient_privilege', DETAIL = 'Only members of the role that made it may change it.';
    END IF;
    RAISE EXCEPTION 'kind "%" of jobs does not exist', kind
        USING ERRCODE = 'undefined_object', HINT = 'Make it with steward.job_kind_create().';
END $$;
REVOKE ALL ON FUNCTION job_kind_refuse(text) FROM PUBLIC;
COMMENT ON FUNCTION job_kind_refuse(text) IS 'raises what is wrong with a kind of jobs that could not be used';
