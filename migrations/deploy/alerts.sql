-- Deploy pg_steward:alerts to pg
-- requires: monitor
-- What is to be reached (slo), what is an alarm (alert_rule), what became of it, and whom it is sent to.
BEGIN;
SET LOCAL ROLE steward_owner;

CREATE TABLE steward.slo (
    name text NOT NULL CHECK (name ~ '^[a-z_][a-z0-9_]{0,62}$'),
    preset text NOT NULL CHECK (preset <> ''),
    description text NOT NULL,
    source text,
    metric text NOT NULL,
    labels jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(labels) = 'object'),
    measure text NOT NULL CHECK (measure IN ('mean', 'p50', 'p95', 'p99', 'last', 'least', 'most', 'growth', 'rate', 'share', 'availability')),
    part jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(part) = 'object'),
    time_window interval NOT NULL DEFAULT '1 hour' CHECK (time_window BETWEEN interval '1 minute' AND interval '90 days'),
    better text NOT NULL CHECK (better IN ('below', 'above')),
    unit text NOT NULL,
    excellent float8 NOT NULL,
    target float8 NOT NULL,
    acceptable float8 NOT NULL,
    at_least_n bigint NOT NULL DEFAULT 1 CHECK (at_least_n >= 0),
    weight float8 NOT NULL DEFAULT 1 CHECK (weight >= 0),
    listed boolean NOT NULL DEFAULT false,
    active boolean NOT NULL DEFAULT true,
    PRIMARY KEY (name, preset),
    -- Bands without gaps: what is neither excellent, nor within the target, nor acceptable is poor.
    CONSTRAINT slo_bands CHECK (CASE better WHEN 'below' THEN excellent <= target AND target <= acceptable
                                            ELSE excellent >= target AND target >= acceptable END)
);
COMMENT ON TABLE steward.slo IS 'objectives: a figure of a metric, and from where on it is excellent, within its target, or acceptable';
COMMENT ON COLUMN steward.slo.preset IS 'strict: the strictest of all documents that name it; the others are the figures of one of them';
COMMENT ON COLUMN steward.slo.part IS 'for a share: the labels of what is counted, among all that have labels';
COMMENT ON COLUMN steward.slo.at_least_n IS 'with fewer values it is not graded';
COMMENT ON COLUMN steward.slo.listed IS 'whether it is among the figures to watch in production';
CREATE UNIQUE INDEX slo_active ON steward.slo (name) WHERE active;

CREATE TABLE steward.slo_measured (
    name text NOT NULL PRIMARY KEY,
    at timestamptz NOT NULL,
    value float8,
    n bigint NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
COMMENT ON TABLE steward.slo_measured IS 'the figure of each objective at the last round of the monitor, and of how many values it is';

CREATE TABLE steward.alert_rule (
    name text NOT NULL PRIMARY KEY CHECK (name ~ '^[A-Za-z_][A-Za-z0-9_]{0,62}$'),
    rule_group text NOT NULL DEFAULT 'site' CHECK (rule_group ~ '^[a-z_][a-z0-9_]{0,62}$'),
    metric text NOT NULL,
    labels jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(labels) = 'object'),
    measure text NOT NULL CHECK (measure IN ('mean', 'p50', 'p95', 'p99', 'last', 'least', 'most', 'growth', 'rate', 'share')),
    part jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(part) = 'object'),
    time_window interval NOT NULL DEFAULT '5 minutes' CHECK (time_window BETWEEN interval '1 minute' AND interval '1 day'),
    op text NOT NULL CHECK (op IN ('>', '<')),
    threshold float8 NOT NULL,
    hold interval NOT NULL DEFAULT '5 minutes' CHECK (hold BETWEEN interval '0' AND interval '1 day'),
    severity text NOT NULL DEFAULT 'warning' CHECK (severity IN ('info', 'warning', 'critical')),
    at_least_n bigint NOT NULL DEFAULT 1 CHECK (at_least_n >= 0),
    summary text NOT NULL,
    description text NOT NULL,
    expr text,
    active boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE steward.alert_rule IS 'what is an alarm: a figure of a metric that stays beyond a threshold';
COMMENT ON COLUMN steward.alert_rule.hold IS 'for so long it has to be beyond the threshold ("for" in Prometheus)';
COMMENT ON COLUMN steward.alert_rule.description IS '{{ $value }} and {{ $threshold }} stand for the figures';
COMMENT ON COLUMN steward.alert_rule.expr IS 'the same for Prometheus; null keeps it out of prometheus_rules()';

CREATE TABLE steward.alert_state (
    rule text NOT NULL PRIMARY KEY,
    checked_at timestamptz NOT NULL,
    value float8,
    n bigint NOT NULL,
    since timestamptz,
    opened_at timestamptz,
    error text
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
COMMENT ON TABLE steward.alert_state IS 'how each rule stood at the last round of the monitor';
COMMENT ON COLUMN steward.alert_state.since IS 'since when its figure is beyond the threshold';

CREATE TABLE steward.alert (
    rule text NOT NULL,
    opened_at timestamptz NOT NULL,
    since timestamptz NOT NULL,
    closed_at timestamptz,
    severity text NOT NULL,
    value float8 NOT NULL,
    peak float8 NOT NULL,
    threshold float8 NOT NULL,
    summary text NOT NULL,
    description text NOT NULL,
    note text,
    PRIMARY KEY (rule, opened_at)
);
COMMENT ON TABLE steward.alert IS 'alerts that were raised; closed_at is null while they stand';
COMMENT ON COLUMN steward.alert.peak IS 'the figure farthest beyond the threshold so far';
COMMENT ON COLUMN steward.alert.note IS 'why it was closed, other than by its figure';
CREATE INDEX alert_open ON steward.alert (rule) WHERE closed_at IS NULL;
CREATE INDEX alert_opened ON steward.alert (opened_at);

CREATE TABLE steward.alert_target (
    name text NOT NULL PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9_.-]{1,63}$'),
    url text NOT NULL CHECK (url ~ '^https?://[^[:space:]@]+$'),
    secret_ref text CHECK (secret_ref ~ '^(env|file|cred):[A-Za-z0-9_./-]+$'),
    least_severity text NOT NULL DEFAULT 'warning' CHECK (least_severity IN ('info', 'warning', 'critical')),
    active boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE steward.alert_target IS 'where alerts are sent to; only the administrator writes it, and nobody else reads the addresses but the sidecar';
COMMENT ON COLUMN steward.alert_target.secret_ref IS 'where the sidecar finds the secret that it signs with: env:NAME, file:PATH or cred:NAME';

CREATE TABLE steward.alert_delivery (
    target text NOT NULL,
    delivery_id uuid NOT NULL,
    rule text NOT NULL,
    event text NOT NULL CHECK (event IN ('opened', 'closed')),
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'leased', 'done', 'dead')),
    next_at timestamptz NOT NULL,
    attempts smallint NOT NULL DEFAULT 0,
    status integer,
    error text,
    PRIMARY KEY (target, delivery_id)
);
COMMENT ON TABLE steward.alert_delivery IS 'alerts on their way to targets: the sidecar takes them, and says what came of it';
CREATE INDEX alert_delivery_next ON steward.alert_delivery (next_at) WHERE state IN ('ready', 'leased');
CREATE INDEX alert_delivery_created ON steward.alert_delivery (created_at);

INSERT INTO steward.slo (name, preset, description, source, metric, labels, measure, part, time_window, better, unit, excellent, target,
                         acceptable, at_least_n, weight, listed, active) VALUES
    ('http_p95', 'strict', '95 of 100 requests are answered within', 'Q-001, N-091', 'http_request_seconds', '{}', 'p95', '{}', '1 hour', 'below', 'seconds', 0.1, 0.2, 1, 20, 3, true, true),
    ('http_p95', 'nfcs', '95 of 100 requests are answered within', 'N-091', 'http_request_seconds', '{}', 'p95', '{}', '1 hour', 'below', 'seconds', 0.5, 1, 2, 20, 3, true, false),
    ('http_p95', 'neoc', '95 of 100 requests are answered within', 'C-006', 'http_request_seconds', '{}', 'p95', '{}', '1 hour', 'below', 'seconds', 5, 10, 20, 20, 3, true, false),
    ('http_mean', 'strict', 'a request is answered on average within', 'C-001', 'http_request_seconds', '{}', 'mean', '{}', '1 hour', 'below', 'seconds', 1, 5, 10, 20, 1, false, true),
    ('http_rate', 'strict', 'requests answered a second', 'C-002', 'http_requests', '{}', 'rate', '{}', '1 hour', 'above', 'per second', 50, 10, 1, 1, 0, false, true),
    ('http_success', 'strict', 'requests that did not fail in the sidecar or the database', 'N-090', 'http_requests', '{}', 'share', '{"status": {"not": ["5xx"]}}', '1 hour', 'above', 'share', 0.999, 0.99, 0.95, 100, 2, false, true),
    ('concurrent_users', 'strict', 'the most requests at once that were answered', 'Q-002', 'http_in_flight', '{}', 'most', '{}', '6 hours', 'above', 'requests', 100, 50, 10, 1, 0, true, true),
    ('error_share', 'strict', 'calls that end in an error', 'Q-007', 'operation_calls', '{"component": {"not": ["duty", "worker", "migration", "summary", "partition"]}}', 'share', '{"status": "error"}', '1 hour', 'below', 'share', 0.001, 0.01, 0.05, 100, 2, true, true),
    ('error_share', 'neoc', 'calls that end in an error', 'C-007', 'operation_calls', '{"component": {"not": ["duty", "worker", "migration", "summary", "partition"]}}', 'share', '{"status": "error"}', '1 hour', 'below', 'share', 0.01, 0.05, 0.1, 100, 2, true, false),
    ('call_p95', 'strict', '95 of 100 calls of the products own functions take', 'Q-009', 'operation_seconds', '{"component": {"not": ["duty", "worker", "job", "learn", "summary", "partition", "doctor", "migration"]}}', 'p95', '{}', '1 hour', 'below', 'seconds', 0.001, 0.005, 0.05, 100, 2, true, true),
    ('cache_hit_share', 'strict', 'keys that a cache has', 'Q-006, C-004, X-03', 'cache_lookups', '{}', 'share', '{"result": "hit"}', '1 hour', 'above', 'share', 0.95, 0.8, 0.5, 100, 2, true, true),
    ('cache_hit_share', 'nfcs', 'keys that a warm cache has', 'X-03', 'cache_lookups', '{}', 'share', '{"result": "hit"}', '1 hour', 'above', 'share', 0.98, 0.95, 0.8, 100, 2, true, false),
    ('cache_hit_share', 'aah', 'keys that a cache has', 'A-086', 'cache_lookups', '{}', 'share', '{"result": "hit"}', '1 hour', 'above', 'share', 0.9, 0.7, 0.5, 100, 2, true, false),
    ('availability_worker', 'strict', 'minutes of a month in which the worker is there', 'C-005', 'heartbeat', '{"source": "worker"}', 'availability', '{}', '30 days', 'above', 'share', 0.9995, 0.999, 0.995, 60, 3, true, true),
    ('availability_worker', 'qec', 'minutes of a month in which the worker is there', 'Q-005', 'heartbeat', '{"source": "worker"}', 'availability', '{}', '30 days', 'above', 'share', 0.999, 0.995, 0.99, 60, 3, true, false),
    ('availability_sidecar', 'strict', 'minutes of a month in which the sidecar is there', 'C-005', 'heartbeat', '{"source": "sidecar"}', 'availability', '{}', '30 days', 'above', 'share', 0.9995, 0.999, 0.995, 60, 3, true, true),
    ('availability_sidecar', 'qec', 'minutes of a month in which the sidecar is there', 'Q-005', 'heartbeat', '{"source": "sidecar"}', 'availability', '{}', '30 days', 'above', 'share', 0.999, 0.995, 0.99, 60, 3, true, false),
    ('memory', 'strict', 'memory of the servers processes and caches', 'A-087', 'server_memory_bytes', '{}', 'mean', '{}', '1 hour', 'below', 'bytes', 200e6, 500e6, 1e9, 1, 1, false, true),
    ('memory', 'nfcs', 'memory of the servers processes and caches', 'N-044', 'server_memory_bytes', '{}', 'mean', '{}', '1 hour', 'below', 'bytes', 500e6, 1e9, 2e9, 1, 1, false, false),
    ('memory', 'neoc', 'memory of the servers processes and caches', 'C-003', 'server_memory_bytes', '{}', 'mean', '{}', '1 hour', 'below', 'bytes', 1e9, 2e9, 4e9, 1, 1, false, false),
    ('memory_growth', 'strict', 'growth of that memory in six hours', 'Q-008', 'server_memory_bytes', '{}', 'growth', '{}', '6 hours', 'below', 'share', 0.05, 0.1, 0.25, 60, 1, true, true),
    ('tick_frequency', 'strict', 'ticks of the launcher a second', 'N-064', 'tick_hertz', '{}', 'mean', '{}', '1 hour', 'above', 'hertz', 9.9, 9, 5, 1, 1, false, true),
    ('tick_lateness', 'strict', '95 of 100 ticks are late by at most', 'N-065', 'tick_late_p95_seconds', '{}', 'last', '{}', '1 hour', 'below', 'seconds', 0.01, 0.05, 0.1, 1, 1, false, true),
    ('first_pass', 'strict', 'principles whose first attempt succeeds', 'Q-003', 'first_pass_share', '{}', 'last', '{}', '1 hour', 'above', 'share', 0.95, 0.88, 0.75, 1, 2, false, true),
    ('resolution', 'strict', 'time from a failure to the next success', 'Q-004', 'resolution_seconds', '{}', 'last', '{}', '1 hour', 'below', 'seconds', 255, 510, 1020, 1, 2, false, true),
    ('dataset_loading', 'strict', 'loading a data set takes', 'A-080', 'span_seconds', '{"name": "dataset-loading"}', 'mean', '{}', '6 hours', 'below', 'seconds', 0.2, 0.5, 1, 1, 1, false, true),
    ('runner_execution', 'strict', 'executing a case takes', 'A-081', 'span_seconds', '{"name": "runner-execution"}', 'mean', '{}', '6 hours', 'below', 'seconds', 1, 2, 5, 1, 1, false, true),
    ('exact_match', 'strict', 'matching a case exactly takes', 'A-082', 'operation_seconds', '{"operation": "exact_match"}', 'mean', '{}', '6 hours', 'below', 'seconds', 0.005, 0.01, 0.05, 1, 1, false, true),
    ('semantic_scoring', 'strict', 'scoring a case by meaning takes', 'A-083', 'span_seconds', '{"name": "semantic-scoring"}', 'mean', '{}', '6 hours', 'below', 'seconds', 0.05, 0.1, 0.5, 1, 1, false, true),
    ('model_judging', 'strict', 'judging a case by a model takes', 'A-084', 'span_seconds', '{"name": "llm-judge"}', 'mean', '{}', '6 hours', 'below', 'seconds', 3, 5, 10, 1, 1, false, true),
    ('report_generation', 'strict', 'a report takes', 'A-085', 'span_seconds', '{"name": "report-generation"}', 'mean', '{}', '6 hours', 'below', 'seconds', 0.5, 1, 3, 1, 1, false, true);

INSERT INTO steward.alert_rule (name, rule_group, metric, labels, measure, part, time_window, op, threshold, hold, severity, at_least_n, summary,
                                description, expr) VALUES
    ('QECHighLatency', 'qec_performance', 'operation_seconds', '{"component": ["score", "principle", "strategy", "recovery", "fidelity", "cache", "text", "vector"]}', 'p95', '{}', '5 minutes', '>', 0.2, '5 minutes', 'warning', 20, 'QEC operation latency is high', '95th percentile latency is {{ $value }}s',
     'histogram_quantile(0.95, sum by (le) (rate(steward_operation_duration_seconds_bucket{component=~"score|principle|strategy|recovery|fidelity|cache|text|vector"}[5m]))) > 0.2'),
    ('QECLowCacheHitRate', 'qec_performance', 'cache_lookups', '{}', 'share', '{"result": "hit"}', '5 minutes', '<', 0.8, '10 minutes', 'warning', 100, 'QEC cache hit rate is low', 'Cache hit rate is {{ $value }}',
     'sum(rate(steward_cache_lookups_total{result="hit"}[5m])) / sum(rate(steward_cache_lookups_total[5m])) < 0.8 and sum(increase(steward_cache_lookups_total[5m])) >= 100'),
    ('QECHighDatabaseConnections', 'qec_performance', 'database_connections', '{}', 'least', '{}', '1 minute', '>', 50, '5 minutes', 'critical', 1, 'QEC database connections are high', 'Active connections: {{ $value }}',
     'max(steward_database_sessions) > 50'),
    ('HighAverageTime', 'autobot', 'operation_seconds', '{"component": ["score", "principle", "strategy", "recovery", "fidelity", "cache", "text", "vector"]}', 'mean', '{}', '5 minutes', '>', 10, '0', 'warning', 5, 'Calls take long', 'The average time is {{ $value }}s',
     'sum(rate(steward_operation_duration_seconds_sum{component=~"score|principle|strategy|recovery|fidelity|cache|text|vector"}[5m])) / sum(rate(steward_operation_duration_seconds_count{component=~"score|principle|strategy|recovery|fidelity|cache|text|vector"}[5m])) > 10'),
    ('VeryLowCacheHitRate', 'autobot', 'cache_lookups', '{}', 'share', '{"result": "hit"}', '5 minutes', '<', 0.5, '0', 'critical', 100, 'Caches have few of the keys that they are asked for', 'The hit rate is {{ $value }}',
     'sum(rate(steward_cache_lookups_total{result="hit"}[5m])) / sum(rate(steward_cache_lookups_total[5m])) < 0.5 and sum(increase(steward_cache_lookups_total[5m])) >= 100'),
    ('HighMemoryUsage', 'autobot', 'host_memory_share', '{}', 'mean', '{}', '5 minutes', '>', 0.85, '0', 'warning', 1, 'The memory of the machine runs out', 'Memory in use: {{ $value }}',
     'avg_over_time(steward_host_memory_usage_ratio[5m]) > 0.85'),
    ('HighErrorRate', 'steward', 'operation_calls', '{"component": {"not": ["duty", "worker", "migration", "summary", "partition"]}}', 'share', '{"status": "error"}', '5 minutes', '>', 0.05, '5 minutes', 'warning', 100, 'Many calls fail', 'Share of calls that fail: {{ $value }}',
     'sum(rate(steward_operations_total{status="error",component!~"duty|worker|migration|summary|partition"}[5m])) / sum(rate(steward_operations_total{component!~"duty|worker|migration|summary|partition"}[5m])) > 0.05 and sum(increase(steward_operations_total{component!~"duty|worker|migration|summary|partition"}[5m])) >= 100'),
    ('ConnectionsRunOut', 'steward', 'database_connections_share', '{}', 'least', '{}', '1 minute', '>', 0.9, '2 minutes', 'critical', 1, 'The server has few connections left', 'Share of max_connections in use: {{ $value }}',
     'max(steward_database_sessions_ratio) > 0.9');

GRANT SELECT ON steward.slo, steward.slo_measured, steward.alert_rule, steward.alert_state, steward.alert
    TO steward_reader, steward_metrics;
GRANT UPDATE ON steward.slo TO steward_writer;
GRANT INSERT, UPDATE, DELETE ON steward.slo_measured, steward.alert_state, steward.alert TO steward_worker;
GRANT SELECT (name, least_severity, active) ON steward.alert_target TO steward_worker;
GRANT SELECT ON steward.alert_target TO steward_sidecar;
GRANT SELECT (target, delivery_id, rule, event, created_at, state, next_at, attempts, status, error) ON steward.alert_delivery TO steward_reader;
GRANT SELECT, INSERT, DELETE ON steward.alert_delivery TO steward_worker;
GRANT SELECT, UPDATE ON steward.alert_delivery TO steward_sidecar;

COMMIT;
