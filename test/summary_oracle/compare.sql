-- Procedures of the sessions that refresh, and of those that compare.
CREATE PROCEDURE refresh_rows() LANGUAGE plpgsql AS $$
DECLARE
    d definition;
    keys jsonb;
    refreshed record;
    busy bigint := 0;
    idle bigint := 0;
    full_ones bigint := 0;
BEGIN
    WHILE is_going() LOOP
        d := any_definition();
        COMMIT;
        -- Of what adds up no key can be computed alone; of this no time is noted that a comparison could go by.
        IF random() < 0.1 AND NOT d.by_clock AND (SELECT s.mode <> 'delta' FROM steward.summary AS s WHERE s.name = d.name) THEN
            EXECUTE format('SELECT coalesce(jsonb_agg(r), ''[]'') FROM (SELECT %s FROM %s ORDER BY random() LIMIT 3) AS r', array_to_string(d.key, ', '), d.name)
            INTO keys;
            PERFORM steward.summary_refresh_keys(d.name, keys);
        END IF;
        SELECT r.* INTO refreshed
        FROM steward.summary_refresh(d.name, CASE WHEN random() < 0.005 THEN 'full' WHEN random() < 0.2 THEN 'auto' ELSE 'keyed' END,
                                     CASE WHEN random() < 0.4 THEN 1 + floor(random() * 20)::bigint END) AS r;
        CASE refreshed.mode_used
        WHEN 'busy' THEN busy := busy + 1;
        WHEN 'none' THEN idle := idle + 1;
        ELSE
            full_ones := full_ones + (refreshed.mode_used = 'full')::integer;
            PERFORM nextval('refreshes');
        END CASE;
        IF random() < 0.2 THEN
            PERFORM pg_sleep(0.005 * random());
        END IF;
        IF random() < 0.05 THEN
            ROLLBACK;
        END IF;
        COMMIT;
    END LOOP;
    INSERT INTO outcome VALUES ('busy', busy), ('idle', idle), ('full', full_ones);
END $$;

-- How many rows differ after a refresh that sees the same, in a transaction of one snapshot: none may. Null for whoever
-- meets another refresh, or sees one of a time that has not come for itself.
CREATE FUNCTION compare(d definition, OUT n bigint, OUT example text) LANGUAGE plpgsql AS $$
BEGIN
    IF NOT d.by_clock OR NOT EXISTS (SELECT FROM steward.summary_state AS s WHERE s.name = d.name AND s.refreshed_at >= now()) THEN
        SELECT CASE WHEN r.mode_used <> 'busy' THEN differing(d.name) END INTO n FROM steward.summary_refresh(d.name, 'keyed') AS r;
    END IF;
    IF n > 0 THEN
        SELECT format('%s: %s', d.name, string_agg(v::text, ' ')) INTO example FROM (SELECT * FROM steward.summary_verify(d.name) LIMIT 3) AS v;
    END IF;
EXCEPTION WHEN serialization_failure OR unique_violation THEN
    n := NULL;
END $$;

CREATE PROCEDURE check_rows() LANGUAGE plpgsql AS $$
DECLARE
    d definition;
    checks bigint := 0;
    again bigint := 0;
    wrong bigint := 0;
    found record;
    example text;
BEGIN
    WHILE is_going() LOOP
        d := any_definition();
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
        found := compare(d);
        checks := checks + (found.n IS NOT NULL)::integer;
        again := again + (found.n IS NULL)::integer;
        wrong := wrong + coalesce(found.n, 0);
        example := coalesce(example, found.example);
        IF random() < 0.2 THEN
            ROLLBACK;
        ELSE
            COMMIT;
        END IF;
    END LOOP;
    INSERT INTO outcome VALUES ('checks', checks, NULL), ('again', again, NULL), ('wrong', wrong, example);
END $$;

-- When nobody writes any more and every time has come: one last refresh each, and nothing is left.
CREATE PROCEDURE settle() LANGUAGE plpgsql AS $$
DECLARE
    d definition;
    n bigint;
    mode text;
    wrong bigint := 0;
    example text;
BEGIN
    PERFORM pg_sleep(1.5); -- an event is of up to 0.3 s later, and counts for 1 s
    COMMIT;
    FOR d IN SELECT * FROM definition LOOP
        FOR i IN 1 .. 100 LOOP -- others may be at it still
            mode := (steward.summary_refresh(d.name, 'keyed')).mode_used;
            COMMIT;
            EXIT WHEN mode <> 'busy';
            PERFORM pg_sleep(0.05);
        END LOOP;
        SELECT differing(d.name) + count(*), max(v::text) INTO n, example FROM steward.summary_verify(d.name) AS v;
        IF n > 0 OR mode = 'busy' THEN
            INSERT INTO outcome VALUES ('left', n, d.name || ', ' || mode || ': ' || example);
        END IF;
        EXECUTE format('INSERT INTO outcome SELECT ''pending'', count(*) FROM %s_changes', d.name);
    END LOOP;
END $$;
