-- Times queries inside the server, so that neither the client nor the socket counts.

CREATE TABLE timing (name text, round integer, ms float8, result text);

-- Runs the queries in turns, each one once per round, after one round that does not count: what
-- disturbs the machine for a while disturbs all of them. A query returns one value.
CREATE PROCEDURE run_rounds(rounds integer, names text[], queries text[], workers integer[] DEFAULT NULL) AS $$
DECLARE
    started timestamptz;
    answer text;
BEGIN
    FOR round IN 0 .. rounds LOOP
        FOR i IN 1 .. cardinality(names) LOOP
            PERFORM set_config('max_parallel_workers_per_gather', coalesce(workers[i], 0)::text, true);
            started := clock_timestamp();
            EXECUTE queries[i] INTO answer;
            IF round > 0 THEN
                INSERT INTO timing
                VALUES (names[i], round, 1000 * extract(epoch FROM clock_timestamp() - started), answer);
            END IF;
        END LOOP;
    END LOOP;
END
$$ LANGUAGE plpgsql;

CREATE FUNCTION median_ms(which text) RETURNS float8
RETURN (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FROM timing WHERE name = which);

-- Fastest and slowest round beside the median: how quiet the machine was.
CREATE FUNCTION spread(which text) RETURNS text
RETURN (SELECT format('%s .. %s ms', round(min(ms)::numeric, 1), round(max(ms)::numeric, 1))
        FROM timing WHERE name = which);
