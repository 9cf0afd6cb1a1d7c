-- What bench/summaries refreshes, at one size: principles with their newest distance and prediction of a day and with
-- their attempts counted, once as a summary and once as a materialized view. Variables: schema, principles, seed.

CREATE SCHEMA :"schema";
SET search_path = :"schema", public;
SELECT setseed(1.0 / (1 + :seed)) \gset

CREATE TABLE principles (principle_id bigint PRIMARY KEY, name text NOT NULL, category text NOT NULL);
CREATE TABLE distances (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, principle_id bigint NOT NULL, distance float8 NOT NULL,
    measured_at timestamptz NOT NULL
);
CREATE TABLE predictions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, principle_id bigint NOT NULL, error float8 NOT NULL,
    predicted_at timestamptz NOT NULL
);
CREATE TABLE attempts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, principle_id bigint NOT NULL, succeeded boolean NOT NULL,
    took_ms integer NOT NULL, tried_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO principles SELECT i, 'principle number ' || i, 'category ' || i % 7 FROM generate_series(1, :principles) AS i;
-- Some are older than a day, and some become so every second.
INSERT INTO distances (principle_id, distance, measured_at)
SELECT principle_id, random(), now() - random() * interval '40 hours' FROM principles, generate_series(1, 2);
INSERT INTO predictions (principle_id, error, predicted_at)
SELECT principle_id, random(), now() - random() * interval '10 hours' FROM principles;
INSERT INTO attempts (principle_id, succeeded, took_ms, tried_at)
SELECT ceil(random() * :principles), random() < 0.8, 1000 * random(), now() - random() * interval '30 days'
FROM generate_series(1, 10 * :principles);
CREATE INDEX ON distances (principle_id, measured_at DESC);
CREATE INDEX ON predictions (principle_id, predicted_at DESC);
CREATE INDEX ON attempts (principle_id) INCLUDE (succeeded);
VACUUM (FREEZE, ANALYZE) principles, distances, predictions, attempts;

SELECT $query$
    SELECT p.principle_id, p.name, p.category, d.distance, d.measured_at, e.error, e.predicted_at,
           coalesce(a.attempts, 0) AS attempts, a.success_rate
    FROM principles AS p
         LEFT JOIN (SELECT DISTINCT ON (principle_id) principle_id, distance, measured_at FROM distances
                    WHERE measured_at > now() - interval '24 hours'
                    ORDER BY principle_id, measured_at DESC, id DESC) AS d USING (principle_id)
         LEFT JOIN (SELECT DISTINCT ON (principle_id) principle_id, error, predicted_at FROM predictions
                    WHERE predicted_at > now() - interval '24 hours'
                    ORDER BY principle_id, predicted_at DESC, id DESC) AS e USING (principle_id)
         LEFT JOIN (SELECT principle_id, count(*) AS attempts, avg(succeeded::integer) AS success_rate
                    FROM attempts GROUP BY principle_id) AS a USING (principle_id)
$query$ AS query \gset
SELECT steward.summary_create('ours', :'query', '{principle_id}', expires => 'least(measured_at, predicted_at) + interval ''24 hours''');
CREATE MATERIALIZED VIEW peer AS :query;
CREATE UNIQUE INDEX ON peer (principle_id);
VACUUM (ANALYZE) ours_rows, peer;
-- All of it in memory, however large: VACUUM leaves most of a large table outside.
SELECT sum(pg_prewarm(c.oid)) FROM pg_class AS c WHERE c.relnamespace = :'schema'::regnamespace AND c.relkind IN ('r', 'i', 'm');
