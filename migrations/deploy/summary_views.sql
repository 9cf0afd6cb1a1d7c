-- Deploy pg_steward:summary_views to pg
-- requires: summaries
-- What is to be seen of summaries. It calls the extension, with which it goes: run it again after DROP EXTENSION ... CASCADE.
BEGIN;
SET LOCAL ROLE steward_owner;

CREATE OR REPLACE VIEW steward.summaries AS
SELECT s.name, s.owner, s.view, s.mode,
       CASE WHEN NOT s.is_there THEN 'gone' WHEN s.paused_at IS NOT NULL THEN 'paused' WHEN t.error IS NOT NULL THEN 'failing'
            WHEN t.rebuild IS NOT NULL THEN 'rebuild' WHEN b.changes > 0 THEN 'behind' ELSE 'fresh' END AS state,
       b.changes AS backlog, b.oldest AS oldest_change, clock_timestamp() - b.oldest AS lag,
       t.refreshed_at, t.mode AS last_mode, t.keys AS last_keys, t.written AS last_written, t.duration AS last_duration,
       t.refreshes, s.schedule, s.max_staleness, t.next_at, t.error, t.error_at
FROM (SELECT x.*, 4 = (SELECT count(*) FROM pg_class AS c WHERE c.oid IN (x.view, x.source, x.stored, x.changes)) AS is_there
      FROM steward.summary AS x) AS s
     JOIN steward.summary_state AS t USING (name)
     LEFT JOIN LATERAL steward.summary_backlog(s.name) AS b ON true;
COMMENT ON VIEW steward.summaries IS 'how far summaries are behind what they are computed from, and how their last refresh went';
COMMENT ON COLUMN steward.summaries.backlog IS 'changes that wait, counted up to a million';
GRANT SELECT ON steward.summaries TO steward_reader;

COMMIT;
