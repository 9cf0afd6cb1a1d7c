-- Scores of many principles brought up to date, a batch at a time.

CREATE FUNCTION principle_rescore(principle_ids bigint[] DEFAULT NULL, at timestamptz DEFAULT clock_timestamp(),
                                  batch_size integer DEFAULT 10000, OUT examined integer, OUT written integer)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
    -- What is few among many is reached by index, whatever the statistics of yesterday say.
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
    SET plan_cache_mode = force_generic_plan -- the plan is the same for each batch
AS $$
#variable_conflict use_column
DECLARE
    measured bigint := steward.operation_begin('principle', 'principle_rescore');
BEGIN
    PERFORM steward.migration_require('scoring');
    examined := 0;
    written := 0;
    -- Looks before it locks: locking takes a transaction id and writes WAL even where nothing is found.
    IF principle_ids IS NULL AND NOT EXISTS (SELECT FROM steward.constitutional_principles
                                             WHERE scored_hash IS DISTINCT FROM content_hash) THEN
        PERFORM steward.operation_end(measured);
        RETURN;
    END IF;
    -- No order is asked for, so that only the index of what is pending can serve. The last comparison keeps a
    -- principle whose score stays the same out of the table, the history and the WAL. Without its profile a
    -- principle has no score. Times of one principle are never the same: the key of its history asks for that.
    WITH chosen AS (
        SELECT pending.* FROM (
            SELECT p.*, p.ctid AS version FROM steward.constitutional_principles AS p
            WHERE principle_ids IS NULL AND p.scored_hash IS DISTINCT FROM p.content_hash
            LIMIT batch_size FOR NO KEY UPDATE SKIP LOCKED
        ) AS pending
        UNION ALL
        SELECT p.*, p.ctid FROM steward.constitutional_principles AS p WHERE p.principle_id = ANY (principle_ids)
    ), history AS (
        SELECT a.principle_id, count(*) FILTER (WHERE a.final_outcome = 'success') AS successes,
               count(a.final_outcome) AS attempts
        FROM steward.qec_synthesis_attempt_logs AS a
        WHERE a.principle_id = ANY (ARRAY(SELECT principle_id FROM chosen)) AND a.attempted_at < at + interval '1 day'
        GROUP BY a.principle_id
    ), scored AS (
        SELECT c.version, c.principle_id, c.content_hash, c.scored_hash, c.distance_score,
               greatest(at, c.scored_at + interval '1 microsecond') AS scored_at,
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
            scored_hash = s.content_hash
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
REVOKE ALL ON FUNCTION principle_rescore(bigint[], timestamptz, integer) FROM PUBLIC;
COMMENT ON FUNCTION principle_rescore(bigint[], timestamptz, integer) IS
    'scores those principles, or the next batch of those that were edited since they were scored, and stores what has changed';

CREATE FUNCTION principle_backlog(most integer DEFAULT 100000) RETURNS integer
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    measured bigint := steward.operation_begin('principle', 'principle_backlog');
    pending integer;
BEGIN
    PERFORM steward.migration_require('scoring');
    SELECT count(*) INTO pending FROM (SELECT FROM steward.constitutional_principles
                                       WHERE scored_hash IS DISTINCT FROM content_hash LIMIT most) AS p;
    PERFORM steward.operation_end(measured);
    RETURN pending;
END $$;
REVOKE ALL ON FUNCTION principle_backlog(integer) FROM PUBLIC;
COMMENT ON FUNCTION principle_backlog(integer) IS
    'how many principles were written or edited since they were scored, counted up to so many';

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
    IF EXISTS (SELECT FROM steward.profile_change) THEN
        WITH gone AS (DELETE FROM steward.profile_change RETURNING profile)
        INSERT INTO steward.principle_change (principle_id)
        SELECT principle_id FROM steward.constitutional_principles WHERE profile IN (SELECT profile FROM gone);
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
    SELECT r.written INTO written FROM steward.principle_rescore(locked, at) AS r;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION principle_rescore_queued(integer, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION principle_rescore_queued(integer, timestamptz) IS
    'scores a batch of the principles whose history, profile or lexicon has changed, and stores what has changed';
