-- Models: trained, judged, and promoted.

CREATE FUNCTION model_fit(source text, label text, text text, features text[], exact boolean, max_features integer, batch_size integer, seed bigint, champion bytea,
                          OUT coefficients bytea, OUT labels text[], OUT label_rows bigint[], OUT auc float8[], OUT label_loss float8[],
                          OUT brier float8[], OUT calibration_error float8[], OUT train_rows bigint, OUT calibration_rows bigint,
                          OUT holdout_rows bigint, OUT used_features bigint, OUT accuracy float8, OUT log_loss float8, OUT constant_loss float8,
                          OUT champion_loss float8, OUT gained float8, OUT gained_low float8, OUT sketch bytea) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_model_fit'
    LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
REVOKE ALL ON FUNCTION model_fit(text, text, text, text[], boolean, integer, integer, bigint, bytea) FROM PUBLIC;
COMMENT ON FUNCTION model_fit(text, text, text, text[], boolean, integer, integer, bigint, bytea) IS
    'trains a model on seven tenths of the rows of a query, calibrates it by one and judges it by two, beside another if one is given';

-- Where people have given examples, they are rows as those of the source are.
CREATE FUNCTION model_rows(name text) RETURNS text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    m record;
    is_array boolean;
BEGIN
    SELECT * INTO m FROM steward.model AS d WHERE d.name = name;
    IF NOT FOUND THEN -- any more
        PERFORM steward.model_refuse(name);
    END IF;
    IF NOT EXISTS (SELECT FROM steward.model_example AS e WHERE e.name = name) THEN
        RETURN m.source;
    END IF;
    is_array := (SELECT bool_or(cardinality(e.labels) <> 1) OR bool_or(e.is_set) FROM steward.model_example AS e WHERE e.name = name);
    RETURN format(E'SELECT s.%1$I::pg_catalog.%2$s AS %1$I%3$s FROM (%4$s\n) AS s UNION ALL SELECT %5$s%6$s FROM steward.model_example AS e WHERE e.name OPERATOR(pg_catalog.=) %7$L',
        m.label, CASE WHEN is_array THEN 'text[]' ELSE 'text' END,
        coalesce(format(', s.%1$I::pg_catalog.text AS %1$I', m.text_column), '')
            || (SELECT coalesce(string_agg(format(', pg_catalog.to_jsonb(s.%1$I) AS %1$I', f), ''), '') FROM unnest(m.features) AS f),
        m.source, CASE WHEN is_array THEN 'e.labels' ELSE 'e.labels[1]' END,
        coalesce(format(', e.input OPERATOR(pg_catalog.->>) %L', m.text_column), '')
            || (SELECT coalesce(string_agg(format(', e.input OPERATOR(pg_catalog.->) %L', f), ''), '') FROM unnest(m.features) AS f), name);
END $$;
REVOKE ALL ON FUNCTION model_rows(text) FROM PUBLIC;
COMMENT ON FUNCTION model_rows(text) IS 'the query of all rows that a model is trained on, examples included';

-- Without SET, as the query is its owner's. Two at once would compare themselves with the same champion.
CREATE FUNCTION model_train_now(name text, because text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000000
AS $$
DECLARE
    m record;
    begun timestamptz := pg_catalog.clock_timestamp();
    before text;
    fitted record;
BEGIN
    PERFORM steward.model_own(name);
    PERFORM 1 FROM steward.model_state AS s WHERE s.name OPERATOR(pg_catalog.=) model_train_now.name FOR UPDATE NOWAIT;
    IF NOT FOUND THEN -- any more
        PERFORM steward.model_refuse(name);
    END IF;
    SELECT d.label, d.path, d.text_column, d.features, d.method, d.max_features, d.batch_size, d.seed, coalesce(d.version, 0) AS version, v.coefficients INTO m
    FROM steward.model AS d LEFT JOIN steward.model_version AS v ON v.name OPERATOR(pg_catalog.=) d.name AND v.version OPERATOR(pg_catalog.=) d.version
    WHERE d.name OPERATOR(pg_catalog.=) model_train_now.name;
    before := steward.model_path(m.path);
    SELECT f.* INTO fitted
    FROM steward.model_fit(steward.model_rows(name), m.label, m.text_column, m.features, m.method OPERATOR(pg_catalog.=) 'exact', m.max_features,
                           m.batch_size, m.seed, m.coefficients) AS f;
    PERFORM steward.model_path(before);
    RETURN steward.model_store(name, because, begun, fitted.coefficients, fitted.sketch,
        pg_catalog.jsonb_build_object('rows', fitted.train_rows, 'calibration_rows', fitted.calibration_rows, 'holdout_rows', fitted.holdout_rows,
            'features', fitted.used_features, 'accuracy', fitted.accuracy, 'log_loss', fitted.log_loss, 'constant_log_loss', fitted.constant_loss,
            'champion_log_loss', fitted.champion_loss,
            'labels', (SELECT pg_catalog.jsonb_object_agg(l.label, pg_catalog.jsonb_build_object('rows', l.n, 'auc', l.auc, 'log_loss', l.loss, 'brier', l.brier,
                                                                                    'calibration_error', l.ece))
                       FROM ROWS FROM (pg_catalog.unnest(fitted.labels), pg_catalog.unnest(fitted.label_rows), pg_catalog.unnest(fitted.auc),
                                       pg_catalog.unnest(fitted.label_loss), pg_catalog.unnest(fitted.brier),
                                       pg_catalog.unnest(fitted.calibration_error)) AS l (label, n, auc, loss, brier, ece))),
        fitted.gained, fitted.gained_low, m.version);
END $$;
REVOKE ALL ON FUNCTION model_train_now(text, text) FROM PUBLIC;
COMMENT ON FUNCTION model_train_now(text, text) IS 'trains a model in this transaction, and promotes it if it is better than what serves; its version';

CREATE FUNCTION model_store(name text, because text, begun timestamptz, coefficients bytea, sketch bytea, metrics jsonb, gained float8, gained_low float8,
                            champion bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    kept constant integer := 20; -- versions, besides the one that serves
    m record;
    fresh bigint := coalesce((SELECT max(v.version) FROM steward.model_version AS v WHERE v.name = name), 0) + 1;
    is_better boolean := gained_low > 0;
    outcome text;
BEGIN
    SELECT * INTO m FROM steward.model AS d WHERE d.name = name FOR UPDATE;
    outcome := CASE WHEN NOT is_better OR coalesce(m.version, 0) <> champion THEN 'rejected' WHEN m.held THEN 'held'
                    WHEN m.shadow_rows > 0 AND m.version IS NOT NULL THEN 'shadow' ELSE 'promoted' END;
    INSERT INTO steward.model_version (name, version, owner, trained_at, duration, because, outcome, reason, coefficients, sketch, hash, metrics, gained, gained_low)
    VALUES (name, fresh, m.owner, begun, clock_timestamp() - begun, because, outcome,
            CASE WHEN (metrics ->> 'holdout_rows')::bigint < 2 THEN 'There are too few rows to judge it by.'
                 WHEN coalesce(m.version, 0) <> champion THEN format('Version %s came to serve meanwhile, with which it was not compared.', m.version)
                 WHEN outcome = 'held' THEN format('Version %s is held.', m.version)
                 ELSE format('On %s rows kept aside it loses %s less a row than %s, and with %s %% certainty at least %s.', metrics ->> 'holdout_rows',
                             round(gained::numeric, 6), CASE WHEN metrics ->> 'champion_log_loss' IS NOT NULL THEN 'version ' || m.version ELSE 'the shares of the labels' END,
                             CASE WHEN metrics ->> 'champion_log_loss' IS NOT NULL THEN '95' ELSE '99.95' END,
                             round(nullif(gained_low, '-Infinity')::numeric, 6)) END,
            coefficients, sketch, encode(sha256(coefficients), 'hex'), metrics, gained, nullif(gained_low, '-Infinity'));
    IF outcome = 'promoted' THEN
        PERFORM steward.model_replace(name, fresh, m.version);
    ELSIF outcome = 'shadow' THEN
        UPDATE steward.model_version AS v SET outcome = 'rejected', reason = format('%s Version %s took its place on trial.', v.reason, fresh)
        WHERE v.name = name AND v.version = m.shadow;
        UPDATE steward.model AS d SET shadow = fresh WHERE d.name = name;
    END IF;
    UPDATE steward.model_state AS s
    SET trained_at = begun, trained_rows = (SELECT sum(r.value::bigint) FROM jsonb_each_text(metrics) AS r WHERE r.key IN ('rows', 'calibration_rows', 'holdout_rows')),
        error = NULL, error_at = NULL
    WHERE s.name = name;
    DELETE FROM steward.model_version AS v
    WHERE v.name = name AND v.version <= fresh - kept AND v.version NOT IN (SELECT s.version FROM steward.model AS d, unnest(ARRAY[d.version, d.replaced, d.shadow]) AS s (version)
                                                           WHERE d.name = name AND s.version IS NOT NULL);
    RETURN fresh;
END $$;
REVOKE ALL ON FUNCTION model_store(text, text, timestamptz, bytea, bytea, jsonb, float8, float8, bigint) FROM PUBLIC;
COMMENT ON FUNCTION model_store(text, text, timestamptz, bytea, bytea, jsonb, float8, float8, bigint) IS
    'keeps what a training gave; promotes it if it is better than what serves';

CREATE FUNCTION model_replace(name text, version bigint, replaced bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    UPDATE steward.model AS m SET version = version, replaced = replaced, shadow = NULL, promoted_at = clock_timestamp() WHERE m.name = name;
END $$;
REVOKE ALL ON FUNCTION model_replace(text, bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION model_replace(text, bigint, bigint) IS 'has a version serve, which is looked at anew from now on; the one that it replaces may come back by itself';

CREATE FUNCTION model_train(name text, wait boolean DEFAULT true, OUT version bigint, OUT outcome text, OUT reason text) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
AS $$
BEGIN
    PERFORM steward.model_own(name);
    IF wait THEN
        version := steward.model_train_now(name, 'asked');
        SELECT v.outcome, v.reason INTO outcome, reason FROM steward.model_version AS v
        WHERE v.name OPERATOR(pg_catalog.=) model_train.name AND v.version OPERATOR(pg_catalog.=) model_train.version;
    ELSE
        reason := pg_catalog.format('Job %s of queue models trains it.', steward.job_enqueue('model_train',
            pg_catalog.jsonb_build_object('name', name, 'because', 'asked'), queue => 'models'));
        outcome := 'queued';
    END IF;
END $$;
REVOKE ALL ON FUNCTION model_train(text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION model_train(text, boolean) IS
    'trains a model now, or as a job, and promotes it if on rows kept aside it is better than what serves';

CREATE FUNCTION model_train_job(job_id bigint, payload jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
AS $$
DECLARE
    of_name text := payload OPERATOR(pg_catalog.->>) 'name';
    because text := coalesce(payload OPERATOR(pg_catalog.->>) 'because', 'asked');
    message text;
    trained bigint;
BEGIN
    BEGIN
        IF because OPERATOR(pg_catalog.=) 'check' THEN
            because := CASE WHEN steward.model_changed(of_name) THEN steward.model_check(of_name) END;
        ELSIF because OPERATOR(pg_catalog.=) 'schedule' AND EXISTS (SELECT FROM steward.model AS m WHERE m.name OPERATOR(pg_catalog.=) of_name AND m.shadow IS NOT NULL) THEN
            because := NULL; -- one trial at a time
        END IF;
        IF because IS NOT NULL THEN
            trained := steward.model_train_now(of_name, because);
        END IF;
    EXCEPTION WHEN OTHERS THEN -- what serves goes on; the schedule is the next attempt
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
        UPDATE steward.model_state AS s SET error = message, error_at = pg_catalog.clock_timestamp() WHERE s.name OPERATOR(pg_catalog.=) of_name;
    END;
    RETURN pg_catalog.jsonb_build_object('because', because, 'version', trained, 'error', message);
END $$;
REVOKE ALL ON FUNCTION model_train_job(bigint, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION model_train_job(bigint, jsonb) IS
    'handler of kind model_train: trains the model {"name": ...}, or with "because": "check" looks whether that is due; what it raises is kept in table model_state';

CREATE FUNCTION model_serve(name text, version bigint, held boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.model_own(name);
    PERFORM 1 FROM steward.model AS m WHERE m.name = name FOR UPDATE;
    IF NOT FOUND THEN -- any more
        PERFORM steward.model_refuse(name);
    END IF;
    IF NOT EXISTS (SELECT FROM steward.model_version AS v WHERE v.name = name AND v.version = version) THEN
        RAISE EXCEPTION 'model "%" has no version %', name, version
            USING ERRCODE = 'undefined_object', HINT = 'View steward.model_versions has those that are kept.';
    END IF;
    UPDATE steward.model_version AS v SET outcome = 'rejected', reason = format('%s It was on trial when a person chose version %s.', v.reason, version)
    FROM steward.model AS m WHERE m.name = name AND v.name = name AND v.version = m.shadow;
    UPDATE steward.model AS m SET held = coalesce(held, m.held) WHERE m.name = name;
    PERFORM steward.model_replace(name, version, NULL);
END $$;
REVOKE ALL ON FUNCTION model_serve(text, bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION model_serve(text, bigint, boolean) IS 'has a version of a model serve from now on';

CREATE FUNCTION model_promote(name text, version bigint) RETURNS void
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$ SELECT steward.model_serve(name, version, NULL) $$;
REVOKE ALL ON FUNCTION model_promote(text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION model_promote(text, bigint) IS 'has a version of a model serve, whatever was thought of it';

CREATE FUNCTION model_rollback(name text, version bigint DEFAULT NULL, hold boolean DEFAULT true) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    wanted bigint;
BEGIN
    PERFORM steward.model_own(name);
    PERFORM 1 FROM steward.model AS m WHERE m.name = name FOR UPDATE; -- whoever comes at once goes back from there
    wanted := coalesce(version, (SELECT max(v.version) FROM steward.model_version AS v JOIN steward.model AS m ON m.name = v.name
                                 WHERE v.name = name AND v.outcome = 'promoted' AND v.version < m.version));
    IF wanted IS NULL THEN
        RAISE EXCEPTION 'model "%" has no version that served before', name USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    PERFORM steward.model_serve(name, wanted, coalesce(hold, true));
    RETURN wanted;
END $$;
REVOKE ALL ON FUNCTION model_rollback(text, bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION model_rollback(text, bigint, boolean) IS
    'has the version that served before, or a given one, serve again; it is held until model_release, unless hold is false';

CREATE FUNCTION model_release(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.model_own(name);
    UPDATE steward.model AS m SET held = false WHERE m.name = name;
END $$;
REVOKE ALL ON FUNCTION model_release(text) FROM PUBLIC;
COMMENT ON FUNCTION model_release(text) IS 'lets a better version replace the one that is held';
