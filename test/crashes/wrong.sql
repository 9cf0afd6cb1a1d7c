-- What must not be, a line each: jobs that were lost, done twice or in the wrong order. work.ledger says what sessions
-- know. Of the product's own kinds nothing is known but that they end.
WITH completed AS (
    SELECT h.queue, h.id, h.kind, count(*) AS times FROM steward.job_history AS h
    WHERE h.outcome = 'completed' GROUP BY h.queue, h.id, h.kind
), effect AS (
    SELECT e.job_id, min(e.token) AS token, count(*) AS times FROM work.effect AS e GROUP BY e.job_id
), beat AS (
    SELECT replace(e.due, 'schedule beat ', '')::timestamptz AS due, count(*) AS times
    FROM work.effect AS e WHERE e.due IS NOT NULL GROUP BY 1
), wrong (what, job, token) AS (
    SELECT 'acknowledged, and not completed', l.id, l.token FROM work.ledger AS l
    WHERE l.id IS NOT NULL AND NOT EXISTS (SELECT FROM completed AS c WHERE c.id = l.id)
    UNION ALL
    SELECT 'completed ' || c.times || ' times', c.id, NULL FROM completed AS c WHERE c.times <> 1
    UNION ALL
    SELECT 'completed without effect', c.id, NULL FROM completed AS c
    WHERE c.kind NOT IN ('statement', 'sql') AND NOT EXISTS (SELECT FROM effect AS e WHERE e.job_id = c.id)
    UNION ALL
    SELECT e.times || ' effects', e.job_id, e.token FROM effect AS e WHERE e.times <> 1
    UNION ALL
    SELECT 'effect without completion', e.job_id, e.token FROM effect AS e
    WHERE NOT EXISTS (SELECT FROM completed AS c WHERE c.id = e.job_id)
    UNION ALL
    SELECT 'before what it depends on', e.job_id, e.token FROM work.effect AS e WHERE NOT e.in_order
    UNION ALL -- enqueued once, or not at all where nobody knows; a chain is three jobs or none
    SELECT count(e.job_id) || ' jobs of one call', NULL, l.token
    FROM work.ledger AS l LEFT JOIN effect AS e USING (token)
    WHERE l.what NOT IN ('unique', 'unique for', 'statement')
    GROUP BY l.token, l.what, l.id
    HAVING count(e.job_id) <> CASE l.what WHEN 'chain' THEN 3 WHEN 'many' THEN 5 ELSE 1 END
           AND NOT (l.id IS NULL AND count(e.job_id) = 0)
    UNION ALL
    SELECT 'a statement that was not run', l.id, l.token FROM work.ledger AS l
    WHERE l.what = 'statement' AND l.id IS NOT NULL
          AND NOT EXISTS (SELECT FROM work.alone_done AS d WHERE d.token = l.token AND d.half = 2)
    UNION ALL
    SELECT 'the time ' || b.due || ' ' || b.times || ' times', NULL, NULL FROM beat AS b WHERE b.times <> 1
    UNION ALL
    SELECT 'no job for the time ' || t, NULL, NULL
    FROM steward.schedule AS s, generate_series((SELECT min(b.due) FROM beat AS b), s.last_at, '1 s') AS t
    WHERE s.name = 'beat' AND NOT EXISTS (SELECT FROM beat AS b WHERE b.due = t)
    UNION ALL
    SELECT 'schedule: fired ' || s.fired || ', skipped ' || s.skipped || ', done ' || (SELECT count(*) FROM beat) ||
           coalesce(', ' || s.error, ''), NULL, NULL
    FROM steward.schedule AS s
    WHERE s.name = 'beat' AND (s.fired <> (SELECT count(*) FROM beat) OR s.skipped <> 0 OR s.error IS NOT NULL)
    UNION ALL
    SELECT 'left, ' || j.state || ', kind ' || j.kind || ', attempts ' || j.attempts, j.id, NULL FROM steward.job AS j
    UNION ALL
    SELECT 'a run that is left', r.run_id, NULL FROM steward.job_run AS r
    UNION ALL
    SELECT 'a dependency that is left', d.id, NULL FROM steward.job_dependency AS d
    UNION ALL
    SELECT 'given up: ' || h.outcome, h.id, NULL FROM steward.job_history AS h WHERE h.outcome IN ('dead', 'cancelled')
)
SELECT concat_ws(', ', w.what, 'job ' || w.job, 'token ' || w.token) FROM wrong AS w ORDER BY w.job, w.token, w.what;
