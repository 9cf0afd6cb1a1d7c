-- Models: looked at as rows come, trained again when that is due, and replaced by what does better on new rows.

CREATE FUNCTION model_watch(source text, label text, text text, features text[], champion bytea, rival bytea, known bytea, seen bytea,
                            OUT labelled_rows bigint, OUT live_rows bigint, OUT live_loss float8, OUT gained float8, OUT gained_low float8,
                            OUT inputs bigint, OUT labels text[], OUT stability float8[], OUT seen_now bytea) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_model_watch'
    LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
REVOKE ALL ON FUNCTION model_watch(text, text, text, text[], bytea, bytea, bytea, bytea) FROM PUBLIC;
COMMENT ON FUNCTION model_watch(text, text, text, text[], bytea, bytea, bytea, bytea) IS
    'what a model, and a rival of it, lose by rows of a query that are in neither sketch, and how far its probabilities are from before';

CREATE FUNCTION model_signature(plan jsonb) RETURNS text
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT md5(string_agg(concat_ws(' ', c.oid, c.relfilenode, pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid),
                                    pg_stat_get_tuples_deleted(c.oid)), ',' ORDER BY c.oid))
    FROM (SELECT DISTINCT node ->> 'Schema' AS schema, node ->> 'Relation Name' AS name
          FROM jsonb_path_query(plan, 'strict $.** ? (exists(@."Relation Name"))') AS node) AS r
         JOIN pg_namespace AS n ON n.nspname = r.schema JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = r.name
$$;
REVOKE ALL ON FUNCTION model_signature(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION model_signature(jsonb) IS 'changes with what the server has counted of changes in the tables of a plan';

-- Without SET, as the query is its owner's. A look takes a hundredth of the time at the most: a large source is looked at less often.
CREATE FUNCTION model_changed(name text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
AS $$
DECLARE
    m record;
    before text;
    plan json;
    now_signature text; -- that of tables and versions
BEGIN
    PERFORM steward.model_own(name);
    SELECT d.path, d.version, coalesce(d.shadow, d.replaced) AS rival, s.check_took OPERATOR(pg_catalog.>) '1 second'
           AND (s.checked_at OPERATOR(pg_catalog.+) (s.check_took OPERATOR(pg_catalog.*) 100)) OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp() AS is_early
    INTO m FROM steward.model AS d JOIN steward.model_state AS s ON s.name OPERATOR(pg_catalog.=) d.name
    WHERE d.name OPERATOR(pg_catalog.=) model_changed.name;
    IF m.is_early THEN
        RETURN false;
    END IF;
    before := steward.model_path(m.path);
    EXECUTE 'EXPLAIN (FORMAT json, VERBOSE) ' OPERATOR(pg_catalog.||) steward.model_rows(name) INTO plan;
    PERFORM steward.model_path(before);
    now_signature := pg_catalog.concat_ws(' ', steward.model_signature(plan::pg_catalog.jsonb), m.version, m.rival);
    UPDATE steward.model_state AS s SET signature = now_signature
    WHERE s.name OPERATOR(pg_catalog.=) model_changed.name AND (s.signature OPERATOR(pg_catalog.=) now_signature) IS NOT TRUE;
    RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION model_changed(text) FROM PUBLIC;
COMMENT ON FUNCTION model_changed(text) IS 'whether tables of a model''s source have changed since this was last asked; it is too early to know after a look that took long';

CREATE FUNCTION model_check(name text) RETURNS text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000000
AS $$
DECLARE
    begun timestamptz := pg_catalog.clock_timestamp();
    m record;
    before text;
    w record;
BEGIN
    PERFORM steward.model_own(name);
    SELECT d.label, d.path, d.text_column, d.features, d.version, coalesce(d.shadow, d.replaced) AS rival_version, v.coefficients, v.sketch,
           r.coefficients AS rival, CASE WHEN s.served OPERATOR(pg_catalog.=) d.version THEN s.seen END AS seen,
           CASE WHEN d.shadow IS NULL THEN v.sketch ELSE r.sketch END AS known
    INTO m
    FROM steward.model AS d JOIN steward.model_state AS s ON s.name OPERATOR(pg_catalog.=) d.name
         LEFT JOIN steward.model_version AS v ON v.name OPERATOR(pg_catalog.=) d.name AND v.version OPERATOR(pg_catalog.=) d.version
         LEFT JOIN steward.model_version AS r ON r.name OPERATOR(pg_catalog.=) d.name AND r.version OPERATOR(pg_catalog.=) coalesce(d.shadow, d.replaced)
    WHERE d.name OPERATOR(pg_catalog.=) model_check.name;
    before := steward.model_path(m.path);
    SELECT f.* INTO w
    FROM steward.model_watch(steward.model_rows(name), m.label, m.text_column, m.features, m.coefficients, m.rival, m.known, m.seen) AS f;
    PERFORM steward.model_path(before);
    UPDATE steward.model_state AS s
    SET labelled_rows = w.labelled_rows, served = m.version, live_rows = w.live_rows, live_log_loss = w.live_loss,
        checked_at = pg_catalog.clock_timestamp(), check_took = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) begun
    WHERE s.name OPERATOR(pg_catalog.=) model_check.name;
    -- What was seen is of versions that may have been replaced by now; whoever does that waits from here on.
    PERFORM 1 FROM steward.model AS d
    WHERE d.name OPERATOR(pg_catalog.=) model_check.name AND coalesce(d.version, 0) OPERATOR(pg_catalog.=) coalesce(m.version, 0)
          AND coalesce(d.shadow, d.replaced, 0) OPERATOR(pg_catalog.=) coalesce(m.rival_version, 0)
    FOR UPDATE;
    IF FOUND THEN
        PERFORM steward.model_window_close(name, m.seen IS NOT NULL, w.inputs, w.labels, w.stability, w.seen_now);
        PERFORM steward.model_judge(name, w.live_rows, w.gained, w.gained_low);
    END IF;
    RETURN steward.model_due(name);
END $$;
REVOKE ALL ON FUNCTION model_check(text) FROM PUBLIC;
COMMENT ON FUNCTION model_check(text) IS
    'looks at the rows that came since a model was trained; what serves may be replaced thereby; why the model is to be trained again: rows, drift, or null if it is not';

CREATE FUNCTION model_window_close(name text, is_open boolean, inputs bigint, labels text[], stability float8[], seen bytea) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    enough constant integer := 500; -- inputs: with fewer, what is due to chance is no longer small beside 0.1
    kept constant integer := 100;   -- windows
BEGIN
    IF is_open AND inputs < enough THEN
        RETURN;
    END IF;
    UPDATE steward.model_state AS s SET seen = seen WHERE s.name = name;
    IF NOT is_open THEN
        RETURN;
    END IF;
    INSERT INTO steward.model_window (name, version, closed_at, owner, inputs, labels, stability)
    SELECT name, m.version, clock_timestamp(), m.owner, inputs, labels, stability FROM steward.model AS m WHERE m.name = name;
    DELETE FROM steward.model_window AS w
    WHERE w.name = name AND w.closed_at < (SELECT o.closed_at FROM steward.model_window AS o WHERE o.name = name ORDER BY o.closed_at DESC OFFSET kept - 1 LIMIT 1);
END $$;
REVOKE ALL ON FUNCTION model_window_close(text, boolean, bigint, text[], float8[], bytea) FROM PUBLIC;
COMMENT ON FUNCTION model_window_close(text, boolean, bigint, text[], float8[], bytea) IS 'ends a window of new inputs once there are enough of them';

CREATE FUNCTION model_judge(name text, live_rows bigint, gained float8, gained_low float8) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    enough constant integer := 200; -- rows, for a version to come back
    m record;
    outcome text;
BEGIN
    SELECT * INTO m FROM steward.model AS d WHERE d.name = name FOR UPDATE;
    IF m.shadow IS NOT NULL AND live_rows >= m.shadow_rows AND gained IS NOT NULL THEN
        outcome := CASE WHEN gained >= 0 THEN 'rejected' WHEN m.held THEN 'held' ELSE 'promoted' END;
        UPDATE steward.model_version AS v
        SET outcome = outcome, reason = format('%s On %s rows that came since it loses %s %s a row.', v.reason, live_rows, round(abs(gained)::numeric, 6),
                                               CASE WHEN gained < 0 THEN 'less' ELSE 'more' END)
        WHERE v.name = name AND v.version = m.shadow;
        UPDATE steward.model AS d SET shadow = NULL WHERE d.name = name;
        IF outcome = 'promoted' THEN
            PERFORM steward.model_replace(name, m.shadow, m.version);
        END IF;
    -- Looked at again and again, it must not be by chance: twice the margin is a certainty of 99.95 %.
    ELSIF m.shadow IS NULL AND m.replaced IS NOT NULL AND NOT m.held AND live_rows >= enough AND gained + 2 * (gained - gained_low) < 0 THEN
        UPDATE steward.model_version AS v
        SET outcome = 'rejected', reason = format('%s On %s rows that came since it loses %s more a row than version %s, which serves again.', v.reason, live_rows,
                                                  round(-gained::numeric, 6), m.replaced)
        WHERE v.name = name AND v.version = m.version;
        PERFORM steward.model_replace(name, m.replaced, NULL);
    END IF;
END $$;
REVOKE ALL ON FUNCTION model_judge(text, bigint, float8, float8) FROM PUBLIC;
COMMENT ON FUNCTION model_judge(text, bigint, float8, float8) IS
    'ends a trial once there are enough new rows; and has the version serve again that was replaced by one which does worse on new rows';

CREATE FUNCTION model_due(name text) RETURNS text
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN m.shadow IS NOT NULL THEN NULL
                WHEN s.labelled_rows - coalesce(s.trained_rows, 0) >= m.retrain_rows THEN 'rows'
                WHEN (SELECT count(*) = 2 AND min(w.drift) > m.retrain_drift
                      FROM (SELECT (SELECT max(l) FROM unnest(w.stability) AS l) AS drift
                            FROM steward.model_window AS w
                            WHERE w.name = m.name AND w.version = m.version AND w.closed_at > s.trained_at
                            ORDER BY w.closed_at DESC LIMIT 2) AS w) THEN 'drift' END
    FROM steward.model AS m JOIN steward.model_state AS s ON s.name = m.name
    WHERE m.name = model_due.name
$$;
REVOKE ALL ON FUNCTION model_due(text) FROM PUBLIC;
COMMENT ON FUNCTION model_due(text) IS 'why a model is to be trained again, by what was last seen of its rows: rows, drift, or null if it is not';
