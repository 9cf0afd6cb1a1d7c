-- Keys whose values bear a version that grows. `oldest` is the least that may be found: that of the last value of which
-- cache_set() has returned, or one more, if it was deleted or cleared since. Whoever reads looks there first.
CREATE TABLE key (
    space text NOT NULL,
    id integer NOT NULL,
    oldest bigint NOT NULL,
    PRIMARY KEY (space, id)
) WITH (fillfactor = 20);
CREATE TABLE outcome (reads bigint, found bigint, sampled bigint, overlapping bigint, writes bigint, failures bigint, saves bigint);
CREATE TABLE stale (space text, id integer, oldest bigint, found bigint, at timestamptz DEFAULT clock_timestamp());

-- Of 32 keys eight have room in memory; in one namespace as many as the memory has, and in one there is none.
SELECT steward.cache_create('three', max_entries => 8, ttl => NULL, early_beta => 0);
SELECT steward.cache_create('two', max_entries => 8, ttl => NULL, tiers => '{memory,table}', early_beta => 0);
SELECT steward.cache_create('large', max_entries => 10000, ttl => NULL, early_beta => 0);
SELECT steward.cache_create('direct', ttl => NULL, tiers => '{table,archive}', early_beta => 0);
INSERT INTO key SELECT s.space, i, 0 FROM unnest('{three,two,large,direct}'::text[]) AS s (space), generate_series(0, 31) AS i;

CREATE FUNCTION any_space() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT (ARRAY['three', 'three', 'two', 'large', 'direct'])[1 + floor(random() * 5)::integer]
$$;
-- Advisory locks of a key, by which readers see that somebody is about to change it.
CREATE FUNCTION lock_of(space text, id integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT 1000 * ascii(space) + id
$$;

-- What was stored or removed counts when this has committed.
CREATE FUNCTION note(of_space text, ids integer[], version bigint) RETURNS void LANGUAGE sql AS $$
    SELECT FROM key WHERE space = of_space AND id = ANY (ids) ORDER BY id FOR UPDATE;
    UPDATE key SET oldest = greatest(oldest, version) WHERE space = of_space AND id = ANY (ids)
$$;

-- Stores the next version of a key, for a moment, for good, in a way that is not kept below; false if it was not stored.
CREATE FUNCTION store(space text, id integer, version bigint, size integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    value jsonb := jsonb_build_array(version, repeat('x', (random() * size)::integer));
    chance double precision := random();
BEGIN
    IF chance < 0.6 THEN
        RETURN steward.cache_set(space, id::text, value);
    ELSIF chance < 0.9 THEN
        RETURN steward.cache_set(space, id::text, value, ttl => make_interval(secs => 0.001 + 0.05 * random()));
    ELSIF chance < 0.95 THEN
        RETURN steward.cache_set(space, id::text, value, tags => '{tag}');
    END IF;
    RETURN steward.cache_set(space, id::text, NULL);
END $$;

-- Removes keys, all of which are this writer's.
CREATE FUNCTION remove(space text, ids integer[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(ids) > 1 THEN
        PERFORM steward.cache_delete_many(space, ids::text[]);
    ELSIF random() < 0.8 THEN
        PERFORM steward.cache_delete(space, ids[1]::text);
    ELSE
        PERFORM steward.cache_delete_like(space, ids[1]::text);
    END IF;
END $$;

-- Each key has one writer, who alone knows its next version.
CREATE PROCEDURE write_values(writer integer, writers integer, seconds integer, size integer) LANGUAGE plpgsql AS $$
DECLARE
    finish timestamptz := clock_timestamp() + make_interval(secs => seconds);
    o outcome := (0, 0, 0, 0, 0, 0, 0);
    next bigint := extract(epoch FROM clock_timestamp()) * 1000000;
    of_space text;
    ids integer[];
    noted bigint;
    chance double precision;
    before key[];
BEGIN
    WHILE clock_timestamp() < finish LOOP
        of_space := any_space();
        ids := ARRAY[writer + writers * floor(random() * (32 - writer) / writers)::integer];
        next := next + 2;
        noted := NULL;
        before := NULL;
        chance := random();
        PERFORM pg_advisory_lock(lock_of(of_space, ids[1]));
        BEGIN
            IF chance < 0.7 THEN
                noted := CASE WHEN store(of_space, ids[1], next, size) THEN next END;
            ELSIF chance < 0.78 THEN
                PERFORM steward.cache_touch(of_space, ids[1]::text, make_interval(secs => 0.001 + 0.01 * random()));
            ELSIF chance < 0.995 THEN
                IF random() < 0.1 THEN
                    ids := ids || (SELECT array_agg(i) FROM generate_series(writer, 31, writers) AS i WHERE random() < 0.2);
                END IF;
                PERFORM remove(of_space, ids);
                noted := next;
            ELSE
                before := ARRAY(SELECT k FROM key AS k WHERE k.space = of_space);
                PERFORM steward.cache_clear(of_space);
            END IF;
        EXCEPTION WHEN deadlock_detected OR lock_not_available OR serialization_failure THEN
            o.failures := o.failures + 1;
            noted := NULL;
            before := NULL;
        END;
        -- What is done in memory stays; what is done in tables alone does not.
        IF of_space <> 'direct' AND random() < 0.3 THEN
            ROLLBACK;
        ELSE
            COMMIT;
        END IF;
        IF noted IS NOT NULL THEN
            PERFORM note(of_space, ids, noted);
        ELSIF before IS NOT NULL THEN
            PERFORM FROM key AS k WHERE k.space = of_space ORDER BY id FOR UPDATE;
            UPDATE key AS k SET oldest = greatest(k.oldest, b.oldest + 1)
            FROM unnest(before) AS b WHERE k.space = b.space AND k.id = b.id;
        END IF;
        COMMIT;
        PERFORM pg_advisory_unlock_all();
        o.writes := o.writes + 1;
    END LOOP;
    INSERT INTO outcome SELECT o.*;
END $$;

CREATE PROCEDURE read_values(seconds integer) LANGUAGE plpgsql AS $$
DECLARE
    finish timestamptz := clock_timestamp() + make_interval(secs => seconds);
    o outcome := (0, 0, 0, 0, 0, 0, 0);
    of_space text;
    wanted integer;
    least_good bigint;
    found bigint;
    old_snapshot boolean;
BEGIN
    WHILE clock_timestamp() < finish LOOP
        old_snapshot := random() < 0.2;
        IF old_snapshot THEN
            COMMIT;
            SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
        ELSE
            COMMIT;
        END IF;
        of_space := any_space();
        wanted := floor(random() * 32);
        least_good := (SELECT k.oldest FROM key AS k WHERE k.space = of_space AND k.id = wanted);
        found := steward.cache_get(of_space, wanted::text) ->> 0;
        o.reads := o.reads + 1;
        o.found := o.found + (found IS NOT NULL)::integer;
        IF found < least_good THEN
            COMMIT;
            INSERT INTO stale VALUES (of_space, wanted, least_good, found);
        END IF;
        IF o.reads % 16 = 0 THEN
            o.sampled := o.sampled + 1;
            o.overlapping := o.overlapping + (NOT pg_try_advisory_xact_lock_shared(lock_of(of_space, wanted)))::integer;
        END IF;
    END LOOP;
    COMMIT;
    INSERT INTO outcome SELECT o.*;
END $$;

-- Writes below, in transactions that commit, roll back, or roll back to a savepoint, or see what is of before.
CREATE PROCEDURE save_values(seconds double precision) LANGUAGE plpgsql AS $$
DECLARE
    finish timestamptz := clock_timestamp() + make_interval(secs => seconds);
    o outcome := (0, 0, 0, 0, 0, 0, 0);
    way integer;
BEGIN
    WHILE clock_timestamp() < finish LOOP
        way := floor(random() * 6);
        IF way = 0 THEN
            COMMIT;
            SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
        ELSE
            COMMIT;
        END IF;
        BEGIN
            IF way = 0 THEN
                PERFORM count(*) FROM key;
                PERFORM pg_sleep(0.002);
            END IF;
            o.saves := o.saves + (steward.cache_save() > 0)::integer;
            IF way = 3 THEN
                BEGIN
                    PERFORM steward.cache_save();
                    RAISE EXCEPTION 'undone';
                EXCEPTION WHEN raise_exception THEN
                    NULL;
                END;
            END IF;
            PERFORM pg_sleep(0.002 * random());
            IF way = 1 THEN
                RAISE EXCEPTION 'undone';
            END IF;
        EXCEPTION WHEN raise_exception THEN
            NULL;
        WHEN deadlock_detected OR lock_not_available OR serialization_failure THEN
            o.failures := o.failures + 1;
        END;
        IF way = 2 THEN
            ROLLBACK;
        ELSE
            COMMIT;
        END IF;
        PERFORM steward.cache_expire('10 milliseconds');
        COMMIT;
        PERFORM pg_sleep(0.003 * random());
    END LOOP;
    INSERT INTO outcome SELECT o.*;
END $$;

-- Moves all that is good for more than two hours to the archive, and removes what is not.
CREATE PROCEDURE tend_values(seconds integer) LANGUAGE plpgsql AS $$
DECLARE
    finish timestamptz := clock_timestamp() + make_interval(secs => seconds);
BEGIN
    WHILE clock_timestamp() < finish LOOP
        BEGIN
            PERFORM steward.cache_table_tend(floor(random() * 8)::integer, clock_timestamp() + interval '2 hours');
        EXCEPTION WHEN deadlock_detected OR lock_not_available THEN
            NULL;
        END;
        PERFORM pg_sleep(0.002 * random());
        COMMIT;
        PERFORM pg_sleep(0.003 * random());
    END LOOP;
END $$;

-- Cancels or ends, at any moment, who is named so.
CREATE PROCEDURE interrupt_sessions(named text, seconds integer) LANGUAGE plpgsql AS $$
DECLARE
    finish timestamptz := clock_timestamp() + make_interval(secs => seconds);
BEGIN
    WHILE clock_timestamp() < finish LOOP
        PERFORM CASE WHEN random() < 0.8 THEN pg_cancel_backend(pid) ELSE pg_terminate_backend(pid) END
        FROM pg_stat_activity WHERE application_name = named AND state = 'active';
        COMMIT;
        PERFORM pg_sleep(0.03 * random());
    END LOOP;
END $$;
