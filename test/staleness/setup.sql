-- Keys that writers change and readers find in the cache. A value is stale if it is older than the row that was committed
-- before it was asked for; it is false if no committed row ever had it.
CREATE TABLE item (
    id integer PRIMARY KEY,
    version bigint NOT NULL,
    token bigint NOT NULL -- of each attempt to write: that of an aborted one is nowhere
) WITH (fillfactor = 30);
INSERT INTO item SELECT i, 1, i FROM generate_series(1, 16) AS i;
CREATE SEQUENCE tokens START 1000 CACHE 100;
CREATE TABLE outcome (reads bigint, hits bigint, stale bigint, wrong bigint, newer bigint, sampled bigint, overlapping bigint);

-- Some find their values by the table, some by the row.
SELECT steward.cache_create('by table', kind => 'dependent', shared => true, early_beta => 0);
SELECT steward.cache_depend('by table', 'item');
SELECT steward.cache_create('by row', kind => 'dependent', shared => true, early_beta => 0);
SELECT steward.cache_depend('by row', 'item', 'id');

CREATE FUNCTION value_of(wanted integer) RETURNS jsonb LANGUAGE sql STABLE AS
    'SELECT jsonb_build_array(i.version, i.token) FROM item AS i WHERE i.id = wanted';
CREATE FUNCTION compute(args jsonb) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT value_of(args::integer)';

-- Others commit between the look at the row and the end of the computation.
CREATE FUNCTION compute_slowly(args jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    value jsonb := value_of(args::integer);
BEGIN
    PERFORM pg_sleep(0.001 * random());
    RETURN value;
END $$;

-- What is not there is computed and put there, in one of the ways that there are.
CREATE FUNCTION put(space text, wanted integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CASE floor(random() * 4)
    WHEN 0 THEN PERFORM steward.cache_fetch(space, wanted::text, 'compute(jsonb)', to_jsonb(wanted));
    WHEN 1 THEN PERFORM steward.cache_fetch(space, wanted::text, 'compute_slowly(jsonb)', to_jsonb(wanted));
    WHEN 2 THEN PERFORM steward.cache_set(space, wanted::text, value_of(wanted));
    ELSE
        DECLARE
            value jsonb := value_of(wanted);
        BEGIN
            PERFORM pg_sleep(0.0002 * random()); -- an application that thinks, while others commit
            PERFORM steward.cache_set(space, wanted::text, value);
        END;
    END CASE;
END $$;

CREATE PROCEDURE read_values(seconds integer) LANGUAGE plpgsql AS $$
DECLARE
    finish timestamptz := clock_timestamp() + make_interval(secs => seconds);
    o outcome := (0, 0, 0, 0, 0, 0, 0);
    space text;
    wanted integer;
    row_before jsonb;
    found jsonb;
    row_after jsonb;
    old_snapshot boolean := false; -- drawn before the transaction begins: it would take a snapshot
BEGIN
    WHILE clock_timestamp() < finish LOOP
        IF old_snapshot THEN
            COMMIT;
            SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
        ELSE
            COMMIT;
        END IF;
        space := CASE WHEN random() < 0.5 THEN 'by table' ELSE 'by row' END;
        wanted := 1 + floor(random() * 16);
        row_before := value_of(wanted);
        IF old_snapshot AND random() < 0.5 THEN
            PERFORM pg_sleep(0.0002);
        END IF;
        found := steward.cache_get(space, wanted::text);
        o.reads := o.reads + 1;
        IF found IS NULL THEN
            PERFORM put(space, wanted);
        ELSE
            row_after := value_of(wanted);
            o.hits := o.hits + 1;
            o.stale := o.stale + ((found ->> 0)::bigint < (row_before ->> 0)::bigint)::integer;
            o.newer := o.newer + (old_snapshot AND (found ->> 0)::bigint > (row_before ->> 0)::bigint)::integer;
            o.wrong := o.wrong + (found ->> 0 = row_after ->> 0 AND found <> row_after)::integer;
        END IF;
        IF o.reads % 16 = 0 THEN
            o.sampled := o.sampled + 1;
            o.overlapping := o.overlapping + (NOT pg_try_advisory_xact_lock_shared(1, wanted))::integer;
        END IF;
        old_snapshot := random() < 0.2;
    END LOOP;
    COMMIT;
    INSERT INTO outcome SELECT o.*;
END $$;

CREATE FUNCTION change(wanted integer) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(1, wanted);
    UPDATE item SET version = version + 1, token = nextval('tokens') WHERE id = wanted;
$$;

-- Commits, aborts, savepoints that are rolled back, values that are stored before and after the change.
CREATE PROCEDURE write_values(seconds integer) LANGUAGE plpgsql AS $$
DECLARE
    finish timestamptz := clock_timestamp() + make_interval(secs => seconds);
    wanted integer;
    space text;
    own jsonb;
    is_changed boolean;
BEGIN
    WHILE clock_timestamp() < finish LOOP
        wanted := 1 + floor(random() * 16);
        space := CASE WHEN random() < 0.5 THEN 'by table' ELSE 'by row' END;
        IF random() < 0.2 THEN
            PERFORM put(space, wanted);
        END IF;
        BEGIN
            is_changed := true;
            PERFORM change(wanted);
            IF random() < 0.3 THEN
                PERFORM steward.cache_set(space, wanted::text, value_of(wanted));
            END IF;
            IF random() < 0.2 THEN
                RAISE EXCEPTION 'undone';
            END IF;
        EXCEPTION WHEN raise_exception THEN
            is_changed := false; -- and others may change it now
        END;
        own := steward.cache_get(space, wanted::text);
        IF is_changed AND own IS NOT NULL AND own <> value_of(wanted) THEN
            RAISE EXCEPTION 'a transaction found % where it sees %', own, value_of(wanted);
        END IF;
        IF random() < 0.3 THEN
            PERFORM put(space, wanted);
            PERFORM pg_sleep(0.0005);
        END IF;
        IF random() < 0.05 THEN
            PERFORM steward.cache_delete(space, wanted::text);
        END IF;
        IF random() < 0.2 THEN
            ROLLBACK;
        ELSE
            COMMIT;
        END IF;
        IF random() < 0.5 THEN
            PERFORM pg_sleep(0.001 * random());
            COMMIT;
        END IF;
    END LOOP;
END $$;
