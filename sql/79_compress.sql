-- Compression with zstd, with and without a dictionary that was trained from samples.

CREATE FUNCTION zstd_compress(value bytea, dictionary bytea DEFAULT NULL, level integer DEFAULT 3) RETURNS bytea
    AS 'MODULE_PATHNAME', 'steward_zstd_compress'
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
REVOKE ALL ON FUNCTION zstd_compress(bytea, bytea, integer) FROM PUBLIC;
COMMENT ON FUNCTION zstd_compress(bytea, bytea, integer) IS
    'a value as a frame of zstd, by a dictionary if there is one; levels are 1 to 12';

CREATE FUNCTION zstd_decompress(value bytea, dictionary bytea DEFAULT NULL) RETURNS bytea
    AS 'MODULE_PATHNAME', 'steward_zstd_decompress'
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 500;
REVOKE ALL ON FUNCTION zstd_decompress(bytea, bytea) FROM PUBLIC;
COMMENT ON FUNCTION zstd_decompress(bytea, bytea) IS
    'what zstd_compress has compressed, by the same dictionary';

CREATE FUNCTION zstd_dictionary(samples bytea[], size integer DEFAULT 32768) RETURNS bytea
    AS 'MODULE_PATHNAME', 'steward_zstd_dictionary'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
REVOKE ALL ON FUNCTION zstd_dictionary(bytea[], integer) FROM PUBLIC;
COMMENT ON FUNCTION zstd_dictionary(bytea[], integer) IS
    'a dictionary for values that are like these samples; null where they are too few or too small';
