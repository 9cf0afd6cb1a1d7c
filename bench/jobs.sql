-- What bench/jobs needs inside the server: the same work for every queue, and loops that fill and drain queues without
-- a round trip to a client. Variables `pgmq` and `graphile` say which peers are there.

CREATE ROLE bench LOGIN;
GRANT steward_job TO bench;

CREATE FUNCTION noop(job_id bigint, payload jsonb) RETURNS jsonb AS $$
BEGIN
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

-- Every queue gets the same payloads, from arrays that are there before the clock starts.
CREATE TABLE payload (batch integer PRIMARY KEY, payloads jsonb[] NOT NULL);
ALTER TABLE payload ALTER payloads SET STORAGE EXTERNAL;
CREATE FUNCTION payload_fill(batches integer, seed integer) RETURNS void AS $$
    SELECT setseed(1 / (1.0 + seed));
    INSERT INTO payload
    SELECT b, array_agg(jsonb_build_object('n', b * 1000 + n, 'drawn', (random() * 1e9)::bigint) ORDER BY n)
    FROM generate_series(0, batches - 1) AS b, generate_series(1, 1000) AS n
    GROUP BY b;
$$ LANGUAGE sql;
SELECT payload_fill(:batches, :seed);
GRANT SELECT ON payload TO bench;

-- How long single calls take, in milliseconds.
CREATE TABLE latency (name text NOT NULL, ms float8 NOT NULL);
CREATE FUNCTION latency_percentile(which text, share float8) RETURNS numeric
RETURN (SELECT round(percentile_cont(share) WITHIN GROUP (ORDER BY ms)::numeric, 3) FROM latency WHERE name = which);
CREATE FUNCTION ms_since(started timestamptz) RETURNS float8
RETURN 1000 * extract(epoch FROM clock_timestamp() - started);

GRANT INSERT ON latency TO bench;

SET ROLE bench;
SELECT steward.job_kind_create('batch_100', 'noop(bigint, jsonb)', '{"batch": 100}'),
       steward.job_kind_create('batch_1', 'noop(bigint, jsonb)', '{"batch": 1}'),
       steward.job_kind_create('client');
RESET ROLE;

CREATE PROCEDURE steward_fill(kind text, queue text, batches integer) AS $$
DECLARE
    largest integer := (SELECT max(batch) + 1 FROM payload);
BEGIN
    FOR b IN 0 .. batches - 1 LOOP
        PERFORM steward.job_enqueue_many(kind, p.payloads, queue) FROM payload AS p WHERE p.batch = b % largest;
        COMMIT;
    END LOOP;
END
$$ LANGUAGE plpgsql;

-- As much comes as goes, so that the queue stays as deep as it is. Only the claim is timed, not its commit.
CREATE PROCEDURE steward_claim(label text, claims integer, size integer) AS $$
DECLARE
    ids bigint[];
    started timestamptz;
    ms float8;
    payloads jsonb[] := p.payloads[1:size] FROM payload AS p WHERE p.batch = 0;
BEGIN
    FOR i IN 1 .. claims LOOP
        PERFORM steward.job_enqueue_many('client', payloads, 'claims');
        COMMIT;
        started := clock_timestamp();
        ids := array_agg(c.id) FROM steward.job_claim('claims', size) AS c;
        ms := ms_since(started);
        COMMIT;
        IF cardinality(ids) IS DISTINCT FROM size THEN
            RAISE 'pg_steward has given % of % jobs', cardinality(ids), size;
        END IF;
        PERFORM steward.job_complete('claims', j.id) FROM unnest(ids) AS j (id);
        INSERT INTO latency VALUES (label, ms);
        COMMIT;
    END LOOP;
END
$$ LANGUAGE plpgsql;

-- From an enqueue to the start of the job, as its history has it. The first two are not counted: they find nobody there.
CREATE PROCEDURE steward_start(label text, jobs integer, pause float8) AS $$
DECLARE
    job bigint;
    ms float8;
BEGIN
    FOR i IN -1 .. jobs LOOP
        PERFORM pg_sleep(pause * (0.5 + random()));
        job := steward.job_enqueue('batch_1', queue => 'start');
        COMMIT;
        FOR try IN 1 .. 5000 LOOP
            SELECT 1000 * extract(epoch FROM h.started_at - h.enqueued_at) INTO ms
            FROM steward.job_history AS h WHERE h.queue = 'start' AND h.id = job;
            EXIT WHEN FOUND;
            COMMIT;
            PERFORM pg_sleep(0.002);
        END LOOP;
        IF ms IS NULL THEN
            RAISE 'job % has not been started', job;
        END IF;
        IF i > 0 THEN
            INSERT INTO latency VALUES (label, ms);
        END IF;
        COMMIT;
        ms := NULL;
    END LOOP;
END
$$ LANGUAGE plpgsql;

\if :pgmq
CREATE PROCEDURE pgmq_fill(batches integer) AS $$
DECLARE
    largest integer := (SELECT max(batch) + 1 FROM payload);
BEGIN
    FOR b IN 0 .. batches - 1 LOOP
        PERFORM count(*) FROM payload AS p, pgmq.send_batch('bench', p.payloads) WHERE p.batch = b % largest;
        COMMIT;
    END LOOP;
END
$$ LANGUAGE plpgsql;

-- A consumer as its documentation has it: messages become invisible for a while, are worked on, and are deleted.
CREATE PROCEDURE pgmq_drain(batch integer, keep boolean) AS $$
DECLARE
    messages pgmq.message_record[];
BEGIN
    LOOP
        SELECT array_agg(m) INTO messages FROM pgmq.read('bench', 30, batch) AS m;
        COMMIT;
        EXIT WHEN messages IS NULL;
        PERFORM noop(m.msg_id, m.message) FROM unnest(messages) AS m;
        IF keep THEN
            PERFORM pgmq.archive('bench', array_agg(m.msg_id)) FROM unnest(messages) AS m;
        ELSIF batch = 1 THEN
            PERFORM pgmq.delete('bench', messages[1].msg_id);
        ELSE
            PERFORM pgmq.delete('bench', array_agg(m.msg_id)) FROM unnest(messages) AS m;
        END IF;
        COMMIT;
    END LOOP;
END
$$ LANGUAGE plpgsql;

CREATE PROCEDURE pgmq_claim(label text, claims integer, size integer) AS $$
DECLARE
    ids bigint[];
    started timestamptz;
    ms float8;
    payloads jsonb[] := p.payloads[1:size] FROM payload AS p WHERE p.batch = 0;
BEGIN
    FOR i IN 1 .. claims LOOP
        PERFORM pgmq.send_batch('bench', payloads);
        COMMIT;
        started := clock_timestamp();
        ids := array_agg(m.msg_id) FROM pgmq.read('bench', 30, size) AS m;
        ms := ms_since(started);
        COMMIT;
        IF cardinality(ids) IS DISTINCT FROM size THEN
            RAISE 'pgmq has given % of % messages', cardinality(ids), size;
        END IF;
        PERFORM pgmq.delete('bench', ids);
        INSERT INTO latency VALUES (label, ms);
        COMMIT;
    END LOOP;
END
$$ LANGUAGE plpgsql;
\endif

\if :graphile
-- Its functions take specifications, made of the same payloads.
CREATE TABLE graphile_payload AS
SELECT p.batch, array_agg(json_populate_record(NULL::graphile_worker.job_spec,
                              json_build_object('identifier', 'noop', 'payload', u.payload)) ORDER BY u.n) AS specs
FROM payload AS p, unnest(p.payloads) WITH ORDINALITY AS u (payload, n)
GROUP BY p.batch;
CREATE UNIQUE INDEX ON graphile_payload (batch);

CREATE PROCEDURE graphile_fill(batches integer) AS $$
BEGIN
    FOR b IN 0 .. batches - 1 LOOP
        PERFORM count(*) FROM graphile_payload AS p, graphile_worker.add_jobs(p.specs) WHERE p.batch = b;
        COMMIT;
    END LOOP;
END
$$ LANGUAGE plpgsql;
\endif
