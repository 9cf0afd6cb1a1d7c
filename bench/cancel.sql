-- Measures how long a cancel takes to act inside a call of the extension.

-- What the calls read. Real text, and the texts on which one step could be longest: nothing but blanks,
-- a phrase drawn apart by blanks, one word all along, a phrase at every word, one endless number.
CREATE FUNCTION long_text(kind text, size integer, real_text text) RETURNS text AS $$
SELECT CASE kind
       WHEN 'real' THEN repeat(real_text, size / octet_length(real_text))
       WHEN 'blanks' THEN repeat(' ', size)
       WHEN 'apart' THEN 'not' || repeat(' ', size) || 'limited to'
       WHEN 'word' THEN repeat('a', size)
       WHEN 'hits' THEN repeat('may ', size / 4)
       WHEN 'digits' THEN repeat('7', size)
       END
$$ LANGUAGE sql;

-- The text to compare with: `alike` differs at the very end, another one from the start on.
CREATE FUNCTION other_text(a text, alike boolean) RETURNS text AS $$
SELECT CASE WHEN alike THEN a || ' 1' WHEN NOT alike THEN 'z' || right(a, length(a) / 2) || 'y' END
$$ LANGUAGE sql;

-- Calls one function over and over until the statement runs into its timeout, and returns how many
-- milliseconds after the deadline control came back; null if the deadline came before the first call.
CREATE FUNCTION overshoot(call text, kind text, size integer, alike boolean, real_text text) RETURNS float8 AS $$
DECLARE
    deadline timestamptz := statement_timestamp() + current_setting('statement_timeout')::interval;
    calling boolean := false;
    a text;
    b text;
BEGIN
    a := long_text(kind, size, real_text);
    b := other_text(a, alike);
    calling := true;
    LOOP
        CASE call
        WHEN '(pg_sleep)' THEN PERFORM pg_sleep(60);
        WHEN 'ambiguity' THEN PERFORM steward.ambiguity(a);
        WHEN 'ambiguity, acgs' THEN PERFORM steward.ambiguity(a, 'acgs');
        WHEN 'ambiguity_findings' THEN PERFORM count(*) FROM steward.ambiguity_findings(a);
        WHEN 'levenshtein' THEN PERFORM steward.levenshtein(a, b);
        WHEN 'exact_match' THEN
            PERFORM steward.exact_match(a, b, '{"ignore_case": true, "ignore_whitespace": true}');
        WHEN 'exact_match, number' THEN PERFORM steward.exact_match(a, b, '{"tolerance": 1}');
        END CASE;
    END LOOP;
EXCEPTION WHEN query_canceled THEN
    RETURN CASE WHEN calling THEN 1000 * extract(epoch FROM clock_timestamp() - deadline) END;
END
$$ LANGUAGE plpgsql;

-- How long the texts take to make, which the timeout has to spare.
CREATE FUNCTION preparation_ms(kind text, size integer, alike boolean, real_text text) RETURNS float8 AS $$
DECLARE
    started timestamptz := clock_timestamp();
    a text := long_text(kind, size, real_text);
    b text := other_text(a, alike);
BEGIN
    RETURN 1000 * extract(epoch FROM clock_timestamp() - started);
END
$$ LANGUAGE plpgsql;

-- One row a measurement.
CREATE TABLE overshoots (call text, kind text, alike boolean, size integer, ms float8);
