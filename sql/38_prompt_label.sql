-- Whether what prompt caches answer is right: labels, thresholds that keep errors few, and numbers.

CREATE FUNCTION share_upper_bound(events bigint, trials bigint, confidence double precision DEFAULT 0.95) RETURNS double precision
    AS 'MODULE_PATHNAME', 'steward_share_upper_bound'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
REVOKE ALL ON FUNCTION share_upper_bound(bigint, bigint, double precision) FROM PUBLIC;
COMMENT ON FUNCTION share_upper_bound(bigint, bigint, double precision) IS
    'which share a thing has at the most, with such confidence, that was seen so often in so many trials (Clopper-Pearson, one-sided)';

CREATE FUNCTION prompt_hit_id(similarity text, score double precision, version bytea) RETURNS text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN gen_random_uuid() || '/' || similarity || '/' || round(score::numeric, 6) || '/' || encode(substr(version, 1, 8), 'hex');
END $$;
REVOKE ALL ON FUNCTION prompt_hit_id(text, double precision, bytea) FROM PUBLIC;
COMMENT ON FUNCTION prompt_hit_id(text, double precision, bytea) IS 'what a hit is named by: all that feedback has to know of it, so that nothing is written when it is read';

CREATE FUNCTION prompt_feedback(cache text, hit_id text, ok boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    parts text[] := regexp_match(hit_id, '^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/(exact|cosine|hybrid)/([01]\.[0-9]{6}|1|0)/((?:[0-9a-f]{2}){1,8})$');
    at timestamptz := clock_timestamp();
BEGIN
    PERFORM steward.prompt_found(cache);
    IF cache IS NULL OR ok IS NULL OR parts IS NULL OR parts[3]::float8 > 1 THEN
        RAISE EXCEPTION 'a cache, a hit_id of prompt_get() and whether it was right are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Not more than a year of them.
    DELETE FROM steward.prompt_label AS l WHERE l.cache = cache AND l.label_id IN
        (SELECT o.label_id FROM steward.prompt_label AS o WHERE o.cache = cache AND o.given_at < at - interval '1 year' ORDER BY o.given_at LIMIT 10);
    INSERT INTO steward.prompt_label AS l (cache, label_id, version, similarity, score, ok, given_by, given_at)
    VALUES (cache, parts[1]::uuid, decode(parts[4], 'hex'), parts[2], parts[3]::float8, ok, quote_ident(current_user)::regrole, at)
    ON CONFLICT ON CONSTRAINT prompt_label_pkey DO UPDATE SET ok = excluded.ok, given_by = excluded.given_by, given_at = excluded.given_at;
END $$;
REVOKE ALL ON FUNCTION prompt_feedback(text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION prompt_feedback(text, text, boolean) IS 'says whether an answer that prompt_get() gave was right for the prompt';

CREATE FUNCTION prompt_calibrate(cache text, max_error double precision DEFAULT 0.02, apply boolean DEFAULT true,
                                 OUT threshold double precision, OUT labels bigint, OUT wrong bigint, OUT upper_bound double precision, OUT applied boolean,
                                 OUT reason text) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    of record;
    current bytea;
    seen record;
BEGIN
    IF cache IS NULL OR NOT coalesce(max_error > 0 AND max_error < 1, false) THEN
        RAISE EXCEPTION 'a cache and 0 < max_error < 1 are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM steward.prompt_cache_own(cache);
    current := substr(steward.prompt_found(cache), 1, 8);
    SELECT c.* INTO of FROM steward.prompt_cache AS c WHERE c.cache = cache;
    reason := 'too few labels';
    -- From above, step by step, and not beyond the first step that fails: chosen in this order, the bound holds for the choice too.
    FOR seen IN
        SELECT s.step, count(*) AS labels, count(*) FILTER (WHERE NOT l.ok) AS wrong,
               count(*) FILTER (WHERE l.score < s.step / 100.0 + 0.05) AS nearby, min(l.score) AS lowest
        FROM generate_series(100, 0, -1) AS s (step)
        JOIN (SELECT l.score, l.ok FROM steward.prompt_label AS l
              WHERE l.cache = cache AND l.version = current AND l.similarity = of.similarity ORDER BY l.given_at DESC LIMIT 10000) AS l ON l.score >= s.step / 100.0
        GROUP BY s.step ORDER BY s.step DESC
    LOOP
        -- So many that none of them wrong would be enough; and enough of those that a lower threshold lets in.
        CONTINUE WHEN steward.share_upper_bound(0, seen.labels) > max_error;
        CONTINUE WHEN seen.nearby < 20;
        IF steward.share_upper_bound(seen.wrong, seen.labels) > max_error THEN
            reason := coalesce(nullif(reason, 'too few labels'), 'too many wrong answers');
            EXIT;
        END IF;
        reason := 'calibrated';
        threshold := trunc(seen.lowest::numeric, 2); -- not below what was seen
        labels := seen.labels;
        wrong := seen.wrong;
        upper_bound := steward.share_upper_bound(seen.wrong, seen.labels);
    END LOOP;
    applied := threshold IS NOT NULL AND coalesce(apply, false);
    IF applied THEN
        UPDATE steward.prompt_cache AS c SET threshold = threshold WHERE c.cache = cache;
    END IF;
END $$;
REVOKE ALL ON FUNCTION prompt_calibrate(text, double precision, boolean) FROM PUBLIC;
COMMENT ON FUNCTION prompt_calibrate(text, double precision, boolean) IS
    'the lowest threshold at which wrong answers are at most such a share of those given, with 95 % confidence, by the labels; it becomes that of the cache';

CREATE FUNCTION prompt_stats(cache text DEFAULT NULL) RETURNS TABLE (name text, entries bigint, expired bigint, stale bigint, exact_hits bigint, similar_hits bigint, refused bigint,
                                                                     missed bigint, hit_share double precision, labels bigint, wrong bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 5 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM steward.migration_require('prompt_cache');
    RETURN QUERY
    SELECT c.cache, e.entries, e.expired, e.stale, coalesce(n.exact_hits, 0), coalesce(n.similar_hits, 0), coalesce(n.refused, 0), coalesce(n.missed, 0),
           (n.exact_hits + n.similar_hits) / nullif(n.exact_hits + n.similar_hits + n.refused + n.missed, 0)::double precision, l.labels, l.wrong
    FROM (SELECT c.cache, steward.prompt_version(c.model, c.given, c.model_version, c.similarity) AS version FROM steward.prompt_cache AS c OFFSET 0) AS c
    CROSS JOIN LATERAL (SELECT count(*) AS entries, count(*) FILTER (WHERE e.expires_at <= now()) AS expired,
                               count(*) FILTER (WHERE e.version <> coalesce(c.version, '')) AS stale
                        FROM steward.prompt_entry AS e WHERE e.cache = c.cache) AS e
    CROSS JOIN LATERAL (SELECT count(*) AS labels, count(*) FILTER (WHERE NOT l.ok) AS wrong FROM steward.prompt_label AS l WHERE l.cache = c.cache) AS l
    LEFT JOIN steward.prompt_counts() AS n ON n.cache = c.cache
    WHERE prompt_stats.cache IS NULL OR c.cache = prompt_stats.cache ORDER BY c.cache;
END $$;
REVOKE ALL ON FUNCTION prompt_stats(text) FROM PUBLIC;
COMMENT ON FUNCTION prompt_stats(text) IS 'how full prompt caches are, how lookups ended since the server has started, and how many answers were said to be wrong';
