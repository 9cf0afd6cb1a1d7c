-- Deploy pg_steward:cache_tiers to pg
-- requires: cache
-- Below the memory: a table for what memory has no room for, and an archive for what is asked for rarely. Their rows are
-- the worker's business; values come and go through the functions of the cache, which ask who may have them.
BEGIN;
SET LOCAL ROLE steward_owner;

ALTER TABLE steward.cache_namespace
    ADD COLUMN tiers text[] NOT NULL DEFAULT '{memory}'
        CHECK (tiers = '{memory}' OR tiers = '{table}' OR tiers = '{memory,table}' OR tiers = '{table,archive}' OR tiers = '{memory,table,archive}'),
    ADD COLUMN archive_after interval NOT NULL DEFAULT '1 hour' CHECK (archive_after BETWEEN interval '0' AND interval '100 years'),
    ADD COLUMN compress boolean NOT NULL DEFAULT true,
    ADD COLUMN warm text NOT NULL DEFAULT 'popular' CHECK (warm IN ('none', 'popular', 'predicted')),
    ADD COLUMN price double precision NOT NULL DEFAULT 0 CHECK (price BETWEEN 0 AND 1e300),
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD CONSTRAINT cache_namespace_dependent_in_memory CHECK (kind = 'pure' OR tiers = '{memory}');
COMMENT ON COLUMN steward.cache_namespace.tiers IS
    'where values are kept: memory, table, archive; what has no room in one is in the next';
COMMENT ON COLUMN steward.cache_namespace.archive_after IS 'how long after it was written a value moves from the table to the archive';
COMMENT ON COLUMN steward.cache_namespace.compress IS 'whether the archive packs values';
COMMENT ON COLUMN steward.cache_namespace.warm IS
    'which values come back into memory after a start: those used most, those used most at that hour of the day, or none';
COMMENT ON COLUMN steward.cache_namespace.price IS 'what it costs to compute a value, in any unit';
COMMENT ON COLUMN steward.cache_namespace.created_at IS 'values that were written before are those of another namespace';

-- Of whatever owner: the trigger would refuse. Sessions hear of it by ALTER TABLE.
ALTER TABLE steward.cache_namespace DISABLE TRIGGER USER;
UPDATE steward.cache_namespace SET tiers = '{memory,table,archive}' WHERE kind = 'pure';
ALTER TABLE steward.cache_namespace ENABLE TRIGGER USER;

-- Updates stay on their page, by fillfactor and for want of any index but the key; what has expired is found by a scan
-- of one partition at a time.
CREATE TABLE steward.cache_table (
    namespace text COLLATE "C" NOT NULL,
    role regrole NOT NULL,
    key text COLLATE "C" NOT NULL,
    json jsonb,
    text text,
    bytes bytea,
    expires_at timestamptz,
    saved_at timestamptz NOT NULL,
    cost_us bigint NOT NULL,
    PRIMARY KEY (namespace, role, key)
) PARTITION BY HASH (key);
COMMENT ON TABLE steward.cache_table IS 'values of caches that are not, or not only, in memory; not logged: a crash empties it';
COMMENT ON COLUMN steward.cache_table.role IS 'whose value it is, where roles do not share; otherwise 0';
COMMENT ON COLUMN steward.cache_table.expires_at IS 'null is never';
COMMENT ON COLUMN steward.cache_table.saved_at IS 'when it was written; the memory knows when it is out of date';
COMMENT ON COLUMN steward.cache_table.cost_us IS 'how many microseconds it took to compute';

-- Before the partitions, which take it over. Large values are packed by lz4 where the server was built with it.
DO $$
BEGIN
    ALTER TABLE steward.cache_table ALTER COLUMN json SET COMPRESSION lz4, ALTER COLUMN text SET COMPRESSION lz4,
                                    ALTER COLUMN bytes SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END $$;
DO $$
BEGIN
    FOR part IN 0 .. 7 LOOP
        EXECUTE format('CREATE UNLOGGED TABLE steward.cache_table_%s PARTITION OF steward.cache_table
                            FOR VALUES WITH (MODULUS 8, REMAINDER %s)
                            WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.5)',
                       part, part);
    END LOOP;
END $$;

CREATE TABLE steward.cache_archive (
    namespace text COLLATE "C" NOT NULL,
    role regrole NOT NULL,
    key text COLLATE "C" NOT NULL,
    kind "char" NOT NULL CHECK (kind IN ('j', 't', 'b')),
    dictionary bigint,
    body bytea NOT NULL,
    expires_at timestamptz,
    saved_at timestamptz NOT NULL,
    cost_us bigint NOT NULL,
    archived_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, role, key, archived_at)
) PARTITION BY RANGE (archived_at);
ALTER TABLE steward.cache_archive ALTER COLUMN body SET STORAGE EXTERNAL;
COMMENT ON TABLE steward.cache_archive IS 'values of caches that nobody has asked for lately, a partition a day';
COMMENT ON COLUMN steward.cache_archive.kind IS 'j for jsonb and t for text, as text; b for bytea';
COMMENT ON COLUMN steward.cache_archive.dictionary IS 'of the packed body, 0 if it has none; null for a body that is not packed';

CREATE TABLE steward.cache_dictionary (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body bytea NOT NULL,
    namespace text NOT NULL,
    trained_at timestamptz NOT NULL
);
COMMENT ON TABLE steward.cache_dictionary IS 'what values of a namespace have in common, by which the archive packs them';

CREATE TABLE steward.cache_size (
    namespace text NOT NULL,
    partition name NOT NULL,
    tier text NOT NULL CHECK (tier IN ('table', 'archive')),
    entries bigint NOT NULL,
    bytes bigint NOT NULL,
    measured_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, partition)
);
COMMENT ON TABLE steward.cache_size IS 'how much of each namespace lies below the memory, as the worker has last seen it';

CREATE TABLE steward.cache_removed (
    namespace text NOT NULL,
    tier text NOT NULL CHECK (tier IN ('table', 'archive')),
    expired bigint NOT NULL,
    evicted bigint NOT NULL,
    PRIMARY KEY (namespace, tier)
);
COMMENT ON TABLE steward.cache_removed IS 'how many values the worker has removed below the memory, so far';
COMMENT ON COLUMN steward.cache_removed.evicted IS 'before their end: beyond the limit, or with their namespace';

CREATE TABLE steward.cache_popular (
    namespace text NOT NULL,
    role regrole NOT NULL,
    key text NOT NULL,
    uses double precision NOT NULL,
    hour_uses double precision[] NOT NULL CHECK (cardinality(hour_uses) = 24),
    seen_hits bigint NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, role, key)
);
COMMENT ON TABLE steward.cache_popular IS 'the keys that are used most, by which caches are warmed';
COMMENT ON COLUMN steward.cache_popular.uses IS 'of which a day takes half away';
COMMENT ON COLUMN steward.cache_popular.hour_uses IS 'the same, for each hour of the day in UTC';

CREATE TABLE steward.cache_objective (
    grade text NOT NULL PRIMARY KEY,
    at_least double precision NOT NULL UNIQUE CHECK (at_least BETWEEN 0 AND 1)
);
COMMENT ON TABLE steward.cache_objective IS 'which hit share is worth which grade; change it as your caches need';
INSERT INTO steward.cache_objective VALUES ('alert', 0), ('low', 0.5), ('fair', 0.7), ('good', 0.8), ('high', 0.9), ('warm', 0.95);
GRANT SELECT ON steward.cache_objective TO steward_reader, steward_metrics;

-- What no reader finds any more, what is of no namespace, and, beyond its limit, what was written first.
CREATE FUNCTION steward.cache_table_expire(partition regclass, at timestamptz, most integer, over double precision) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    oldest timestamptz := '-infinity';
    removed bigint;
BEGIN
    IF over > 0 THEN
        EXECUTE format('SELECT percentile_disc($1) WITHIN GROUP (ORDER BY t.saved_at) FROM %s AS t', partition)
        INTO oldest USING least(over, 1);
    END IF;
    EXECUTE format(
        'WITH gone AS (
             DELETE FROM %s AS t WHERE t.ctid = ANY (ARRAY(
                 SELECT o.ctid FROM %1$s AS o LEFT JOIN steward.cache_namespace AS n ON n.namespace = o.namespace
                 WHERE n.namespace IS NULL OR NOT ''table'' = ANY (n.tiers) OR o.saved_at <= n.created_at
                       OR o.expires_at + n.stale_for <= $1 OR o.saved_at <= $2
                 LIMIT $3 FOR UPDATE OF o SKIP LOCKED))
             RETURNING t.namespace, coalesce(t.expires_at <= $1, false) AS is_old),
         noted AS (
             INSERT INTO steward.cache_removed AS r (namespace, tier, expired, evicted)
             SELECT namespace, ''table'', count(*) FILTER (WHERE is_old), count(*) FILTER (WHERE NOT is_old) FROM gone GROUP BY 1
             ON CONFLICT (namespace, tier) DO UPDATE
             SET expired = r.expired + excluded.expired, evicted = r.evicted + excluded.evicted)
         SELECT count(*) FROM gone', partition) INTO removed USING at, oldest, most;
    RETURN removed;
END $$;
REVOKE ALL ON FUNCTION steward.cache_table_expire(regclass, timestamptz, integer, double precision) FROM PUBLIC;
COMMENT ON FUNCTION steward.cache_table_expire(regclass, timestamptz, integer, double precision) IS
    'removes rows of a partition of steward.cache_table that are of no use, and that share of it that is too much';

CREATE FUNCTION steward.cache_bytes(json jsonb, text text, bytes bytea) RETURNS bytea
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(bytes, convert_to(coalesce(text, json::text), getdatabaseencoding()))
$$;
REVOKE ALL ON FUNCTION steward.cache_bytes(jsonb, text, bytea) FROM PUBLIC;
COMMENT ON FUNCTION steward.cache_bytes(jsonb, text, bytea) IS 'a value as the archive holds it, before it is packed';

CREATE FUNCTION steward.cache_dictionary_train(wanted text, partition regclass, at timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    samples bytea[];
    trained bytea;
    made bigint;
BEGIN
    -- The trainer takes no more of each; large values would not go into an array.
    EXECUTE format('SELECT array_agg(substr(steward.cache_bytes(s.json, s.text, s.bytes), 1, 32768))
                    FROM (SELECT * FROM %s AS t WHERE t.namespace = $1 LIMIT 1000) AS s', partition) INTO samples USING wanted;
    trained := CASE WHEN cardinality(samples) >= 100 THEN steward.zstd_dictionary(samples) END;
    IF trained IS NOT NULL THEN
        INSERT INTO steward.cache_dictionary (namespace, body, trained_at) VALUES (wanted, trained, at) RETURNING number INTO made;
    END IF;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION steward.cache_dictionary_train(text, regclass, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION steward.cache_dictionary_train(text, regclass, timestamptz) IS
    'makes a dictionary of values of a namespace; null where there are not yet enough of them';

CREATE FUNCTION steward.cache_table_archive(partition regclass, at timestamptz, most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '100ms'
AS $$
DECLARE
    old tid[];
    bare text;
    moved bigint;
BEGIN
    EXECUTE format(
        'SELECT ARRAY(SELECT t.ctid FROM %s AS t JOIN steward.cache_namespace AS n USING (namespace)
                      WHERE ''archive'' = ANY (n.tiers) AND t.saved_at < $1 - n.archive_after AND t.saved_at > n.created_at
                            AND (t.expires_at IS NULL OR t.expires_at > $1)
                      LIMIT $2 FOR UPDATE OF t SKIP LOCKED)', partition) INTO old USING at, most;
    IF cardinality(old) = 0 THEN
        RETURN 0;
    END IF;
    IF to_regclass('steward.cache_archive' || to_char(at, '"_p"YYYYMMDD')) IS NULL THEN
        PERFORM steward.partition_create('steward.cache_archive', at::date);
    END IF;
    FOR bare IN
        EXECUTE format('SELECT DISTINCT t.namespace FROM %s AS t JOIN steward.cache_namespace AS n USING (namespace)
                        WHERE t.ctid = ANY ($1) AND n.compress
                              AND NOT EXISTS (SELECT FROM steward.cache_dictionary AS d
                                              WHERE d.namespace = t.namespace AND d.trained_at > n.created_at)', partition) USING old
    LOOP
        PERFORM steward.cache_dictionary_train(bare, partition, at);
    END LOOP;
    EXECUTE format(
        'WITH old AS (DELETE FROM %s AS t WHERE t.ctid = ANY ($1) RETURNING *),
              -- Each is read once, not again for each row.
              newest AS MATERIALIZED (SELECT DISTINCT ON (c.namespace) c.namespace, c.number, c.body || '''' AS body
                                      FROM steward.cache_dictionary AS c ORDER BY c.namespace, c.number DESC)
         INSERT INTO steward.cache_archive (namespace, role, key, kind, dictionary, body, expires_at, saved_at, cost_us, archived_at)
         SELECT o.namespace, o.role, o.key, CASE WHEN o.json IS NOT NULL THEN ''j'' WHEN o.text IS NOT NULL THEN ''t'' ELSE ''b'' END,
                CASE WHEN n.compress THEN coalesce(d.number, 0) END,
                CASE WHEN n.compress THEN steward.zstd_compress(b.bytes, d.body) ELSE b.bytes END,
                o.expires_at, o.saved_at, o.cost_us, $2
         FROM old AS o JOIN steward.cache_namespace AS n USING (namespace) LEFT JOIN newest AS d USING (namespace),
              LATERAL (SELECT steward.cache_bytes(o.json, o.text, o.bytes)) AS b (bytes)
         ON CONFLICT DO NOTHING', partition) USING old, at;
    GET DIAGNOSTICS moved = ROW_COUNT;
    RETURN moved;
END $$;
REVOKE ALL ON FUNCTION steward.cache_table_archive(regclass, timestamptz, integer) FROM PUBLIC;
COMMENT ON FUNCTION steward.cache_table_archive(regclass, timestamptz, integer) IS
    'moves rows of a partition of steward.cache_table that nobody has written for long to the archive; how many';

CREATE FUNCTION steward.cache_measure(partition regclass, tier text, at timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    sum_of text := CASE tier WHEN 'table' THEN 'coalesce(pg_column_size(t.json), pg_column_size(t.text), pg_column_size(t.bytes))'
                             ELSE 'pg_column_size(t.body)' END;
    named name := (SELECT c.relname FROM pg_class AS c WHERE c.oid = partition);
BEGIN
    EXECUTE format(
        'WITH seen AS (SELECT t.namespace, count(*) AS entries, sum(%s + length(t.key) + 64) AS bytes FROM %s AS t GROUP BY 1),
              gone AS (DELETE FROM steward.cache_size AS s WHERE s.partition = $1 AND s.namespace NOT IN (SELECT namespace FROM seen))
         INSERT INTO steward.cache_size AS s (namespace, partition, tier, entries, bytes, measured_at)
         SELECT n.namespace, $1, $2, n.entries, n.bytes, $3 FROM seen AS n -- a conflict alone would write to the log
         WHERE NOT EXISTS (SELECT FROM steward.cache_size AS s
                           WHERE s.partition = $1 AND (s.namespace, s.entries, s.bytes) = (n.namespace, n.entries, n.bytes))
         ON CONFLICT (namespace, partition) DO UPDATE
         SET entries = excluded.entries, bytes = excluded.bytes, measured_at = excluded.measured_at', sum_of, partition) USING named, tier, at;
    RETURN (SELECT coalesce(sum(s.bytes), 0) FROM steward.cache_size AS s WHERE s.tier = cache_measure.tier);
END $$;
REVOKE ALL ON FUNCTION steward.cache_measure(regclass, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION steward.cache_measure(regclass, text, timestamptz) IS
    'notes how much of each namespace a partition holds; returns the bytes of the whole tier';

CREATE FUNCTION steward.cache_table_tend(part integer, at timestamptz, most integer DEFAULT 20000) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    partition regclass := format('steward.cache_table_%s', part);
    allowed double precision := nullif(pg_size_bytes(coalesce(current_setting('steward.cache_table_limit', true), '10GB')), 0);
    held double precision; -- by all partitions, and by this one
    own double precision;
    moved bigint;
    removed bigint := 0;
BEGIN
    moved := steward.cache_table_archive(partition, at, most);
    IF moved < most THEN
        held := steward.cache_measure(partition, 'table', at);
        SELECT sum(s.bytes) INTO own FROM steward.cache_size AS s WHERE s.partition = format('cache_table_%s', part);
        removed := steward.cache_table_expire(partition, at, most, CASE WHEN held > allowed THEN 1 - allowed / 8 / nullif(own, 0) END);
    END IF;
    IF removed > 0 THEN -- or the other partitions would be held to what this one had
        PERFORM steward.cache_measure(partition, 'table', at);
    END IF;
    RETURN moved + removed;
END $$;
REVOKE ALL ON FUNCTION steward.cache_table_tend(integer, timestamptz, integer) FROM PUBLIC;
COMMENT ON FUNCTION steward.cache_table_tend(integer, timestamptz, integer) IS
    'one round over a partition of steward.cache_table: archives, expires, keeps the limit; returns how many rows left it';

-- Whole days are dropped when nothing in them is good any more, or, beyond the limit, the oldest first.
CREATE FUNCTION steward.cache_archive_tend(at timestamptz) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '100ms'
AS $$
DECLARE
    allowed bigint := nullif(pg_size_bytes(coalesce(current_setting('steward.cache_archive_limit', true), '10GB')), 0);
    held bigint := 0;
    day record;
    is_alive boolean;
    dropped integer := 0;
BEGIN
    FOR day IN
        SELECT i.inhrelid::regclass AS partition, c.relname = 'cache_archive' || to_char(at, '"_p"YYYYMMDD') AS is_today, c.relname
        FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'steward.cache_archive'::regclass ORDER BY c.relname DESC
    LOOP
        held := held + pg_total_relation_size(day.partition);
        EXECUTE format('SELECT EXISTS (SELECT FROM %s AS a JOIN steward.cache_namespace AS n USING (namespace)
                                       WHERE ''archive'' = ANY (n.tiers) AND (a.expires_at IS NULL OR a.expires_at + n.stale_for > $1))',
                       day.partition) INTO is_alive USING at;
        IF held > allowed OR (NOT is_alive AND NOT day.is_today) THEN
            IF day.is_today THEN
                EXECUTE format('TRUNCATE %s', day.partition);
            ELSE
                EXECUTE format('DROP TABLE %s', day.partition);
            END IF;
            WITH gone AS (DELETE FROM steward.cache_size AS s WHERE s.partition = day.relname RETURNING s.namespace, s.entries)
            INSERT INTO steward.cache_removed AS r (namespace, tier, expired, evicted)
            SELECT g.namespace, 'archive', CASE WHEN is_alive THEN 0 ELSE g.entries END, CASE WHEN is_alive THEN g.entries ELSE 0 END
            FROM gone AS g
            ON CONFLICT (namespace, tier) DO UPDATE
            SET expired = r.expired + excluded.expired, evicted = r.evicted + excluded.evicted;
            dropped := dropped + 1;
        ELSIF day.is_today THEN
            PERFORM steward.cache_measure(day.partition, 'archive', at);
        END IF;
    END LOOP;
    DELETE FROM steward.cache_dictionary AS d
    WHERE NOT EXISTS (SELECT FROM steward.cache_namespace AS n WHERE n.namespace = d.namespace AND n.created_at < d.trained_at);
    RETURN dropped;
END $$;
REVOKE ALL ON FUNCTION steward.cache_archive_tend(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION steward.cache_archive_tend(timestamptz) IS
    'drops the days of the archive that hold nothing good any more, or are too much; how many';

CREATE FUNCTION steward.cache_popular_note(at timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    this_hour integer := extract(hour FROM at) + 1;
    noted bigint;
BEGIN
    INSERT INTO steward.cache_popular AS p (namespace, role, key, uses, hour_uses, seen_hits, seen_at)
    SELECT h.namespace, h.role, h.key, h.hits, array_fill(0::float8, ARRAY[this_hour - 1]) || h.hits::float8
                                              || array_fill(0::float8, ARRAY[24 - this_hour]), h.hits, at
    FROM steward.cache_used_most(100) AS h
    WHERE NOT EXISTS (SELECT FROM steward.cache_popular AS s -- a conflict alone would write to the log
                      WHERE (s.namespace, s.role, s.key, s.seen_hits) = (h.namespace, h.role, h.key, h.hits))
    ON CONFLICT (namespace, role, key) DO UPDATE
    SET uses = p.uses * steward.cache_decay(p.seen_at, excluded.seen_at) + steward.cache_new_uses(p.seen_hits, excluded.seen_hits),
        hour_uses = steward.cache_decayed(p.hour_uses, excluded.hour_uses, steward.cache_decay(p.seen_at, excluded.seen_at),
                                          steward.cache_new_uses(p.seen_hits, excluded.seen_hits)),
        seen_hits = excluded.seen_hits, seen_at = excluded.seen_at;
    GET DIAGNOSTICS noted = ROW_COUNT;
    IF noted > 0 THEN
        DELETE FROM steward.cache_popular AS p
        WHERE p.uses * steward.cache_decay(p.seen_at, at) < 0.01
              OR NOT EXISTS (SELECT FROM steward.cache_namespace AS n WHERE n.namespace = p.namespace);
    END IF;
    RETURN noted;
END $$;
REVOKE ALL ON FUNCTION steward.cache_popular_note(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION steward.cache_popular_note(timestamptz) IS 'notes which keys are used most; how many of them were used again';

GRANT EXECUTE ON FUNCTION steward.cache_table_tend(integer, timestamptz, integer), steward.cache_archive_tend(timestamptz),
                          steward.cache_popular_note(timestamptz) TO steward_worker;
GRANT SELECT ON steward.cache_size, steward.cache_removed TO steward_reader, steward_metrics;

COMMIT;
