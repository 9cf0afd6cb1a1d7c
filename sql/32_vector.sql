-- Vectors, which are arrays of real: distances, operators, and the access method of indexes for them.

CREATE FUNCTION vector_cosine_distance(a real[], b real[]) RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_vector_cosine_distance'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
REVOKE ALL ON FUNCTION vector_cosine_distance(real[], real[]) FROM PUBLIC;
COMMENT ON FUNCTION vector_cosine_distance(real[], real[]) IS '1 less the cosine of the angle of two vectors, 0 to 2; NaN if one is zero';

CREATE FUNCTION vector_l2_distance(a real[], b real[]) RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_vector_l2_distance'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
REVOKE ALL ON FUNCTION vector_l2_distance(real[], real[]) FROM PUBLIC;
COMMENT ON FUNCTION vector_l2_distance(real[], real[]) IS 'the length of the difference of two vectors';

CREATE FUNCTION vector_negative_product(a real[], b real[]) RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_vector_negative_product'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
REVOKE ALL ON FUNCTION vector_negative_product(real[], real[]) FROM PUBLIC;
COMMENT ON FUNCTION vector_negative_product(real[], real[]) IS 'the inner product of two vectors, negative, so that less is nearer';

CREATE OPERATOR <=> (LEFTARG = real[], RIGHTARG = real[], FUNCTION = vector_cosine_distance, COMMUTATOR = <=>);
COMMENT ON OPERATOR <=> (real[], real[]) IS 'cosine distance';
CREATE OPERATOR <-> (LEFTARG = real[], RIGHTARG = real[], FUNCTION = vector_l2_distance, COMMUTATOR = <->);
COMMENT ON OPERATOR <-> (real[], real[]) IS 'length of the difference';
CREATE OPERATOR <#> (LEFTARG = real[], RIGHTARG = real[], FUNCTION = vector_negative_product, COMMUTATOR = <#>);
COMMENT ON OPERATOR <#> (real[], real[]) IS 'inner product, negative';

CREATE FUNCTION ivf_handler(internal) RETURNS index_am_handler
    AS 'MODULE_PATHNAME', 'steward_ivf_handler' LANGUAGE C;
REVOKE ALL ON FUNCTION ivf_handler(internal) FROM PUBLIC;
COMMENT ON FUNCTION ivf_handler(internal) IS 'the access method steward_ivf';
CREATE ACCESS METHOD steward_ivf TYPE INDEX HANDLER ivf_handler;
COMMENT ON ACCESS METHOD steward_ivf IS 'nearest vectors: lists of vectors in few bits, and exact distances of the best';

CREATE FUNCTION ivf_cosine(internal) RETURNS integer AS 'MODULE_PATHNAME', 'steward_ivf_cosine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION ivf_cosine(internal) FROM PUBLIC;
COMMENT ON FUNCTION ivf_cosine(internal) IS 'says that an operator class of steward_ivf is of the cosine distance';
CREATE FUNCTION ivf_l2(internal) RETURNS integer AS 'MODULE_PATHNAME', 'steward_ivf_l2' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION ivf_l2(internal) FROM PUBLIC;
COMMENT ON FUNCTION ivf_l2(internal) IS 'says that an operator class of steward_ivf is of the length of the difference';
CREATE FUNCTION ivf_inner_product(internal) RETURNS integer AS 'MODULE_PATHNAME', 'steward_ivf_inner_product' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION ivf_inner_product(internal) FROM PUBLIC;
COMMENT ON FUNCTION ivf_inner_product(internal) IS 'says that an operator class of steward_ivf is of the inner product';

CREATE OPERATOR CLASS cosine_ops DEFAULT FOR TYPE real[] USING steward_ivf AS
    OPERATOR 1 <=> (real[], real[]) FOR ORDER BY float_ops, FUNCTION 1 ivf_cosine(internal);
COMMENT ON OPERATOR CLASS cosine_ops USING steward_ivf IS 'vectors by their angle';
CREATE OPERATOR CLASS l2_ops FOR TYPE real[] USING steward_ivf AS
    OPERATOR 1 <-> (real[], real[]) FOR ORDER BY float_ops, FUNCTION 1 ivf_l2(internal);
COMMENT ON OPERATOR CLASS l2_ops USING steward_ivf IS 'vectors by the length of their difference';
CREATE OPERATOR CLASS inner_product_ops FOR TYPE real[] USING steward_ivf AS
    OPERATOR 1 <#> (real[], real[]) FOR ORDER BY float_ops, FUNCTION 1 ivf_inner_product(internal);
COMMENT ON OPERATOR CLASS inner_product_ops USING steward_ivf IS 'vectors by their inner product';

CREATE FUNCTION ivf_stats(index regclass, OUT metric text, OUT dimensions integer, OUT bits integer, OUT lists integer, OUT probes integer,
                          OUT vectors bigint, OUT free_lanes bigint, OUT longest_list bigint, OUT pages bigint) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_ivf_stats'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100000;
REVOKE ALL ON FUNCTION ivf_stats(regclass) FROM PUBLIC;
COMMENT ON FUNCTION ivf_stats(regclass) IS 'what a steward_ivf index consists of, and how many of its lists a scan looks into at first';

CREATE FUNCTION ivf_check(index regclass, OUT list integer, OUT problem text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_ivf_check'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100000 ROWS 1;
REVOKE ALL ON FUNCTION ivf_check(regclass) FROM PUBLIC;
COMMENT ON FUNCTION ivf_check(regclass) IS 'what is wrong with a steward_ivf index: nothing, if it is whole';

CREATE FUNCTION vector_rebuild(index regclass, lists integer DEFAULT NULL, quantizer text DEFAULT NULL, m integer DEFAULT NULL, nbits integer DEFAULT NULL,
                               bits integer DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    given record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_class AS c JOIN pg_am AS a ON a.oid = c.relam WHERE c.oid = index AND a.amname = 'steward_ivf') THEN
        RAISE EXCEPTION '% is not a steward_ivf index', coalesce(index::text, 'null') USING ERRCODE = 'wrong_object_type';
    END IF;
    FOR given IN SELECT o.name, o.value FROM (VALUES ('lists', lists::text), ('quantizer', quantizer), ('m', m::text), ('nbits', nbits::text), ('bits', bits::text)) AS o (name, value)
                 WHERE o.value IS NOT NULL LOOP
        EXECUTE format('ALTER INDEX %s SET (%I = %L)', index, given.name, given.value);
    END LOOP;
    EXECUTE format('REINDEX INDEX %s', index);
END $$;
REVOKE ALL ON FUNCTION vector_rebuild(regclass, integer, text, integer, integer, integer) FROM PUBLIC;
COMMENT ON FUNCTION vector_rebuild(regclass, integer, text, integer, integer, integer) IS
    'makes a steward_ivf index anew, with the options that are given; the table can be read, but not by this index, and not be written meanwhile';
