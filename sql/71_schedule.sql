-- Schedules: jobs that are enqueued by themselves. What time it is next is computed by schedule_next().

CREATE FUNCTION schedule_refuse(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'schedule "%" does not exist', name
        USING ERRCODE = 'undefined_object', DETAIL = 'There is none of that name, or it is not yours.';
END $$;
REVOKE ALL ON FUNCTION schedule_refuse(text) FROM PUBLIC;
COMMENT ON FUNCTION schedule_refuse(text) IS 'raises that there is no such schedule';

CREATE FUNCTION schedule_alter(name text, schedule text DEFAULT NULL, command text DEFAULT NULL, kind text DEFAULT NULL,
                               payload jsonb DEFAULT NULL, queue text DEFAULT NULL, time_zone text DEFAULT NULL,
                               missed text DEFAULT NULL, jitter interval DEFAULT NULL, active boolean DEFAULT NULL)
    RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    now timestamptz := steward.worker_clock();
    new record;
BEGIN
    PERFORM steward.migration_require('jobs');
    IF missed NOT IN ('skip', 'run_once', 'catch_up') THEN
        RAISE EXCEPTION 'invalid value of missed: "%"', missed
            USING ERRCODE = 'invalid_parameter_value', HINT = 'It may be skip, run_once or catch_up.';
    ELSIF jitter < interval '0' OR (command IS NOT NULL AND kind IS NOT NULL) THEN
        RAISE EXCEPTION 'a jitter that is not negative is needed, and either a command or a kind'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF command IS NOT NULL THEN
        kind := CASE WHEN steward.job_command_is_toplevel(command) THEN 'statement' ELSE 'sql' END;
        payload := jsonb_build_object('command', command);
    ELSIF kind IS NOT NULL AND NOT EXISTS (SELECT FROM steward.job_kind AS k WHERE k.kind = schedule_alter.kind AND NOT k.dropped) THEN
        PERFORM steward.job_kind_refuse(kind);
    END IF;
    UPDATE steward.schedule AS s
    SET schedule = coalesce(schedule, s.schedule), kind = coalesce(kind, s.kind), payload = coalesce(payload, s.payload),
        queue = coalesce(queue, s.queue), time_zone = coalesce(time_zone, s.time_zone), missed = coalesce(missed, s.missed),
        jitter = coalesce(jitter, s.jitter), active = coalesce(active, s.active), error = NULL
    WHERE s.name = schedule_alter.name
    RETURNING s.* INTO new;
    IF NOT FOUND THEN
        PERFORM steward.schedule_refuse(name);
    END IF;
    PERFORM steward.queue_admit(new.queue, new.owner, 0);
    -- The time that is due already stays due, unless the times themselves have changed.
    IF schedule IS NOT NULL OR time_zone IS NOT NULL OR active OR new.next_at IS NULL THEN
        new.next_at := steward.schedule_next(new.schedule, now, new.time_zone, new.created_at);
        UPDATE steward.schedule AS s SET next_at = new.next_at, planned_at = now WHERE s.name = schedule_alter.name;
    END IF;
    PERFORM steward.schedule_via_pg_cron(name);
    PERFORM steward.worker_wake();
    RETURN CASE WHEN new.active THEN new.next_at END;
END $$;
REVOKE ALL ON FUNCTION schedule_alter(text, text, text, text, jsonb, text, text, text, interval, boolean) FROM PUBLIC;
COMMENT ON FUNCTION schedule_alter(text, text, text, text, jsonb, text, text, text, interval, boolean) IS
    'changes what is given of a schedule, and returns its next time; active => false pauses it';

CREATE FUNCTION schedule_create(name text, schedule text, command text DEFAULT NULL, kind text DEFAULT NULL,
                                payload jsonb DEFAULT '{}', queue text DEFAULT 'default', time_zone text DEFAULT 'UTC',
                                missed text DEFAULT 'run_once', jitter interval DEFAULT '0', via text DEFAULT 'steward')
    RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    me regrole := quote_ident(current_user)::regrole;
    now timestamptz := steward.worker_clock();
BEGIN
    PERFORM steward.migration_require('jobs');
    IF coalesce(name, '') = '' OR schedule IS NULL OR (command IS NULL) = (kind IS NULL) OR payload IS NULL OR queue IS NULL
       OR time_zone IS NULL OR missed IS NULL OR jitter IS NULL THEN
        RAISE EXCEPTION 'a name, a schedule, and either a command or a kind are needed'
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF via IS NULL OR via NOT IN ('steward', 'pg_cron') THEN
        RAISE EXCEPTION 'invalid value of via: "%"', via
            USING ERRCODE = 'invalid_parameter_value', HINT = 'It may be steward or pg_cron.';
    END IF;
    PERFORM steward.job_owner_check(me);
    INSERT INTO steward.schedule (name, owner, schedule, time_zone, kind, payload, queue, missed, jitter, via, created_at, planned_at)
    VALUES (name, me, schedule, time_zone, coalesce(kind, 'sql'), payload, queue, 'run_once', jitter, via, now, now)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'schedule "%" already exists', name
            USING ERRCODE = 'duplicate_object', HINT = 'Change it with steward.schedule_alter().';
    END IF;
    RETURN steward.schedule_alter(name, schedule, command, kind, CASE WHEN command IS NULL THEN payload END, queue, time_zone,
                                  missed, jitter);
END $$;
REVOKE ALL ON FUNCTION schedule_create(text, text, text, text, jsonb, text, text, text, interval, text) FROM PUBLIC;
COMMENT ON FUNCTION schedule_create(text, text, text, text, jsonb, text, text, text, interval, text) IS
    'has a command run, or a job of a kind enqueued, at the times of a schedule (cron with optional seconds, an interval, or timestamps), as the caller; returns the first time';

CREATE FUNCTION schedule_drop(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.migration_require('jobs');
    DELETE FROM steward.schedule AS s WHERE s.name = schedule_drop.name;
    IF NOT FOUND THEN
        PERFORM steward.schedule_refuse(name);
    END IF;
    PERFORM steward.schedule_via_pg_cron(name);
END $$;
REVOKE ALL ON FUNCTION schedule_drop(text) FROM PUBLIC;
COMMENT ON FUNCTION schedule_drop(text) IS 'ends a schedule; jobs that it has enqueued stay';

CREATE FUNCTION schedule_insert(name text, at timestamptz, run_at timestamptz, key text, OUT id bigint, OUT runner "char")
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO steward.job (queue, id, position, enqueued_at, run_at, owner, priority, max_attempts, runner, state, kind,
                             payload, unique_key)
    SELECT s.queue, n.id, n.id, schedule_insert.at, schedule_insert.run_at, s.owner, 5, k.max_attempts, k.runner,
           CASE WHEN schedule_insert.run_at > schedule_insert.at THEN 'scheduled' ELSE 'ready' END, s.kind, s.payload, key
    FROM steward.schedule AS s JOIN steward.job_kind AS k USING (kind), nextval('steward.job_id_seq') AS n (id)
    WHERE s.name = schedule_insert.name AND NOT k.dropped
    ON CONFLICT (queue, owner, unique_key) WHERE unique_key IS NOT NULL DO NOTHING
    RETURNING job.id, job.runner INTO id, runner;
END $$;
REVOKE ALL ON FUNCTION schedule_insert(text, timestamptz, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION schedule_insert(text, timestamptz, timestamptz, text) IS
    'enqueues the job of a schedule, for the owner of the schedule; null while the job of that key is not done';

CREATE FUNCTION schedule_run_now(name text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    now timestamptz := steward.worker_clock();
    of_schedule record;
    job record;
    existing bigint;
BEGIN
    PERFORM steward.migration_require('jobs');
    SELECT s.* INTO of_schedule FROM steward.schedule AS s WHERE s.name = schedule_run_now.name FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM steward.schedule_refuse(name);
    END IF;
    LOOP
        SELECT i.id, i.runner INTO job FROM steward.schedule_insert(name, now, now, 'schedule ' || name) AS i;
        EXIT WHEN job.id IS NOT NULL;
        IF NOT EXISTS (SELECT FROM steward.job_kind AS k WHERE k.kind = of_schedule.kind AND NOT k.dropped) THEN
            PERFORM steward.job_kind_refuse(of_schedule.kind);
        END IF;
        existing := steward.job_existing(of_schedule.queue, of_schedule.owner, 'schedule ' || name);
        CONTINUE WHEN existing IS NULL; -- that job has just ended
        RETURN existing;
    END LOOP;
    UPDATE steward.schedule AS s SET fired = s.fired + 1, last_at = now, last_id = job.id WHERE s.name = schedule_run_now.name;
    PERFORM steward.job_ready(of_schedule.owner, of_schedule.queue, job.runner, 5::smallint, job.id);
    RETURN job.id;
END $$;
REVOKE ALL ON FUNCTION schedule_run_now(text) FROM PUBLIC;
COMMENT ON FUNCTION schedule_run_now(text) IS
    'enqueues the job of a schedule at once, whatever the time; returns the one that is not done yet, if there is one';

CREATE FUNCTION schedule_owed(schedule text, next_at timestamptz, at timestamptz, time_zone text, anchor timestamptz)
    RETURNS timestamptz[]
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    enough constant integer := 1000;
    since timestamptz := greatest(next_at, at - interval '1 day');
    times timestamptz[];
BEGIN
    -- What came every second for a year is not counted: where the last day has enough, it is all that is owed.
    times := ARRAY(SELECT steward.schedule_times(schedule, since, at, time_zone, anchor));
    IF since > next_at AND cardinality(times) < enough THEN
        times := ARRAY(SELECT steward.schedule_times(schedule, next_at, at, time_zone, anchor));
        since := next_at;
    END IF;
    RETURN CASE WHEN since = next_at THEN next_at || times ELSE times END;
END $$;
REVOKE ALL ON FUNCTION schedule_owed(text, timestamptz, timestamptz, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION schedule_owed(text, timestamptz, timestamptz, text, timestamptz) IS
    'the times that have come since next_at; of very many those of the last day';

CREATE FUNCTION schedule_fire(name text, at timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    grace constant interval := '1 minute'; -- a time that is late by less has not been missed
    most constant integer := 1000; -- of missed times are caught up with
    s record;
    owed timestamptz[];
    times timestamptz[];
    due timestamptz;
    run_at timestamptz;
    job record;
    enqueued integer := 0;
BEGIN
    SELECT d.* INTO s FROM steward.schedule AS d
    WHERE d.name = schedule_fire.name AND d.active AND d.next_at <= at FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    ELSIF NOT EXISTS (SELECT FROM steward.job_kind AS k WHERE k.kind = s.kind AND NOT k.dropped) THEN
        PERFORM steward.job_kind_refuse(s.kind);
    END IF;
    owed := steward.schedule_owed(s.schedule, s.next_at, at, s.time_zone, s.created_at);
    times := CASE s.missed WHEN 'catch_up' THEN owed[greatest(cardinality(owed) - most + 1, 1) : ]
                  WHEN 'run_once' THEN owed[cardinality(owed) : ]
                  ELSE ARRAY(SELECT t FROM unnest(owed[cardinality(owed) : ]) AS t WHERE t > at - grace) END;
    FOREACH due IN ARRAY times LOOP
        run_at := due + random() * s.jitter;
        SELECT e.id, e.runner INTO job
        FROM steward.schedule_enqueue(name, at, run_at,
                                      'schedule ' || name || CASE s.missed WHEN 'catch_up' THEN ' ' || due ELSE '' END) AS e;
        CONTINUE WHEN job.id IS NULL;
        enqueued := enqueued + 1;
        s.last_id := job.id;
        s.last_at := due;
        IF run_at <= at THEN
            PERFORM steward.job_ready(s.owner, s.queue, job.runner, 5::smallint, job.id);
        END IF;
    END LOOP;
    UPDATE steward.schedule AS d
    SET next_at = steward.schedule_next(s.schedule, at, s.time_zone, s.created_at), planned_at = at, last_at = s.last_at, last_id = s.last_id,
        fired = d.fired + enqueued, skipped = d.skipped + cardinality(owed) - enqueued, error = NULL
    WHERE d.name = schedule_fire.name;
    RETURN enqueued;
END $$;
REVOKE ALL ON FUNCTION schedule_fire(text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION schedule_fire(text, timestamptz) IS
    'enqueues what a schedule owes by that time, as its missed-run policy says, and sets its next time';

CREATE FUNCTION schedule_fail(name text, at timestamptz, message text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    next timestamptz;
BEGIN
    BEGIN
        SELECT steward.schedule_next(s.schedule, at, s.time_zone, s.created_at) INTO next
        FROM steward.schedule AS s WHERE s.name = schedule_fail.name;
    EXCEPTION WHEN OTHERS THEN
        next := NULL; -- until somebody mends it
    END;
    UPDATE steward.schedule AS s SET error = message, next_at = next, planned_at = at WHERE s.name = schedule_fail.name;
END $$;
REVOKE ALL ON FUNCTION schedule_fail(text, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION schedule_fail(text, timestamptz, text) IS 'notes why a schedule could not fire; it tries again at its next time';

CREATE FUNCTION schedules_plan_anew(at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    early record;
BEGIN
    -- Times of the last hour have been seen to: they do not come again.
    FOR early IN SELECT s.name FROM steward.schedule AS s WHERE s.planned_at > at + interval '1 hour' FOR UPDATE SKIP LOCKED LOOP
        BEGIN
            UPDATE steward.schedule AS s
            SET next_at = steward.schedule_next(s.schedule, at, s.time_zone, least(s.created_at, at)), planned_at = at
            WHERE s.name = early.name;
        EXCEPTION WHEN OTHERS THEN
            PERFORM steward.schedule_fail(early.name, at, SQLERRM);
        END;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION schedules_plan_anew(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION schedules_plan_anew(timestamptz) IS
    'the next times of schedules after the clock was set back by more than an hour, or they would wait for the time that it showed';

CREATE FUNCTION schedules_fire(at timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    due text;
    message text;
    enqueued integer := 0;
BEGIN
    PERFORM steward.schedules_plan_anew(at);
    FOR due IN
        SELECT s.name FROM steward.schedule AS s
        WHERE s.active AND s.via = 'steward' AND s.next_at <= at ORDER BY s.next_at
    LOOP
        BEGIN
            enqueued := enqueued + steward.schedule_fire(due, at);
        EXCEPTION WHEN OTHERS THEN -- one schedule that fails, say with a time zone that is gone, is no other's matter
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
            PERFORM steward.schedule_fail(due, at, message);
        END;
    END LOOP;
    RETURN enqueued;
END $$;
REVOKE ALL ON FUNCTION schedules_fire(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION schedules_fire(timestamptz) IS 'enqueues what all schedules owe by that time';

CREATE FUNCTION schedule_via_pg_cron(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    purge constant text := 'steward purge of job_run_details';
    is_there boolean := CASE WHEN has_schema_privilege(to_regnamespace('cron')::oid, 'USAGE')
                             THEN to_regprocedure('cron.schedule(text, text, text)') IS NOT NULL ELSE false END;
    s record;
BEGIN
    SELECT d.* INTO s FROM steward.schedule AS d WHERE d.name = schedule_via_pg_cron.name AND d.via = 'pg_cron';
    IF FOUND AND NOT is_there THEN
        RAISE EXCEPTION 'pg_cron is not in this database'
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'Or you may not use its schema.',
                  HINT = 'Create the extension pg_cron here, or leave the schedule to pg_steward.';
    ELSIF FOUND AND s.time_zone NOT IN ('UTC', 'GMT') THEN
        RAISE EXCEPTION 'pg_cron knows no time zone but GMT'
            USING ERRCODE = 'feature_not_supported', HINT = 'Leave the schedule to pg_steward.';
    ELSIF FOUND AND regexp_count(btrim(s.schedule), '\s+') <> 4 THEN
        RAISE EXCEPTION 'pg_cron knows only schedules of five fields'
            USING ERRCODE = 'feature_not_supported', HINT = 'Leave the schedule to pg_steward.';
    ELSIF FOUND AND s.active THEN
        PERFORM cron.schedule('steward ' || name, s.schedule, format('SELECT steward.schedule_run_now(%L)', name));
        PERFORM cron.schedule(purge, '17 3 * * *',
                              $d$DELETE FROM cron.job_run_details WHERE end_time < now() - interval '7 days'$d$);
    ELSIF is_there THEN
        PERFORM cron.unschedule(j.jobid) FROM cron.job AS j WHERE j.jobname = 'steward ' || name;
    END IF;
END $$;
REVOKE ALL ON FUNCTION schedule_via_pg_cron(text) FROM PUBLIC;
COMMENT ON FUNCTION schedule_via_pg_cron(text) IS
    'brings pg_cron in line with a schedule that goes through it, and has it forget its runs after a week';
