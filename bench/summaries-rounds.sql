-- Times refreshes inside the server, their commits included.

CREATE EXTENSION pg_walinspect;
CREATE EXTENSION pg_prewarm;
CREATE UNLOGGED TABLE refresh (label text, round integer, side text, mode text, keys bigint, ms float8, inside_ms float8, started pg_lsn, ended pg_lsn);

CREATE PROCEDURE refresh_once(label text, round integer, side text) LANGUAGE plpgsql AS $$
DECLARE
    begun timestamptz;
    ms float8;
    started pg_lsn := pg_current_wal_insert_lsn();
    ended pg_lsn;
    mode text;
    keys bigint;
    inside_ms float8;
BEGIN
    COMMIT; -- a transaction, and a clock, of its own
    begun := clock_timestamp();
    IF side = 'peer' THEN
        REFRESH MATERIALIZED VIEW CONCURRENTLY peer;
    ELSE
        SELECT r.mode_used, r.keys, 1000 * extract(epoch FROM r.duration) INTO mode, keys, inside_ms
        FROM steward.summary_refresh(current_schema() || '.' || side) AS r;
    END IF;
    COMMIT;
    ms := 1000 * extract(epoch FROM clock_timestamp() - begun);
    ended := pg_current_wal_insert_lsn();
    INSERT INTO refresh VALUES (label, round, side, mode, keys, ms, inside_ms, started, ended);
    COMMIT;
END
$$;

-- Other keys in each round: rows that have just been written lie next to each other, and are cheaper to write again.
CREATE PROCEDURE refresh_round(label text, round integer, changed integer, sides text[]) LANGUAGE plpgsql AS $$
DECLARE
    side text;
BEGIN
    INSERT INTO attempts (principle_id, succeeded, took_ms)
    SELECT principle_id, random() < 0.8, 7 FROM principles ORDER BY random() LIMIT changed;
    COMMIT;
    FOR i IN 1 .. cardinality(sides) LOOP
        CALL refresh_once(label, round, sides[1 + (i + round) % cardinality(sides)]);
    END LOOP;
END
$$;

-- What a refresh cannot do without: the query for so many keys, which are in order.
CREATE PROCEDURE compute_alone(label text, rounds integer, changed integer) LANGUAGE plpgsql AS $$
DECLARE
    wanted bigint[];
    begun timestamptz;
BEGIN
    FOR round IN 0 .. rounds LOOP
        wanted := ARRAY(SELECT principle_id FROM (SELECT principle_id FROM principles ORDER BY random() LIMIT changed) AS p ORDER BY principle_id);
        begun := clock_timestamp();
        PERFORM count(v) FROM unnest(wanted) AS k (key) CROSS JOIN LATERAL (SELECT * FROM ours_source AS q WHERE q.principle_id = k.key OFFSET 0) AS v;
        INSERT INTO refresh (label, round, side, keys, ms) VALUES (label, round, 'alone', changed, 1000 * extract(epoch FROM clock_timestamp() - begun));
        COMMIT;
    END LOOP;
END
$$;

CREATE PROCEDURE refresh_hot(side text, rounds integer) LANGUAGE plpgsql AS $$
BEGIN
    FOR round IN 0 .. rounds LOOP
        INSERT INTO attempts (principle_id, succeeded, took_ms) VALUES (1, true, 7);
        COMMIT;
        CALL refresh_once('hot', round, side);
    END LOOP;
END
$$;

CREATE PROCEDURE refresh_nothing(rounds integer) LANGUAGE plpgsql AS $$
BEGIN
    FOR round IN 0 .. rounds LOOP
        CALL refresh_once('nothing', round, 'ours');
    END LOOP;
END
$$;

-- Both refreshed at one moment, compared.
CREATE FUNCTION differing_rows() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM steward.summary_refresh(current_schema() || '.ours');
    REFRESH MATERIALIZED VIEW CONCURRENTLY peer;
    RETURN (SELECT count(*) FROM (SELECT * FROM ours EXCEPT ALL SELECT * FROM peer) AS d)
        + (SELECT count(*) FROM (SELECT * FROM peer EXCEPT ALL SELECT * FROM ours) AS d);
END
$$;

-- Milliseconds, those of the fastest and the slowest round, keys, and milliseconds without the commit: medians. kB of WAL: on average, since a page is
-- logged as a whole the first time after a checkpoint only.
CREATE FUNCTION measured(which text, who text, OUT ms numeric, OUT fastest numeric, OUT slowest numeric, OUT keys bigint,
                         OUT modes text, OUT inside_ms numeric, OUT wal_kb numeric) AS $$
    SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY r.ms)::numeric, 3), round(min(r.ms)::numeric, 3),
           round(max(r.ms)::numeric, 3), percentile_disc(0.5) WITHIN GROUP (ORDER BY coalesce(r.keys, 0)),
           string_agg(DISTINCT r.mode, ', '),
           round(percentile_cont(0.5) WITHIN GROUP (ORDER BY r.inside_ms)::numeric, 3), round(avg(r.ended - r.started) / 1000, 1)
    FROM refresh AS r
    WHERE r.label = which AND r.side = who AND r.round > 0
$$ LANGUAGE sql;

-- Whole pages therein. While the WAL is there.
CREATE FUNCTION page_kb(which text, who text) RETURNS numeric AS $$
    SELECT round(avg((SELECT coalesce(sum(s.fpi_size), 0) FROM pg_get_wal_stats(r.started, r.ended) AS s)) / 1000, 1)
    FROM refresh AS r
    WHERE r.label = which AND r.side = who AND r.round > 0
$$ LANGUAGE sql;
