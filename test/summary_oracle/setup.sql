-- Tables that summaries are computed from, and procedures that change them, refresh the summaries, and compare these with
-- what their queries give. Each runs until the plan is fulfilled, and leaves counts in table outcome.
CREATE TABLE owner (k integer PRIMARY KEY, label text NOT NULL, unread integer);
CREATE TABLE item (id integer PRIMARY KEY, k integer NOT NULL, v integer NOT NULL, unread integer);
CREATE INDEX ON item (k);
CREATE TABLE entry (id integer, k integer, kind text NOT NULL, v integer NOT NULL, PRIMARY KEY (id, k)) PARTITION BY HASH (k);
CREATE TABLE entry_0 PARTITION OF entry FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE entry_1 PARTITION OF entry FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE entry_2 PARTITION OF entry FOR VALUES WITH (MODULUS 3, REMAINDER 2);
CREATE INDEX ON entry (k, id);
CREATE TABLE event (id integer PRIMARY KEY, k integer NOT NULL, at timestamptz NOT NULL);
CREATE INDEX ON event (k, at);
INSERT INTO owner SELECT i, 'owner ' || i FROM generate_series(1, 100) AS i;
INSERT INTO item SELECT i, 1 + i % 100, i FROM generate_series(1, 3000, 2) AS i;
INSERT INTO entry SELECT i, 1 + i % 100, chr(97 + i % 4), i FROM generate_series(1, 3000, 2) AS i;
ANALYZE owner, item, entry;

-- A session of that name waits when it has read a label, until nobody holds the lock.
CREATE FUNCTION read(label text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF current_setting('application_name') = 'late' THEN
        PERFORM pg_advisory_xact_lock_shared(7);
    END IF;
    RETURN label;
END $$;

-- One more row here is one more summary to be refreshed and compared.
CREATE TABLE definition (
    place integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    key text[] NOT NULL,
    query text NOT NULL,
    mode text NOT NULL DEFAULT 'auto',
    expires text,
    by_clock boolean NOT NULL GENERATED ALWAYS AS (query ~ 'now\(\)') STORED
);
INSERT INTO definition (name, key, expires, query) VALUES
    ('public.added', '{k}', NULL, 'SELECT k, count(*) AS n, sum(v) AS total, avg(v) AS mean FROM item GROUP BY k'),
    ('public.added_pairs', '{k,kind}', NULL, 'SELECT k, kind, count(*) AS n, sum(v) AS total FROM entry WHERE v > 1 GROUP BY k, kind'),
    ('public.plain', '{k}', NULL, 'SELECT k, count(*) AS n, sum(v) AS total, max(id) AS newest FROM item GROUP BY k'),
    ('public.joined', '{k}', NULL,
     'SELECT o.k, read(o.label) AS label, i.n, i.total, e.kind, e.v FROM owner AS o
      LEFT JOIN (SELECT k, count(*) AS n, sum(v) AS total FROM item GROUP BY k) AS i USING (k)
      LEFT JOIN (SELECT DISTINCT ON (k) k, kind, v FROM entry ORDER BY k, id DESC) AS e USING (k)'),
    ('public.pairs', '{k,kind}', NULL, -- an owner has but half of the key: when it changes, all is computed
     'SELECT e.k, e.kind, o.label, count(*) AS n, sum(e.v) AS total FROM entry AS e JOIN owner AS o USING (k) GROUP BY e.k, e.kind, o.label'),
    ('public.recent', '{k}', 'oldest + interval ''1 second''',
     'SELECT k, count(*) AS n, min(at) AS oldest, max(id) AS newest FROM event WHERE at > now() - interval ''1 second'' GROUP BY k'),
    ('public.present', '{k}', NULL,
     'SELECT k, count(*) AS n, max(id) AS newest FROM event WHERE at > now() - interval ''1 second'' AND at <= now() GROUP BY k'),
    ('public.above', '{k}', NULL, -- from two other summaries
     'SELECT o.k, o.label, a.n, a.mean, p.newest FROM owner AS o LEFT JOIN added AS a USING (k) LEFT JOIN plain AS p USING (k)'),
    ('public.top', '{place}', NULL, 'SELECT k % 10 AS place, count(*) AS keys, sum(n) AS n, max(newest) AS newest FROM above GROUP BY 1');
SELECT steward.summary_create(name, query, key, mode => mode, expires => expires, max_staleness => '100 ms') FROM definition ORDER BY place;

CREATE TABLE plan (finish timestamptz NOT NULL, refreshes bigint NOT NULL);
CREATE SEQUENCE refreshes;
CREATE TABLE outcome (what text NOT NULL, n bigint NOT NULL, example text);
CREATE FUNCTION is_going() RETURNS boolean LANGUAGE sql AS
    'SELECT clock_timestamp() < p.finish OR r.last_value < p.refreshes FROM plan AS p, refreshes AS r';
CREATE FUNCTION any_definition() RETURNS definition LANGUAGE sql AS 'SELECT d FROM definition AS d ORDER BY random() LIMIT 1';

-- Rows that differ between a summary and its query, in the snapshot of this transaction if it has one.
CREATE FUNCTION differing(name text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM ((TABLE %1$s EXCEPT ALL TABLE %1$s_source) UNION ALL (TABLE %1$s_source EXCEPT ALL TABLE %1$s)) AS d', name) INTO n;
    RETURN n;
END $$;

-- Changes one row. Whoever else would change it now passes it over, so that nobody waits.
CREATE FUNCTION change() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    at integer := floor(random() * 3);
    wanted integer := 1 + floor(random() * 3000);
    new_k integer := 1 + floor(100 * random() ^ 2); -- some keys change more often
    new_kind text := chr(97 + floor(random() * 4)::integer);
    way float8 := random();
BEGIN
    IF random() < 0.004 THEN
        at := 3;
        wanted := new_k;
    END IF;
    IF NOT pg_try_advisory_xact_lock(at, wanted) THEN
        RETURN;
    END IF;
    CASE at
    WHEN 0 THEN
        IF way < 0.3 THEN
            DELETE FROM item AS i WHERE i.id = wanted;
        ELSIF way < 0.35 THEN
            UPDATE item AS i SET unread = i.v WHERE i.id = wanted;
        ELSE
            INSERT INTO item AS i VALUES (wanted, new_k, 1)
            ON CONFLICT (id) DO UPDATE SET v = i.v + 1, k = CASE WHEN way < 0.7 THEN i.k ELSE excluded.k END;
        END IF;
    WHEN 1 THEN
        MERGE INTO entry AS e USING (SELECT wanted AS id) AS w ON e.id = w.id
        WHEN MATCHED AND way < 0.3 THEN DELETE
        WHEN MATCHED AND way < 0.7 THEN UPDATE SET v = e.v + 1, k = new_k -- often in another partition
        WHEN MATCHED THEN UPDATE SET v = e.v + 1, kind = new_kind
        WHEN NOT MATCHED THEN INSERT VALUES (wanted, new_k, new_kind, 1);
    WHEN 2 THEN
        INSERT INTO event VALUES (wanted, new_k, clock_timestamp() + greatest(0, random() - 0.7) * interval '1 second') ON CONFLICT (id) DO UPDATE SET k = excluded.k, at = excluded.at;
    ELSE
        IF way < 0.2 THEN
            DELETE FROM owner AS o WHERE o.k = wanted;
        ELSE
            INSERT INTO owner VALUES (wanted, 'owner ' || way) ON CONFLICT (k) DO UPDATE SET label = excluded.label;
        END IF;
    END CASE;
END $$;

-- Commits and aborts, savepoints that are rolled back, changes that are written long before others see them, refreshes in
-- the middle of a transaction.
CREATE PROCEDURE write_rows() LANGUAGE plpgsql AS $$
DECLARE
    changes bigint := 0;
    commits bigint := 0;
BEGIN
    WHILE is_going() LOOP
        COMMIT;
        FOR i IN 1 .. 1 + floor(random() * 4) LOOP
            BEGIN
                changes := changes + 1;
                PERFORM change();
                IF random() < 0.2 THEN
                    PERFORM steward.summary_flush();
                END IF;
                IF random() < 0.15 THEN
                    RAISE EXCEPTION 'undone';
                END IF;
            EXCEPTION WHEN raise_exception THEN
            END;
            changes := changes + 1;
            PERFORM change();
            IF random() < 0.1 THEN
                PERFORM steward.summary_flush();
            END IF;
            IF random() < 0.3 THEN
                PERFORM pg_sleep(0.01 * random());
            END IF;
        END LOOP;
        IF random() < 0.02 THEN
            PERFORM steward.summary_refresh((any_definition()).name, 'keyed');
        END IF;
        PERFORM pg_sleep(0.001 + 0.02 * random());
        IF random() < 0.15 THEN
            ROLLBACK;
        ELSE
            COMMIT;
            commits := commits + 1;
        END IF;
    END LOOP;
    INSERT INTO outcome VALUES ('changes', changes), ('commits', commits);
END $$;
