-- What a function needs of the tables, which a DBA makes by migration.

CREATE FUNCTION migration_is_deployed(migration text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'steward_migration_is_deployed'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50;
REVOKE ALL ON FUNCTION migration_is_deployed(text) FROM PUBLIC;
COMMENT ON FUNCTION migration_is_deployed(text) IS 'whether the tables of that migration are in this database';

CREATE FUNCTION migration_require(migration text) RETURNS void
    AS 'MODULE_PATHNAME', 'steward_migration_require'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50;
REVOKE ALL ON FUNCTION migration_require(text) FROM PUBLIC;
COMMENT ON FUNCTION migration_require(text) IS 'raises 55000 unless the tables of that migration are in this database';
