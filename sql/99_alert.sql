-- Alerts: raised, kept up to date and closed by the monitor; taken to their targets by the sidecar.

CREATE FUNCTION alert_text(template text, value float8, threshold float8) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 50 SET search_path = pg_catalog, pg_temp SET extra_float_digits = 0
AS $$
    SELECT regexp_replace(regexp_replace(template, '\{\{\s*\$value\s*\}\}', to_char(value, 'FM999999999999990.0999'), 'g'),
                          '\{\{\s*\$threshold\s*\}\}', to_char(threshold, 'FM999999999999990.0999'), 'g')
$$;
REVOKE ALL ON FUNCTION alert_text(text, float8, float8) FROM PUBLIC;
COMMENT ON FUNCTION alert_text(text, float8, float8) IS 'a text of a rule with its figures in it';

CREATE FUNCTION alert_tell(rule text, opened_at timestamptz, event text, at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    body jsonb := (SELECT jsonb_build_object('rule', a.rule, 'event', event, 'severity', a.severity, 'value', a.value, 'threshold', a.threshold,
                                             'since', a.since, 'opened_at', a.opened_at, 'closed_at', a.closed_at, 'summary', a.summary,
                                             'description', a.description, 'database', current_database())
                   FROM steward.alert AS a WHERE a.rule = alert_tell.rule AND a.opened_at = alert_tell.opened_at);
    severities constant text[] := ARRAY['info', 'warning', 'critical'];
BEGIN
    RAISE LOG 'alert "%" %: % (%)', rule, event, body ->> 'summary', body ->> 'description';
    -- What does not fit is told without its texts.
    PERFORM pg_notify('steward_alerts', (CASE WHEN octet_length(body::text) < 7900 THEN body ELSE body - ARRAY['summary', 'description'] END)::text);
    INSERT INTO steward.alert_delivery (target, delivery_id, rule, event, body, created_at, next_at)
    SELECT t.name, gen_random_uuid(), rule, event, body, at, at
    FROM steward.alert_target AS t
    WHERE t.active AND array_position(severities, t.least_severity) <= array_position(severities, body ->> 'severity');
END $$;
REVOKE ALL ON FUNCTION alert_tell(text, timestamptz, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION alert_tell(text, timestamptz, text, timestamptz) IS 'notifies those who listen to steward_alerts, and leaves an alert for the sidecar to take to its targets';

CREATE FUNCTION alert_close(rule text, at timestamptz, why text DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    opened timestamptz;
BEGIN
    UPDATE steward.alert AS a SET closed_at = greatest(at, a.opened_at), note = why
    WHERE a.rule = alert_close.rule AND a.closed_at IS NULL RETURNING a.opened_at INTO opened;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM steward.alert_tell(rule, opened, 'closed', at);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION alert_close(text, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION alert_close(text, timestamptz, text) IS 'closes the open alert of a rule, if there is one';

-- A rule on its own: figure, since when it is beyond its threshold, and what follows.
CREATE FUNCTION alert_check(r record, value float8, n bigint, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    is_beyond boolean := coalesce(n >= r.at_least_n AND CASE r.op WHEN '>' THEN value > r.threshold ELSE value < r.threshold END, false);
    state record;
    began timestamptz;
    opened timestamptz;
    has_changed boolean := false;
BEGIN
    SELECT s.since, s.opened_at INTO state FROM steward.alert_state AS s WHERE s.rule = r.name;
    IF is_beyond THEN
        began := CASE WHEN state.since <= at THEN state.since ELSE at END; -- the clock may have been set back
        UPDATE steward.alert AS a
        SET value = alert_check.value, peak = CASE r.op WHEN '>' THEN greatest(a.peak, alert_check.value) ELSE least(a.peak, alert_check.value) END,
            description = steward.alert_text(r.description, alert_check.value, r.threshold)
        WHERE a.rule = r.name AND a.closed_at IS NULL RETURNING a.opened_at INTO opened;
        IF opened IS NULL AND began + r.hold <= at THEN
            opened := at;
            INSERT INTO steward.alert (rule, opened_at, since, severity, value, peak, threshold, summary, description)
            VALUES (r.name, at, began, r.severity, value, value, r.threshold, steward.alert_text(r.summary, value, r.threshold),
                    steward.alert_text(r.description, value, r.threshold));
            PERFORM steward.alert_tell(r.name, at, 'opened', at);
            has_changed := true;
        END IF;
    ELSE
        has_changed := steward.alert_close(r.name, at, CASE WHEN value IS NULL OR n < r.at_least_n THEN 'there are too few values' END);
    END IF;
    INSERT INTO steward.alert_state AS s (rule, checked_at, value, n, since, opened_at) VALUES (r.name, at, value, n, began, opened)
    ON CONFLICT ON CONSTRAINT alert_state_pkey DO UPDATE
    SET checked_at = excluded.checked_at, value = excluded.value, n = excluded.n, since = excluded.since, opened_at = excluded.opened_at, error = NULL;
    RETURN has_changed;
END $$;
REVOKE ALL ON FUNCTION alert_check(record, float8, bigint, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION alert_check(record, float8, bigint, timestamptz) IS 'holds the figure of a rule against its threshold, and opens or closes its alert';

CREATE FUNCTION alert_evaluate(at timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    it record;
    r record;
    changed bigint := 0;
    message text;
BEGIN
    FOR it IN
        SELECT v.* FROM (SELECT array_agg(s.name) AS names, array_agg(s.metric) AS metrics, array_agg(s.labels) AS labels, array_agg(s.part) AS parts,
                                array_agg(s.measure) AS measures, array_agg(s.time_window) AS windows FROM steward.alert_rule AS s WHERE s.active) AS a
             CROSS JOIN LATERAL steward.metric_measures(at, a.names, a.metrics, a.labels, a.parts, a.measures, a.windows) AS v
    LOOP
        SELECT s.* INTO r FROM steward.alert_rule AS s WHERE s.name = it.name;
        BEGIN
            changed := changed + steward.alert_check(r, it.value, it.n, at)::integer;
        EXCEPTION WHEN OTHERS THEN -- one rule that fails is no other's matter
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
            INSERT INTO steward.alert_state AS s (rule, checked_at, n, error) VALUES (it.name, at, 0, message)
            ON CONFLICT ON CONSTRAINT alert_state_pkey DO UPDATE SET checked_at = excluded.checked_at, error = excluded.error;
        END;
    END LOOP;
    FOR it IN
        SELECT s.rule FROM steward.alert_state AS s WHERE s.rule NOT IN (SELECT d.name FROM steward.alert_rule AS d WHERE d.active)
    LOOP
        changed := changed + steward.alert_close(it.rule, at, 'the rule is gone or not active')::integer;
        DELETE FROM steward.alert_state AS s WHERE s.rule = it.rule;
    END LOOP;
    PERFORM steward.alert_forget(at);
    RETURN changed;
END $$;
REVOKE ALL ON FUNCTION alert_evaluate(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION alert_evaluate(timestamptz) IS 'holds each active rule against what was measured up to a time; returns how many alerts it has opened or closed';

CREATE FUNCTION alert_forget(at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM steward.alert AS a
    WHERE a.ctid = ANY (ARRAY(SELECT o.ctid FROM steward.alert AS o WHERE o.opened_at < at - interval '1 year' AND o.closed_at IS NOT NULL LIMIT 1000));
    DELETE FROM steward.alert_delivery AS d
    WHERE d.ctid = ANY (ARRAY(SELECT o.ctid FROM steward.alert_delivery AS o WHERE o.created_at < at - interval '14 days' LIMIT 1000));
END $$;
REVOKE ALL ON FUNCTION alert_forget(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION alert_forget(timestamptz) IS 'removes alerts after a year and deliveries after two weeks, a thousand at a time';

-- Two sidecars take different ones; what one has taken and not settled within its lease comes again.
CREATE FUNCTION alert_deliveries_claim(n integer DEFAULT 10, lease interval DEFAULT '30 seconds')
    RETURNS TABLE (target text, delivery_id uuid, url text, secret_ref text, body jsonb, attempt integer)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM steward.migration_require('alerts');
    IF n NOT BETWEEN 1 AND 1000 OR lease <= interval '0' THEN
        RAISE EXCEPTION '1 to 1000 deliveries and a positive lease are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    WITH taken AS (
        UPDATE steward.alert_delivery AS d SET state = 'leased', attempts = d.attempts + 1, next_at = steward.worker_clock() + lease
        FROM (SELECT w.target, w.delivery_id FROM steward.alert_delivery AS w
              WHERE w.state IN ('ready', 'leased') AND w.next_at <= steward.worker_clock()
              ORDER BY w.next_at LIMIT n FOR UPDATE SKIP LOCKED) AS w
        WHERE d.target = w.target AND d.delivery_id = w.delivery_id
        RETURNING d.target, d.delivery_id, d.body, d.attempts::integer AS attempt
    )
    SELECT t.target, t.delivery_id, a.url, a.secret_ref, t.body, t.attempt
    FROM taken AS t JOIN steward.alert_target AS a ON a.name = t.target AND a.active ORDER BY t.target, t.delivery_id;
END $$;
REVOKE ALL ON FUNCTION alert_deliveries_claim(integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION alert_deliveries_claim(integer, interval) IS
    'for the sidecar: takes alerts that are to be sent, for the time of a lease, with the address of each';

CREATE FUNCTION alert_delivery_record(target text, delivery_id uuid, status integer, error text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    most_attempts constant integer := 10;
    became text;
BEGIN
    PERFORM steward.migration_require('alerts');
    UPDATE steward.alert_delivery AS d
    SET status = alert_delivery_record.status, error = left(alert_delivery_record.error, 1000),
        state = CASE WHEN alert_delivery_record.status BETWEEN 200 AND 299 THEN 'done'
                     -- An answer that will not change, but for those that ask to come again.
                     WHEN d.attempts >= most_attempts OR (alert_delivery_record.status BETWEEN 300 AND 499
                                                          AND alert_delivery_record.status NOT IN (408, 425, 429)) THEN 'dead'
                     ELSE 'ready' END,
        next_at = steward.worker_clock() + least(interval '5 seconds' * 2 ^ (d.attempts - 1), interval '1 hour')
    WHERE d.target = alert_delivery_record.target AND d.delivery_id = alert_delivery_record.delivery_id AND d.state = 'leased'
    RETURNING CASE d.state WHEN 'ready' THEN 'retry' ELSE d.state END INTO became;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this delivery is not leased' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN became;
END $$;
REVOKE ALL ON FUNCTION alert_delivery_record(text, uuid, integer, text) FROM PUBLIC;
COMMENT ON FUNCTION alert_delivery_record(text, uuid, integer, text) IS
    'for the sidecar: says what came of a delivery, by the status of the answer or why there was none; done, retry or dead';

CREATE FUNCTION prometheus_rules() RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.migration_require('alerts');
    RETURN E'groups:\n' || coalesce((
        SELECT string_agg(g.text, '' ORDER BY g.rule_group)
        FROM (SELECT r.rule_group, format(E'  - name: %s\n    rules:\n', r.rule_group) || string_agg(
                  format(E'      - alert: %s\n        expr: %s\n        for: %ss\n        labels:\n          severity: %s\n        annotations:\n          summary: %s\n          description: %s\n',
                         r.name, to_json(r.expr), extract(epoch FROM r.hold)::bigint, r.severity, to_json(r.summary), to_json(r.description)),
                  '' ORDER BY r.name) AS text
              FROM steward.alert_rule AS r WHERE r.active AND r.expr IS NOT NULL GROUP BY r.rule_group) AS g), E'  []\n');
END $$;
REVOKE ALL ON FUNCTION prometheus_rules() FROM PUBLIC;
COMMENT ON FUNCTION prometheus_rules() IS 'the alert rules as a file of rules for Prometheus';
