-- Scores of many principles brought up to date, a batch at a time. What is few among many is reached by index,
-- whatever the statistics of yesterday say: hence the settings of these functions.

CREATE FUNCTION principle_pending(most integer DEFAULT 100000) RETURNS bigint[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    measured bigint := steward.operation_begin('principle', 'principle_pending');
    pending bigint[];
BEGIN
    PERFORM steward.migration_require('scoring');
    -- No order is asked for, so that only the index of what is pending can serve.
    pending := ARRAY(SELECT principle_id FROM steward.constitutional_principles
                     WHERE scored_hash IS DISTINCT FROM content_hash LIMIT most);
    PERFORM steward.operation_end(measured);
    RETURN pending;
END $$;
REVOKE ALL ON FUNCTION principle_pending(integer) FROM PUBLIC;
COMMENT ON FUNCTION principle_pending(integer) IS
    'principles that were written or edited since they were scored, so many at most';

CREATE FUNCTION principle_rescore_batch(principle_ids bigint[], at timestamptz, pending_only boolean,
                                        OUT examined integer, OUT written integer)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
    -- One plan for every batch, which does not know how many there are: what is joined to them all is hashed.
    SET plan_cache_mode = force_generic_plan SET enable_material = off
AS $$
#variable_conflict use_column
DECLARE
    measured bigint := steward.operation_begin('principle', 'principle_rescore_batch');
BEGIN
    PERFORM steward.migration_require('scoring');
    -- The last comparison keeps a principle whose score stays the same out of the table, the history and the WAL.
    -- Times of one principle are never the same: the key of its history asks for that. Times in a far future,
    -- which somebody has written, are left behind.
    WITH chosen AS (
        SELECT p.*, p.ctid AS version FROM steward.constitutional_principles AS p
        WHERE p.principle_id = ANY (principle_ids)
              AND (NOT pending_only OR p.scored_hash IS DISTINCT FROM p.content_hash)
        FOR NO KEY UPDATE SKIP LOCKED
    ), history AS (
        SELECT a.principle_id, count(*) FILTER (WHERE a.final_outcome = 'success') AS successes,
               count(a.final_outcome) AS attempts
        FROM steward.qec_synthesis_attempt_logs AS a
        WHERE a.principle_id = ANY (ARRAY(SELECT principle_id FROM chosen))
        GROUP BY a.principle_id
    ), scored AS (
        SELECT c.version, c.principle_id, c.content_hash, c.scored_hash, c.distance_score,
               greatest(at, CASE WHEN c.scored_at < at + interval '1 hour'
                                 THEN c.scored_at + interval '1 microsecond' END) AS scored_at,
               CASE WHEN f.name IS NULL THEN format('score profile "%s" does not exist', c.profile) END AS score_error,
               CASE WHEN f.name IS NOT NULL
                    THEN steward.profile_score(c.profile, c.statement, c.criteria, coalesce(h.successes, 0),
                                               coalesce(h.attempts, 0)) END AS detail
        FROM chosen AS c
             LEFT JOIN steward.score_profile AS f ON f.name = c.profile
             LEFT JOIN history AS h ON h.principle_id = c.principle_id
    ), changed AS (
        UPDATE steward.constitutional_principles AS p
        SET distance_score = (s.detail).distance, ambiguity = (s.detail).ambiguity,
            formality = (s.detail).formality, reliability = (s.detail).reliability, scored_at = s.scored_at,
            formula_version = (s.detail).formula_version, lexicon_version = (s.detail).lexicon_version,
            scored_hash = s.content_hash, score_error = s.score_error
        FROM scored AS s
        WHERE p.ctid = s.version -- not a version that another session has written since
              AND (s.scored_hash IS DISTINCT FROM s.content_hash
                   OR s.distance_score IS DISTINCT FROM (s.detail).distance)
        RETURNING p.principle_id, p.scored_at, s.detail
    ), recorded AS (
        INSERT INTO steward.qec_distance_calculations (principle_id, score_updated_at, composite_score, ambiguity,
                                                       formality, reliability, formula_version, lexicon_version)
        SELECT c.principle_id, c.scored_at, (c.detail).score, (c.detail).ambiguity, (c.detail).formality,
               (c.detail).reliability, (c.detail).formula_version, (c.detail).lexicon_version
        FROM changed AS c WHERE (c.detail).score IS NOT NULL
    )
    SELECT count(*), (SELECT count(*) FROM changed) INTO examined, written FROM scored;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION principle_rescore_batch(bigint[], timestamptz, boolean) FROM PUBLIC;
COMMENT ON FUNCTION principle_rescore_batch(bigint[], timestamptz, boolean) IS
    'scores those principles, or those of them that are pending, but none that another session holds';

CREATE FUNCTION principle_rescore_isolated(principle_ids bigint[], at timestamptz, pending_only boolean,
                                           OUT examined integer, OUT written integer)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    half integer := cardinality(principle_ids) / 2;
    -- What a lone principle said before it was tried.
    tried uuid := (SELECT p.content_hash FROM steward.constitutional_principles AS p
                   WHERE half = 0 AND p.principle_id = principle_ids[1]);
    message text;
    other record;
BEGIN
    BEGIN
        SELECT b.examined, b.written INTO examined, written
        FROM steward.principle_rescore_batch(principle_ids, at, pending_only) AS b;
        RETURN;
    EXCEPTION WHEN data_exception OR integrity_constraint_violation OR undefined_object OR program_limit_exceeded THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
    END;
    -- One that cannot be scored must not keep the others from it: it is looked for by halves, and told why.
    -- The error has given its lock back: a principle that somebody edits now is left to the next run.
    IF half = 0 THEN
        UPDATE steward.constitutional_principles AS p
        SET distance_score = NULL, scored_hash = tried, score_error = message
        FROM (SELECT c.ctid AS version FROM steward.constitutional_principles AS c
              WHERE c.principle_id = principle_ids[1] AND c.content_hash = tried
              FOR NO KEY UPDATE SKIP LOCKED) AS held
        WHERE p.ctid = held.version;
        examined := 1;
        written := 1;
        RETURN;
    END IF;
    SELECT i.examined, i.written INTO examined, written
    FROM steward.principle_rescore_isolated(principle_ids[1 : half], at, pending_only) AS i;
    SELECT i.examined, i.written INTO other
    FROM steward.principle_rescore_isolated(principle_ids[half + 1 : ], at, pending_only) AS i;
    examined := examined + other.examined;
    written := written + other.written;
END $$;
REVOKE ALL ON FUNCTION principle_rescore_isolated(bigint[], timestamptz, boolean) FROM PUBLIC;
COMMENT ON FUNCTION principle_rescore_isolated(bigint[], timestamptz, boolean) IS
    'principle_rescore_batch, where a principle that cannot be scored gets a score_error and the others their score';

CREATE FUNCTION principle_rescore_queued(batch_size integer DEFAULT 10000, at timestamptz DEFAULT clock_timestamp(),
                                         OUT examined integer, OUT written integer)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    measured bigint := steward.operation_begin('principle', 'principle_rescore_queued');
    queued bigint[];
    locked bigint[];
    put_back integer := 0;
BEGIN
    PERFORM steward.migration_require('scoring');
    examined := 0;
    written := 0;
    -- Each part looks before it locks: locking takes a transaction id and writes WAL even where nothing is found.
    IF EXISTS (SELECT FROM steward.profile_change) OR EXISTS (SELECT FROM steward.lexicon_change) THEN
        WITH profiles AS (DELETE FROM steward.profile_change RETURNING profile),
             lexicons AS (DELETE FROM steward.lexicon_change RETURNING lexicon)
        INSERT INTO steward.principle_change (principle_id)
        SELECT principle_id FROM steward.constitutional_principles
        WHERE profile IN (SELECT profile FROM profiles)
              OR profile IN (SELECT name FROM steward.score_profile WHERE lexicon IN (SELECT lexicon FROM lexicons));
        PERFORM steward.lexicon_forget();
    END IF;
    IF NOT EXISTS (SELECT FROM steward.principle_change) THEN
        PERFORM steward.operation_end(measured);
        RETURN;
    END IF;
    WITH taken AS (
        DELETE FROM steward.principle_change
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM steward.principle_change LIMIT batch_size FOR UPDATE SKIP LOCKED))
        RETURNING principle_id
    )
    SELECT coalesce(array_agg(DISTINCT principle_id), '{}') INTO queued FROM taken;
    -- Nobody is waited for: a principle that another session holds goes back into the queue.
    SELECT coalesce(array_agg(principle_id), '{}') INTO locked
    FROM (SELECT principle_id FROM steward.constitutional_principles WHERE principle_id = ANY (queued)
          FOR NO KEY UPDATE SKIP LOCKED) AS p;
    IF cardinality(locked) < cardinality(queued) THEN
        INSERT INTO steward.principle_change (principle_id)
        SELECT principle_id FROM steward.constitutional_principles WHERE principle_id = ANY (queued)
        EXCEPT SELECT unnest(locked);
        GET DIAGNOSTICS put_back = ROW_COUNT;
    END IF;
    examined := cardinality(queued) - put_back;
    SELECT r.written INTO written FROM steward.principle_rescore_isolated(locked, at, false) AS r;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION principle_rescore_queued(integer, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION principle_rescore_queued(integer, timestamptz) IS
    'scores a batch of the principles whose history, profile or lexicon has changed, and stores what has changed';

CREATE FUNCTION principle_rescore(principle_ids bigint[], at timestamptz DEFAULT NULL,
                                  OUT examined integer, OUT written integer)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    measured bigint := steward.operation_begin('principle', 'principle_rescore');
    has_written boolean := pg_current_xact_id_if_assigned() IS NOT NULL;
BEGIN
    PERFORM steward.migration_require('scoring');
    IF principle_ids IS NULL OR NOT coalesce(isfinite(at), true) THEN
        RAISE EXCEPTION 'principles, and a time that is finite, are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- What is counted below must not be older than what somebody else has stored meanwhile.
    PERFORM FROM steward.constitutional_principles WHERE principle_id = ANY (principle_ids)
    ORDER BY principle_id FOR NO KEY UPDATE;
    SELECT b.examined, b.written INTO examined, written
    FROM steward.principle_rescore_batch(principle_ids, coalesce(at, clock_timestamp()), false) AS b;
    -- Others do not see what this transaction has written before, so they did not note what their own changes mean
    -- for it: the worker looks again when it is committed.
    IF has_written THEN
        PERFORM steward.principle_changed(principle_ids);
    END IF;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION principle_rescore(bigint[], timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION principle_rescore(bigint[], timestamptz) IS
    'scores those principles now and stores what has changed; returns how many there are and how many had';
