-- What bench/summary-writers writes to, in a schema of its own for each of those that are compared. Variables: schema,
-- principles, attempts, seed.

SET client_min_messages = warning;
CREATE SCHEMA :"schema";
SET search_path = :"schema", public;
SELECT setseed(1.0 / (1 + :seed)) \gset

CREATE TABLE principles (principle_id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE attempts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, principle_id bigint NOT NULL, succeeded boolean NOT NULL,
    took_ms integer NOT NULL, tried_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO principles SELECT i, 'principle number ' || i FROM generate_series(1, :principles) AS i;
-- Each of them has some, so that an insert changes a row of the result and never adds one.
INSERT INTO attempts (principle_id, succeeded, took_ms)
SELECT CASE WHEN i <= :principles THEN i ELSE ceil(random() * :principles) END, random() < 0.8, 1000 * random()
FROM generate_series(1, :attempts) AS i;
CREATE INDEX ON attempts (principle_id);
VACUUM (FREEZE, ANALYZE) principles, attempts;

-- As much of a query as pg_ivm accepts: neither LEFT JOIN with aggregates, nor DISTINCT ON, nor now().
SELECT $query$
    SELECT p.principle_id, p.name, count(*) AS attempts, sum(a.took_ms) AS took_ms
    FROM principles AS p JOIN attempts AS a ON a.principle_id = p.principle_id
    GROUP BY p.principle_id, p.name
$query$ AS query, :'schema' = 'keyed' AS is_keyed, :'schema' = 'delta' AS is_delta, :'schema' = 'ivm' AS is_ivm \gset
\if :is_keyed
SELECT steward.summary_create('counted', :'query', '{principle_id}', mode => 'keyed');
\elif :is_delta
SELECT steward.summary_create('counted', 'SELECT principle_id, count(*) AS attempts, sum(took_ms) AS took_ms FROM attempts GROUP BY principle_id',
                              '{principle_id}', mode => 'delta');
\elif :is_ivm
SELECT pgivm.create_immv('ivm.counted', :'query');
ANALYZE counted;
\endif
