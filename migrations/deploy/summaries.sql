-- Deploy pg_steward:summaries to pg
-- requires: cache_tiers
-- Summaries: tables that are kept in step with a query by computing those keys again that have changed. Their own
-- tables belong to whoever makes them; here stands what there is, and how its last refresh went.
BEGIN;
DO $$
DECLARE
    member record;
BEGIN
    FOR member IN SELECT p.oid::regprocedure AS signature FROM pg_proc AS p
                  WHERE p.pronamespace = 'steward'::regnamespace AND p.proname ~ '^(summary_|schedule_next$|worker_wake$|migration_require$)' LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO steward_owner', member.signature);
    END LOOP;
END $$;
SET LOCAL ROLE steward_owner;

CREATE TABLE steward.summary (
    name text NOT NULL PRIMARY KEY CHECK (name <> ''),
    owner regrole NOT NULL,
    view regclass NOT NULL,
    source regclass NOT NULL,
    stored regclass NOT NULL,
    changes regclass NOT NULL,
    key text[] NOT NULL CHECK (cardinality(key) > 0),
    wanted_mode text NOT NULL CHECK (wanted_mode IN ('auto', 'keyed', 'delta', 'full')),
    mode text NOT NULL CHECK (mode IN ('keyed', 'delta', 'full')),
    expires text,
    schedule text,
    max_staleness interval CHECK (max_staleness >= interval '0'),
    settings text[] NOT NULL,
    timers regclass,
    states regclass,
    outputs text[],
    paused_at timestamptz,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE steward.summary IS 'tables that are kept in step with a query';
COMMENT ON COLUMN steward.summary.view IS 'what is read';
COMMENT ON COLUMN steward.summary.source IS 'the query, as it was given';
COMMENT ON COLUMN steward.summary.stored IS 'the rows of the query, as of the last refresh';
COMMENT ON COLUMN steward.summary.changes IS 'keys that have changed since; a null key stands for all';
COMMENT ON COLUMN steward.summary.wanted_mode IS 'what its owner asked for';
COMMENT ON COLUMN steward.summary.expires IS 'when a row changes by the clock alone: an expression over its columns';
COMMENT ON COLUMN steward.summary.timers IS 'keys that change by the clock alone, and when; null if none does, or expires says it';
COMMENT ON COLUMN steward.summary.states IS 'where changes are added up: the view of the sums of each key';
COMMENT ON COLUMN steward.summary.outputs IS 'and what the columns of the query are, computed from them';
COMMENT ON COLUMN steward.summary.settings IS 'that the text of values depends on, as they were when it was made';

CREATE TABLE steward.summary_source (
    name text NOT NULL,
    place integer NOT NULL,
    owner regrole NOT NULL,
    part text NOT NULL CHECK (part IN ('relation', 'clock', 'function')),
    relation regclass CHECK ((part = 'relation') = (relation IS NOT NULL)),
    changes regclass,
    keys text[],
    columns text[],
    named text[] NOT NULL DEFAULT '{}',
    numbers smallint[] NOT NULL DEFAULT '{}',
    is_given boolean NOT NULL DEFAULT false,
    condition text,
    deltas text[],
    timers regclass,
    instants text[],
    partitions regclass[] NOT NULL DEFAULT '{}',
    stamps text[] NOT NULL DEFAULT '{}',
    reason text,
    PRIMARY KEY (name, place)
);
COMMENT ON TABLE steward.summary_source IS 'what the rows of summaries are computed from';
COMMENT ON COLUMN steward.summary_source.keys IS 'which key a row belongs to: expressions over it; null if it may be any';
COMMENT ON COLUMN steward.summary_source.columns IS 'that are read; null if all are';
COMMENT ON COLUMN steward.summary_source.named IS 'columns that the expressions may name, and, in numbers, which they were';
COMMENT ON COLUMN steward.summary_source.stamps IS 'of the partitions: one that was detached and attached again has another';
COMMENT ON COLUMN steward.summary_source.is_given IS 'the keys are what its owner said';
COMMENT ON COLUMN steward.summary_source.condition IS 'which rows count; null if all do';
COMMENT ON COLUMN steward.summary_source.deltas IS 'what a row adds to the sums of its key, where changes are added up';
COMMENT ON COLUMN steward.summary_source.instants IS 'when a row begins, or ceases, to count by the clock alone: expressions over it';
COMMENT ON COLUMN steward.summary_source.partitions IS 'that were there at the last refresh, and are watched';
CREATE INDEX summary_source_relation ON steward.summary_source (relation);

-- Apart from the definition, which others read while this is written.
CREATE TABLE steward.summary_state (
    name text NOT NULL PRIMARY KEY,
    owner regrole NOT NULL,
    rebuild text,
    refreshed_at timestamptz,
    next_at timestamptz,
    mode text,
    keys bigint,
    written bigint,
    duration interval,
    key_us float8,
    full_us float8,
    refreshes bigint NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    error text,
    error_at timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE steward.summary_state IS 'how summaries were refreshed';
COMMENT ON COLUMN steward.summary_state.rebuild IS 'why all is to be computed at the next refresh; null if it is not';
COMMENT ON COLUMN steward.summary_state.next_at IS 'when its schedule asks for a refresh';
COMMENT ON COLUMN steward.summary_state.key_us IS 'what a key costs, in microseconds, over the last refreshes';
COMMENT ON COLUMN steward.summary_state.full_us IS 'what it costs to compute all';
COMMENT ON COLUMN steward.summary_state.failures IS 'since the last success';

DO $$
DECLARE
    named text;
BEGIN
    FOREACH named IN ARRAY ARRAY['summary', 'summary_source', 'summary_state'] LOOP
        EXECUTE format('ALTER TABLE steward.%I ENABLE ROW LEVEL SECURITY', named);
        -- Whoever says that a relation is part of a summary must own it: triggers write there for all who write.
        EXECUTE format('CREATE POLICY members ON steward.%I USING (pg_has_role(owner, ''USAGE'')) WITH CHECK (pg_has_role(owner, ''USAGE'')%s)', named,
            (SELECT string_agg(format(' AND (coalesce((SELECT pg_has_role(c.relowner, ''USAGE'') FROM pg_class AS c WHERE c.oid = %1$I), %1$I IS NULL)%2$s)', p.name, CASE WHEN p.name = 'relation' THEN ' OR partitions = ''{}''' ELSE '' END), '')
             FROM unnest(CASE named WHEN 'summary' THEN '{view,source,stored,changes,timers,states}'::text[]
                                    WHEN 'summary_source' THEN '{relation,changes,timers}' END) AS p (name)));
        EXECUTE format('CREATE POLICY readers ON steward.%I FOR SELECT USING (true)', named);
        EXECUTE format('GRANT SELECT ON steward.%I TO steward_reader', named);
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON steward.%I TO steward_writer', named);
    END LOOP;
END $$;

CREATE TRIGGER a_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON steward.summary_source
    FOR EACH STATEMENT EXECUTE FUNCTION steward.summary_definition_changed();

-- What was a materialized view is a summary. Fidelity is one figure of the whole system: it is looked up when it is
-- read, so that a new one does not change every row, and whoever does not ask for it does not wait for it.
-- What is only counted is added up apart, so that a principle of many attempts costs no more than others.
SELECT steward.summary_create('steward.qec_attempts', $$
    SELECT principle_id, count(*) AS synthesis_attempts, count(final_outcome) AS finished_attempts,
           count(*) FILTER (WHERE final_outcome = 'success') AS successful_attempts
    FROM steward.qec_synthesis_attempt_logs
    GROUP BY principle_id$$, key => ARRAY['principle_id'], mode => 'delta');
SELECT steward.summary_create('steward.qec_performance', $$
    SELECT p.principle_id, p.name, p.category,
           d.composite_score, d.score_updated_at, e.overall_risk_score, e.prediction_timestamp,
           coalesce(a.synthesis_attempts, 0) AS synthesis_attempts,
           coalesce(a.finished_attempts, 0) AS finished_attempts,
           a.successful_attempts::float8 / nullif(a.finished_attempts, 0) AS success_rate
    FROM steward.constitutional_principles AS p
    LEFT JOIN (
        SELECT DISTINCT ON (principle_id) principle_id, composite_score, score_updated_at
        FROM steward.qec_distance_calculations
        ORDER BY principle_id, score_updated_at DESC
    ) AS d USING (principle_id)
    LEFT JOIN (
        SELECT DISTINCT ON (principle_id) principle_id, overall_risk_score, prediction_timestamp
        FROM steward.qec_error_predictions
        ORDER BY principle_id, prediction_timestamp DESC
    ) AS e USING (principle_id)
    LEFT JOIN steward.qec_attempts AS a USING (principle_id)$$, key => ARRAY['principle_id']);

CREATE OR REPLACE VIEW steward.qec_performance_summary AS
SELECT s.principle_id, s.name, s.category, s.composite_score, s.overall_risk_score,
       (SELECT composite_score FROM steward.qec_fidelity_calculations
        WHERE scope = 'all' ORDER BY calculation_timestamp DESC LIMIT 1) AS fidelity_score,
       s.synthesis_attempts, s.finished_attempts, s.success_rate
FROM steward.qec_performance AS s;
GRANT SELECT ON steward.qec_attempts, steward.qec_attempts_rows, steward.qec_performance, steward.qec_performance_rows
    TO steward_reader;

CREATE OR REPLACE FUNCTION steward.refresh_qec_performance_summary() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT steward.summary_refresh('steward.qec_performance') $$;
COMMENT ON FUNCTION steward.refresh_qec_performance_summary() IS
    'brings qec_performance_summary up to date now; the worker does so by itself';

DROP MATERIALIZED VIEW steward.qec_performance_summary_rows;

COMMIT;
