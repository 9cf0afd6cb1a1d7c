-- Deploy pg_steward:hot_indexes to pg
-- requires: summary_views
-- Hot indexes: partial indexes of the newest rows of a table, whose cut-off moves with the clock. The indexes and the
-- views through which they are used belong to whoever makes them; here stands what there is.
BEGIN;
SET LOCAL ROLE steward_owner;

CREATE TABLE steward.hot_index (
    name text NOT NULL PRIMARY KEY CHECK (name <> ''),
    owner regrole NOT NULL,
    view regclass NOT NULL,
    relation regclass NOT NULL,
    prefix name NOT NULL,
    columns text NOT NULL,
    condition text,
    time_column name NOT NULL,
    period interval NOT NULL CHECK (period > interval '0'),
    jobs bigint[] NOT NULL DEFAULT '{}',
    cut_off timestamptz,
    rotated_at timestamptz,
    failures integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE steward.hot_index IS 'partial indexes of the newest rows of tables, made anew on a schedule';
COMMENT ON COLUMN steward.hot_index.view IS 'what is read';
COMMENT ON COLUMN steward.hot_index.prefix IS 'what the names of its indexes begin with: _idx is in use, _new is being built, _old to be dropped';
COMMENT ON COLUMN steward.hot_index.columns IS 'access method and columns, as PostgreSQL writes them';
COMMENT ON COLUMN steward.hot_index.period IS 'for how long a row is hot';
COMMENT ON COLUMN steward.hot_index.jobs IS 'of the last rotation, in queue hot_index';
COMMENT ON COLUMN steward.hot_index.cut_off IS 'from when on the rows are in the index; null if there is none yet';
COMMENT ON COLUMN steward.hot_index.failures IS 'rotations that did not succeed since the last one that did';

ALTER TABLE steward.hot_index ENABLE ROW LEVEL SECURITY;
CREATE POLICY members ON steward.hot_index USING (pg_has_role(owner, 'USAGE'));
GRANT SELECT ON steward.hot_index TO steward_reader;
GRANT INSERT, UPDATE, DELETE ON steward.hot_index TO steward_job;

CREATE VIEW steward.hot_indexes WITH (security_invoker = true) AS
SELECT h.name, h.owner::regrole::name AS owner, h.relation, h.columns, h.condition, h.time_column, h.period, h.cut_off,
       i.index, pg_relation_size(i.index) AS bytes, coalesce(i.indisvalid, false) AS valid, h.rotated_at, s.next_at, h.failures,
       coalesce(CASE WHEN (SELECT count(*) < 2 FROM pg_class AS c WHERE c.oid IN (h.relation, h.view)) THEN 'its table or its view is gone' END,
                (SELECT j.error_message FROM steward.job AS j
                 WHERE j.queue = 'hot_index' AND j.id = ANY (h.jobs) AND j.error_message IS NOT NULL ORDER BY j.error_at DESC LIMIT 1),
                s.error) AS error
FROM steward.hot_index AS h
LEFT JOIN (SELECT x.indrelid, x.indexrelid::regclass AS index, x.indisvalid, c.relname
           FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indexrelid) AS i
       ON i.indrelid = h.relation AND i.relname = h.prefix || '_idx'
LEFT JOIN steward.schedule AS s ON s.name = 'hot index ' || h.name AND s.active;
COMMENT ON VIEW steward.hot_indexes IS 'partial indexes of the newest rows: from when on, how large, when they are made anew, what is wrong';
GRANT SELECT ON steward.hot_indexes TO steward_reader;

COMMIT;
