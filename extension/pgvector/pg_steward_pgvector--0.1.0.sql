-- Operator classes of access method steward_ivf for the type and the operators of pgvector.

CREATE FUNCTION ivf_pgvector_cosine(internal) RETURNS integer
    AS '$libdir/pg_steward', 'steward_ivf_pgvector_cosine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION ivf_pgvector_cosine(internal) FROM PUBLIC;
COMMENT ON FUNCTION ivf_pgvector_cosine(internal) IS 'says that an operator class is of the cosine distance of pgvector''s vectors';
CREATE FUNCTION ivf_pgvector_l2(internal) RETURNS integer
    AS '$libdir/pg_steward', 'steward_ivf_pgvector_l2' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION ivf_pgvector_l2(internal) FROM PUBLIC;
COMMENT ON FUNCTION ivf_pgvector_l2(internal) IS 'says that an operator class is of the length of the difference of pgvector''s vectors';
CREATE FUNCTION ivf_pgvector_inner_product(internal) RETURNS integer
    AS '$libdir/pg_steward', 'steward_ivf_pgvector_inner_product' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION ivf_pgvector_inner_product(internal) FROM PUBLIC;
COMMENT ON FUNCTION ivf_pgvector_inner_product(internal) IS 'says that an operator class is of the inner product of pgvector''s vectors';

-- Schemas of the extensions that this one requires are in the search path here.
CREATE OPERATOR CLASS pgvector_cosine_ops DEFAULT FOR TYPE vector USING steward_ivf AS
    OPERATOR 1 <=> (vector, vector) FOR ORDER BY pg_catalog.float_ops, FUNCTION 1 ivf_pgvector_cosine(internal);
COMMENT ON OPERATOR CLASS pgvector_cosine_ops USING steward_ivf IS 'pgvector''s vectors by their angle';
CREATE OPERATOR CLASS pgvector_l2_ops FOR TYPE vector USING steward_ivf AS
    OPERATOR 1 <-> (vector, vector) FOR ORDER BY pg_catalog.float_ops, FUNCTION 1 ivf_pgvector_l2(internal);
COMMENT ON OPERATOR CLASS pgvector_l2_ops USING steward_ivf IS 'pgvector''s vectors by the length of their difference';
CREATE OPERATOR CLASS pgvector_inner_product_ops FOR TYPE vector USING steward_ivf AS
    OPERATOR 1 <#> (vector, vector) FOR ORDER BY pg_catalog.float_ops, FUNCTION 1 ivf_pgvector_inner_product(internal);
COMMENT ON OPERATOR CLASS pgvector_inner_product_ops USING steward_ivf IS 'pgvector''s vectors by their inner product';
