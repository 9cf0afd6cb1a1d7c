-- What `make demo` shows of the scores.
\pset footer off
\pset null ''
\pset title 'The ten most ambiguous statements, and the phrases that make them so'
SELECT round(ambiguity::numeric, 2) AS ambiguity, name AS section, left(statement, 90) AS statement,
       (SELECT string_agg(DISTINCT phrase, ', ') FROM steward.ambiguity_findings(statement)) AS phrases
FROM steward.constitutional_principles AS p
ORDER BY p.ambiguity DESC, principle_id
LIMIT 10;

\pset title 'Ambiguity by chapter'
SELECT category AS chapter, count(*) AS statements, round(avg(ambiguity)::numeric, 3) AS mean,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ambiguity)::numeric, 3) AS median,
       round(max(ambiguity)::numeric, 3) AS highest,
       repeat('#', round(avg(ambiguity) * 60)::integer) AS "mean as a bar"
FROM steward.constitutional_principles
GROUP BY category
ORDER BY min(principle_id);

\pset title 'What changes is scored again: three failed attempts, and a wording that says when'
SELECT principle_id, round(distance_score::numeric, 3) AS before FROM steward.constitutional_principles
ORDER BY distance_score DESC, principle_id LIMIT 1 \gset
INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, final_outcome)
SELECT :principle_id, 'failure' FROM generate_series(1, 3);
SELECT steward.worker_wait() AS done \gset
SELECT :before AS distance, round(distance_score::numeric, 3) AS "after 3 failures",
       (SELECT round(distance::numeric, 3)
        FROM steward.principle_draft_score('The maintainer answers within 14 days.', principle_id => :principle_id))
       AS "reworded"
FROM steward.constitutional_principles WHERE principle_id = :principle_id;

\pset title 'The summary, which pg_cron refreshes every 15 minutes'
SELECT s.category AS chapter, count(*) AS principles, round(avg(composite_score)::numeric, 3) AS "mean score",
       (SELECT schedule FROM cron.job WHERE jobname = 'refresh-qec-summary') AS schedule
FROM steward.qec_performance_summary AS s
GROUP BY s.category ORDER BY 3 LIMIT 3;

\pset title 'Speed in this session'
-- Each statement once more per round, so that the clock has something to measure.
SELECT clock_timestamp() AS started \gset
SELECT count(steward.ambiguity(statement || round)) AS scored
FROM steward.constitutional_principles, generate_series(1, 200) AS round \gset
SELECT :scored AS "statements scored",
       round(:scored / extract(epoch FROM clock_timestamp() - :'started'))::bigint AS "rows per second";

\pset title 'What the server has measured of itself'
SELECT component, operation, calls, round(p50_ms::numeric, 4) AS p50_ms, round(p95_ms::numeric, 4) AS p95_ms
FROM steward.operation_stats WHERE samples > 0 ORDER BY calls DESC LIMIT 5;
\pset title
