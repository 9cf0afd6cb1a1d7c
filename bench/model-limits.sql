-- Rows to learn from, and trainings that are cancelled: what bench/model-limits asks for.

-- Some words and two numbers, which say something of the label.
CREATE FUNCTION short_rows(count bigint, OUT body text, OUT size integer, OUT age integer, OUT is_true boolean) RETURNS SETOF record
    LANGUAGE sql STABLE AS $$
    SELECT 'w' || h % 997 || ' w' || (h / 997) % 5003 || ' w' || i % 7919 || ' n' || i, ((h / 31) % 1000)::integer, (i % 83)::integer,
           (h % 997) * 3 + (h / 31) % 1000 + (h / 7) % 1500 > 2700
    FROM (SELECT i, abs(hashint8(i)::bigint) AS h FROM generate_series(1, count) AS i) AS drawn
$$;

-- Rows of which one is long, with 300 numbers, or with several of 64 labels.
CREATE FUNCTION rows_of(kind text, count integer) RETURNS text LANGUAGE sql AS $$
    SELECT CASE
    WHEN kind LIKE 'labels%' THEN format(
        'SELECT r.body, r.size, r.age, ARRAY(SELECT ''l'' || (r.size * n + r.age) %% 64 FROM generate_series(1, 3) AS n) AS labels, ''{}''::jsonb AS more
         FROM short_rows(%s) AS r', count)
    WHEN kind = 'numbers' THEN format(
        'SELECT r.body, r.size, r.age, r.is_true, (SELECT jsonb_object_agg(n, (r.size * n) %% 101) FROM generate_series(1, 300) AS n) AS more FROM short_rows(%s) AS r', count)
    WHEN kind = 'long' THEN format(
        'SELECT (SELECT string_agg(''w'' || (n * r.size) %% 400009, '' '') FROM generate_series(1, 1000000) AS n) || r.body AS body, r.size, r.age, r.is_true, ''{}''::jsonb AS more
         FROM short_rows(%s) AS r', count)
    ELSE format('SELECT r.*, ''{}''::jsonb AS more FROM short_rows(%s) AS r', count) END
$$;

CREATE FUNCTION prepare(kind text, count integer, label text, method text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS known;
    EXECUTE 'CREATE TABLE known AS ' || rows_of(kind, count);
    IF EXISTS (SELECT FROM steward.model AS m WHERE m.name = 'cancelled') THEN
        PERFORM steward.model_drop('cancelled');
    END IF;
    PERFORM steward.model_create('cancelled', 'known', label => label, text => 'body', features => '{size,age,more}', method => method,
                                 max_features => 0, retrain_rows => NULL, retrain_cron => NULL, retrain_drift => NULL);
END $$;

CREATE FUNCTION train_ms() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    begun timestamptz := clock_timestamp();
BEGIN
    PERFORM steward.model_train('cancelled');
    RETURN 1000 * extract(epoch FROM clock_timestamp() - begun);
END $$;

-- Trains until the statement runs into its timeout, and returns how many milliseconds after the deadline control came back; null if the
-- training was done before.
CREATE FUNCTION overshoot() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    deadline timestamptz := statement_timestamp() + current_setting('statement_timeout')::interval;
BEGIN
    PERFORM steward.model_train('cancelled');
    RETURN NULL;
EXCEPTION WHEN query_canceled THEN
    RETURN 1000 * extract(epoch FROM clock_timestamp() - deadline);
END $$;

CREATE TABLE overshoots (kind text, ms float8);
