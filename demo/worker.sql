-- Waits until the worker has scored what was just committed, and shows that it has.
SELECT clock_timestamp() AS committed \gset
SELECT steward.worker_wait() AS done \gset
\pset footer off
\pset title 'The worker has scored what was written; nobody asked it to'
SELECT count(*) AS principles, count(distance_score) AS scored,
       round(extract(epoch FROM clock_timestamp() - :'committed') * 1000) AS "ms after the commit",
       (SELECT sum(runs) FROM steward.worker_status() WHERE database = current_database()) AS "runs of workers"
FROM steward.constitutional_principles;
SELECT steward.refresh_qec_performance_summary() \gset
