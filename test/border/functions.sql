CREATE FUNCTION probe_throw(kind text) RETURNS void AS :'library' LANGUAGE C STRICT;
CREATE FUNCTION probe_postgres_error() RETURNS void AS :'library' LANGUAGE C;
CREATE FUNCTION probe_nested(depth integer) RETURNS integer AS :'library' LANGUAGE C STRICT;
CREATE FUNCTION probe_static() RETURNS integer AS :'library' LANGUAGE C;
CREATE FUNCTION probe_subtransaction() RETURNS boolean AS :'library' LANGUAGE C;
CREATE FUNCTION probe_spin() RETURNS void AS :'library' LANGUAGE C;
CREATE FUNCTION probe_context_memory() RETURNS void AS :'library' LANGUAGE C;
CREATE FUNCTION probe_too_much() RETURNS bigint AS :'library' LANGUAGE C;
CREATE FUNCTION probe_alive() RETURNS integer AS :'library' LANGUAGE C;
CREATE FUNCTION probe_error_context() RETURNS boolean AS :'library' LANGUAGE C;
CREATE FUNCTION probe_running() RETURNS integer AS :'library' LANGUAGE C;
CREATE FUNCTION probe_is_interruptible() RETURNS boolean AS :'library' LANGUAGE C;
CREATE FUNCTION probe_take_shared_memory() RETURNS bigint AS :'library' LANGUAGE C;
CREATE FUNCTION probe_peak_bytes() RETURNS bigint AS :'library' LANGUAGE C;
CREATE FUNCTION probe_resident_bytes() RETURNS bigint AS :'library' LANGUAGE C;

-- Raises an error `rounds` times, each caught, and returns by how many bytes the backend grew. A tenth of
-- the rounds go first, so that what every backend fills once is not counted.
CREATE FUNCTION growth_over(call text, rounds integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
BEGIN
    FOR i IN 1 .. rounds + rounds / 10 LOOP
        IF i = rounds / 10 + 1 THEN
            before := probe_resident_bytes();
        END IF;
        BEGIN
            EXECUTE call;
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
    RETURN probe_resident_bytes() - before;
END $$;

-- Every part of the error that a statement raises.
CREATE FUNCTION error_of(call text, OUT code text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE call;
EXCEPTION WHEN OTHERS OR query_canceled THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                            detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
