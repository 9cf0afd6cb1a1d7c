-- Deploy pg_steward:cache to pg
-- requires: job_views
-- Namespaces of the cache. What is in memory is the server's; these rows say who may use it, and within which limits.
BEGIN;
SET LOCAL ROLE steward_owner;

CREATE TABLE steward.cache_namespace (
    namespace text NOT NULL PRIMARY KEY CHECK (octet_length(namespace) BETWEEN 1 AND 63),
    owner regrole NOT NULL,
    kind text NOT NULL CHECK (kind IN ('pure', 'dependent')),
    shared boolean NOT NULL,
    value_type text NOT NULL CHECK (value_type IN ('any', 'jsonb', 'text', 'bytea')),
    max_entries integer NOT NULL CHECK (max_entries BETWEEN 2 AND 100000000),
    max_bytes bigint CHECK (max_bytes > 0),
    ttl interval CHECK (ttl > interval '0' AND ttl <= interval '100 years'),
    stale_for interval NOT NULL CHECK (stale_for BETWEEN interval '0' AND interval '100 years'),
    negative_ttl interval NOT NULL CHECK (negative_ttl BETWEEN interval '0' AND interval '100 years'),
    early_beta double precision NOT NULL CHECK (early_beta BETWEEN 0 AND 10),
    readers regrole[] NOT NULL DEFAULT '{}',
    writers regrole[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE steward.cache_namespace IS 'the caches, which steward.cache_create() makes';
COMMENT ON COLUMN steward.cache_namespace.kind IS
    'pure: a value follows from its key alone; dependent: from tables, so that it is published, and dropped, by their transactions';
COMMENT ON COLUMN steward.cache_namespace.shared IS 'between roles; otherwise each role finds only what it has stored itself';
COMMENT ON COLUMN steward.cache_namespace.ttl IS 'how long a value is good; null is for ever';
COMMENT ON COLUMN steward.cache_namespace.stale_for IS 'how long after that it may still be had while it is computed anew';
COMMENT ON COLUMN steward.cache_namespace.negative_ttl IS 'how long a NULL that cache_fetch() has computed is good';
COMMENT ON COLUMN steward.cache_namespace.early_beta IS 'how early values are computed anew before they end; 0 is never';
COMMENT ON COLUMN steward.cache_namespace.readers IS 'roles whose members may read; 0 is everybody';
COMMENT ON COLUMN steward.cache_namespace.writers IS 'roles whose members may write, and read; 0 is everybody';

-- What the documents want cached, each by its time and size.
INSERT INTO steward.cache_namespace (namespace, owner, kind, shared, value_type, max_entries, max_bytes, ttl, stale_for, negative_ttl,
                                     early_beta, readers, writers)
SELECT namespace, 'steward_owner', kind, kind = 'pure', 'any', max_entries, NULL, ttl, '0', '1 minute', 1, '{steward_reader}',
       '{steward_writer}'
FROM (VALUES
    ('distance', 'pure', 10000, interval '1 hour'),
    ('prediction', 'pure', 10000, interval '30 minutes'),
    ('policy', 'dependent', 1000, interval '30 minutes'),
    ('component', 'dependent', 1000, interval '10 minutes'),
    ('strategy', 'dependent', 1000, interval '1 hour'),
    ('response', 'pure', 500, interval '2 hours'),
    ('embedding', 'pure', 2000, interval '24 hours'),
    ('query', 'dependent', 200, interval '5 minutes'),
    ('dataset_metadata', 'dependent', 1000, interval '1 hour'),
    ('field', 'pure', 1000, interval '1 hour')) AS v (namespace, kind, max_entries, ttl);

CREATE TABLE steward.cache_dependency (
    namespace text NOT NULL,
    relation regclass NOT NULL,
    key_column name,
    PRIMARY KEY (namespace, relation)
);
COMMENT ON TABLE steward.cache_dependency IS 'which tables the values of dependent namespaces are computed from';
COMMENT ON COLUMN steward.cache_dependency.key_column IS
    'the column whose value is the key: a value depends on those rows alone; null for all rows';

GRANT SELECT ON steward.cache_dependency TO steward_reader;
GRANT INSERT, UPDATE, DELETE ON steward.cache_dependency TO steward_writer;
GRANT SELECT ON steward.cache_namespace TO steward_reader;
GRANT INSERT, UPDATE, DELETE ON steward.cache_namespace TO steward_writer;

COMMIT;
