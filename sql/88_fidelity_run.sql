-- Fidelity: calculated from what is known of its components, and looked at.

-- Nobody runs a query for its owner, not even a superuser: it may be meant for whoever has more rights.
CREATE FUNCTION fidelity_component_query(component text) RETURNS text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    c record;
BEGIN
    PERFORM steward.migration_require('fidelity');
    SELECT d.source, d.query, d.owner INTO c FROM steward.fidelity_component AS d WHERE d.component = fidelity_component_query.component;
    IF NOT FOUND THEN
        PERFORM steward.fidelity_component_refuse(component);
    ELSIF c.source <> 'query' THEN
        RAISE EXCEPTION 'component "%" of fidelity has no query', component
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('Its source is %s.', c.source);
    ELSIF c.owner <> quote_ident(current_user)::regrole THEN
        RAISE EXCEPTION 'must be owner of the query of component "%"', component
            USING ERRCODE = 'insufficient_privilege', DETAIL = format('Its owner is %s.', c.owner), HINT = 'SET ROLE to the owner.';
    END IF;
    RETURN c.query;
END $$;
REVOKE ALL ON FUNCTION fidelity_component_query(text) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_component_query(text) IS 'the query of a component; raises 42501 unless it is the caller''s';

CREATE FUNCTION fidelity_component_store(component text, value float8, message text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    at timestamptz := steward.worker_clock();
BEGIN
    IF NOT coalesce(value BETWEEN 0 AND 1, true) THEN
        RAISE EXCEPTION 'the query of component "%" gave %', component, value
            USING ERRCODE = 'data_exception', DETAIL = 'It must give a value between 0 and 1, or null.';
    END IF;
    INSERT INTO steward.fidelity_component_value AS v (component, owner, value, computed_at, error, error_at)
    VALUES (component, quote_ident(current_user)::regrole, value, at, message, CASE WHEN message IS NOT NULL THEN at END)
    ON CONFLICT ON CONSTRAINT fidelity_component_value_pkey DO UPDATE
    SET value = excluded.value, computed_at = excluded.computed_at, error = excluded.error, error_at = excluded.error_at;
END $$;
REVOKE ALL ON FUNCTION fidelity_component_store(text, float8, text) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_component_store(text, float8, text) IS 'keeps what the caller''s query of a component gave, or why it failed';

-- Without SET: the query means what it means to its owner.
CREATE FUNCTION fidelity_component_run(component text) RETURNS float8
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000
AS $$
DECLARE
    value float8;
BEGIN
    EXECUTE steward.fidelity_component_query(component) INTO STRICT value;
    PERFORM steward.fidelity_component_store(component, value);
    RETURN value;
END $$;
REVOKE ALL ON FUNCTION fidelity_component_run(text) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_component_run(text) IS 'runs the caller''s query of a component now, and keeps and returns what it gives';

CREATE FUNCTION fidelity_slot_take() RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    slots constant integer := hashtext('pg_steward: fidelity');
    most constant integer := (SELECT s.most_jobs FROM steward.fidelity_setting AS s WHERE s.scope = 'all');
    taken integer;
BEGIN
    FOR slot IN 1 .. most LOOP
        IF pg_try_advisory_xact_lock(slots, slot) THEN
            RETURN slot;
        END IF;
    END LOOP;
    taken := 1 + pg_backend_pid() % most;
    PERFORM pg_advisory_xact_lock(slots, taken);
    RETURN taken;
END $$;
REVOKE ALL ON FUNCTION fidelity_slot_take() FROM PUBLIC;
COMMENT ON FUNCTION fidelity_slot_take() IS 'waits until this transaction is one of the few that run a query of a component';

CREATE FUNCTION fidelity_component_job(job_id bigint, payload jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
AS $$
DECLARE
    component text := payload OPERATOR(pg_catalog.->>) 'component';
    message text;
    value float8;
BEGIN
    PERFORM steward.fidelity_job_share(job_id);
    PERFORM steward.fidelity_slot_take();
    BEGIN
        value := steward.fidelity_component_run(component);
    EXCEPTION WHEN OTHERS THEN -- the component is missing from now on; the schedule is the next attempt
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
        PERFORM steward.fidelity_component_store(component, NULL, message);
    END;
    RETURN pg_catalog.jsonb_build_object('value', value, 'error', message);
END $$;
REVOKE ALL ON FUNCTION fidelity_component_job(bigint, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_component_job(bigint, jsonb) IS
    'handler of kind fidelity_component: runs the query of the component {"component": ...}; what it raises is kept as the reason why the component is missing';

CREATE FUNCTION fidelity_job_share(job_id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM steward.job AS j
               WHERE j.owner = quote_ident(current_user)::regrole AND j.queue LIKE 'fidelity %' AND j.runner = 'd' AND j.state = 'ready'
                     AND j.id <> job_id) THEN
        PERFORM steward.worker_request(1);
    END IF;
END $$;
REVOKE ALL ON FUNCTION fidelity_job_share(bigint) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_job_share(bigint) IS 'has another worker do queries of components beside this one, if any wait';

-- Each source is a handful of rows: a row a day or a category.
CREATE FUNCTION fidelity_values(at timestamptz, OUT component text, OUT value float8, OUT reason text) RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 10000 ROWS 6 SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    today date := at::date;
BEGIN
    PERFORM steward.migration_require('fidelity');
    RETURN QUERY
    SELECT c.component, (CASE WHEN v.share > 1 THEN 1 ELSE v.share END)::float8,
           CASE WHEN v.share IS NULL THEN CASE c.source
               WHEN 'principles' THEN 'no principle has a score'
               WHEN 'measurements' THEN format('nothing was measured in %s days', c.days)
               WHEN 'query' THEN coalesce('its query failed: ' || q.error, 'its query gave nothing since ' || q.computed_at, 'its query was not run')
               ELSE format('no attempt was finished in %s days', c.days) END END
    FROM steward.fidelity_component AS c
    LEFT JOIN steward.fidelity_component_value AS q ON q.component = c.component AND q.owner = c.owner
    CROSS JOIN LATERAL (SELECT CASE c.source
        WHEN 'principles' THEN (SELECT sum(p.score_billionths) / nullif(sum(p.scored), 0) / 1e9 FROM steward.fidelity_principles AS p)
        WHEN 'attempts' THEN (SELECT sum(a.succeeded) / nullif(sum(a.finished), 0) FROM steward.fidelity_attempts AS a
                              WHERE a.day > today - c.days AND a.day <= today)
        WHEN 'appeals' THEN (SELECT coalesce((SELECT sum(b.appeals) FROM steward.fidelity_appealed AS b
                                              WHERE b.day > today - c.days AND b.day <= today), 0) / nullif(sum(a.finished), 0)
                             FROM steward.fidelity_attempts AS a WHERE a.day > today - c.days AND a.day <= today)
        WHEN 'measurements' THEN (SELECT sum(m.weighted) / nullif(sum(m.weight_thousandths), 0) / 1e9 FROM steward.fidelity_measured AS m
                                  WHERE m.component = c.component AND m.day > today - c.days AND m.day <= today)
        WHEN 'query' THEN CASE WHEN q.computed_at BETWEEN at - c.max_age AND at + c.max_age THEN q.value::numeric END END AS share) AS v;
END $$;
REVOKE ALL ON FUNCTION fidelity_values(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_values(timestamptz) IS 'what is known of each component of fidelity at a time, or why nothing is';

CREATE FUNCTION fidelity_is_due(at timestamptz) RETURNS boolean
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    state steward.fidelity_state := (SELECT s FROM steward.fidelity_state AS s WHERE s.scope = 'all');
BEGIN
    IF state.scope IS NULL THEN -- a site that records nothing has nothing written
        RETURN EXISTS (SELECT FROM steward.fidelity_principles) OR EXISTS (SELECT FROM steward.fidelity_attempts)
               OR EXISTS (SELECT FROM steward.fidelity_measured) OR EXISTS (SELECT FROM steward.fidelity_component_value);
    END IF;
    -- A time that is further away than the period is one of before the clock, or the period, was set back.
    RETURN state.next_at <= at OR state.next_at > at + (SELECT s.period FROM steward.fidelity_setting AS s WHERE s.scope = 'all');
END $$;
REVOKE ALL ON FUNCTION fidelity_is_due(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_is_due(timestamptz) IS 'whether fidelity is to be calculated at that time';

CREATE FUNCTION fidelity_calculate(at timestamptz, calculated_at timestamptz, errors jsonb, OUT composite_score float8, OUT level text) RETURNS record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    setting steward.fidelity_setting := (SELECT s FROM steward.fidelity_setting AS s WHERE s.scope = 'all');
    appeals bigint := (SELECT count(*) FROM steward.fidelity_appeal AS a WHERE a.closed_at IS NULL AND a.severity = 'high');
    known jsonb;
    reasons jsonb;
    definitions jsonb;
    scored record;
    trend text;
BEGIN
    SELECT jsonb_object_agg(c.component, CASE WHEN e.error IS NULL THEN v.value END),
           coalesce(jsonb_object_agg(c.component, coalesce(e.error, v.reason)) FILTER (WHERE c.weight > 0 AND coalesce(e.error, v.reason) IS NOT NULL), '{}'),
           jsonb_object_agg(c.component, jsonb_build_object('weight', c.weight, 'minimum', c.minimum, 'direction', c.direction))
    INTO known, reasons, definitions
    FROM steward.fidelity_component AS c JOIN steward.fidelity_values(at) AS v USING (component)
         CROSS JOIN LATERAL (SELECT coalesce(errors ->> c.source, CASE c.source WHEN 'appeals' THEN errors ->> 'attempts' END) AS error) AS e;
    SELECT f.* INTO scored FROM steward.fidelity_score(known, appeals > 0, definitions) AS f;
    SELECT steward.fidelity_trend(array_agg(t.score ORDER BY t.at)) INTO trend
    FROM (SELECT q.calculation_timestamp AS at, q.composite_score AS score FROM steward.qec_fidelity_calculations AS q
          WHERE q.scope = 'all' AND q.calculation_timestamp > calculated_at - setting.trend_over * setting.period
                AND q.calculation_timestamp < calculated_at
          UNION ALL SELECT calculated_at, scored.composite_score) AS t;
    INSERT INTO steward.qec_fidelity_calculations (calculation_timestamp, composite_score, level, components, missing, below_minimum, trend,
                                                   reasons, high_severity_appeals, formula_version)
    VALUES (calculated_at, scored.composite_score, scored.level, scored.scores, scored.missing, scored.below_minimum, trend,
            reasons, appeals, scored.formula_version);
    INSERT INTO steward.fidelity_state AS s (scope, next_at, calculated_at) VALUES ('all', at + setting.period, calculated_at)
    ON CONFLICT (scope) DO UPDATE SET next_at = excluded.next_at, calculated_at = excluded.calculated_at;
    composite_score := scored.composite_score;
    level := scored.level;
END $$;
REVOKE ALL ON FUNCTION fidelity_calculate(timestamptz, timestamptz, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_calculate(timestamptz, timestamptz, jsonb) IS
    'calculates fidelity as of a time and stores it under another, leaving out sources of which an error is given';

CREATE FUNCTION fidelity_run(force boolean DEFAULT false, OUT composite_score float8, OUT level text, OUT calculated_at timestamptz) RETURNS record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    measured bigint := steward.operation_begin('duty', 'fidelity_run');
    turn constant bigint := hashtextextended('pg_steward: fidelity', 0);
    at timestamptz;
    errors jsonb;
BEGIN
    PERFORM steward.migration_require('fidelity');
    -- Looked at first: a lock takes a transaction id. Then again, as another session may just have calculated it.
    IF NOT force AND (NOT steward.fidelity_is_due(steward.worker_clock()) OR NOT pg_try_advisory_xact_lock(turn)) THEN
        PERFORM steward.operation_end(measured);
        RETURN;
    END IF;
    IF force THEN
        PERFORM pg_advisory_xact_lock(turn);
    END IF;
    at := steward.worker_clock();
    IF NOT force AND NOT steward.fidelity_is_due(at) THEN
        PERFORM steward.operation_end(measured);
        RETURN;
    END IF;
    errors := steward.fidelity_refresh();
    -- Two calculations have two times. One that is far ahead is of a clock that was wrong, and is left behind.
    SELECT greatest(at, CASE WHEN s.calculated_at < at + interval '1 hour' THEN s.calculated_at + interval '1 microsecond' END) INTO calculated_at
    FROM (SELECT) AS one LEFT JOIN steward.fidelity_state AS s ON s.scope = 'all';
    WHILE EXISTS (SELECT FROM steward.qec_fidelity_calculations AS q WHERE q.scope = 'all' AND q.calculation_timestamp = calculated_at) LOOP
        calculated_at := calculated_at + interval '1 microsecond';
    END LOOP;
    SELECT c.composite_score, c.level INTO composite_score, level FROM steward.fidelity_calculate(at, calculated_at, errors) AS c;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION fidelity_run(boolean) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_run(boolean) IS
    'calculates fidelity and stores it, if it is due or that is asked for; nulls if it was not';

CREATE FUNCTION fidelity_step() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    due timestamptz;
BEGIN
    BEGIN
        PERFORM steward.fidelity_run();
    EXCEPTION WHEN OTHERS THEN -- what is wrong with it is no matter of the other duties
        RAISE WARNING 'fidelity could not be calculated: %', SQLERRM;
    END;
    SELECT s.next_at INTO due FROM steward.fidelity_state AS s WHERE s.scope = 'all' AND s.next_at > steward.worker_clock();
    IF FOUND THEN
        PERFORM steward.worker_due(due);
    END IF;
END $$;
REVOKE ALL ON FUNCTION fidelity_step() FROM PUBLIC;
COMMENT ON FUNCTION fidelity_step() IS 'the duty of the worker: calculates fidelity if it is due, and says when it is next';
