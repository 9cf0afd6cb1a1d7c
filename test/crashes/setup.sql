-- Jobs that leave a row each time they are done, and say nothing if they are done twice.
CREATE ROLE app LOGIN IN ROLE steward_job;
CREATE ROLE other LOGIN IN ROLE steward_job;
CREATE ROLE third LOGIN IN ROLE steward_job; -- has statements, which come after all other jobs of their owner
CREATE SCHEMA work;
GRANT ALL ON SCHEMA work TO app, other, third;
CREATE TABLE work.effect (job_id bigint, token bigint, due text, in_order boolean); -- no unique constraint
CREATE INDEX ON work.effect (job_id);
CREATE TABLE work.alone_done (token bigint, half integer);
CREATE TABLE work.ledger (token bigint, what text, id bigint); -- null: the session died before it had an answer
GRANT ALL ON work.effect, work.alone_done, work.ledger TO app, other, third;

SET ROLE app;
CREATE FUNCTION work.note(job_id bigint, payload jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO work.effect (job_id, token, due, in_order)
    SELECT $1, ($2 ->> 'token')::bigint,
           CASE WHEN $2 ? 'beat'
                THEN (SELECT j.unique_key FROM steward.job AS j WHERE j.queue = 'beat' AND j.id = $1) END,
           NOT EXISTS (SELECT FROM jsonb_array_elements_text($2 -> 'after') AS a (id)
                       WHERE NOT EXISTS (SELECT FROM work.effect AS e WHERE e.job_id = a.id::bigint));
    IF $2 ? 'flaky' AND random() < 0.3 THEN
        RAISE EXCEPTION 'not this time';
    END IF;
    RETURN $2;
END $$;
CREATE PROCEDURE work.alone(token bigint) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO work.alone_done VALUES (token, 1);
    COMMIT;
    INSERT INTO work.alone_done VALUES (token, 2);
END $$;
-- Three jobs, of which each waits for those before it; returns the last.
CREATE FUNCTION work.chain(token bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    a bigint := steward.job_enqueue('one', jsonb_build_object('token', token), 'chain');
    b bigint := steward.job_enqueue('ten', jsonb_build_object('token', token, 'after', ARRAY[a]), 'chain',
                                    depends_on => ARRAY[('chain', a)::steward.job_name]);
BEGIN
    RETURN steward.job_enqueue('flaky', jsonb_build_object('token', token, 'after', ARRAY[a, b]), 'chain',
                               depends_on => ARRAY[('chain', a), ('chain', b)]::steward.job_name[]);
END $$;
-- What a client does: it claims, works, and says that it is done.
CREATE PROCEDURE work.client() LANGUAGE plpgsql AS $$
DECLARE
    claimed jsonb := (SELECT jsonb_agg(c) FROM steward.job_claim('client', 3, '300 ms') AS c);
    one jsonb;
BEGIN
    COMMIT;
    FOR one IN SELECT jsonb_array_elements(claimed) LOOP
        BEGIN
            PERFORM steward.job_complete('client', (one ->> 'id')::bigint);
            PERFORM work.note((one ->> 'id')::bigint, one -> 'payload');
        EXCEPTION WHEN object_not_in_prerequisite_state THEN -- the lease is over
        END;
        COMMIT;
    END LOOP;
END $$;
-- A crash is an attempt of the job that ran, and nobody is to give up here.
SELECT steward.job_kind_create(kind, CASE WHEN kind <> 'client' THEN 'work.note(bigint,jsonb)'::regprocedure END,
                               jsonb_build_object('batch', batch, 'max_attempts', 1000, 'backoff', '10 ms',
                                                  'backoff_cap', '100 ms'))
FROM (VALUES ('one', 1), ('ten', 10), ('flaky', 5), ('client', 1)) AS k (kind, batch);
