-- The statements of the policy, scored. Read from standard input by \copy in `make demo`.
CREATE TABLE policy_statement (
    statement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    category text NOT NULL,  -- chapter
    name text NOT NULL,      -- section
    statement text NOT NULL,
    ambiguity float8 GENERATED ALWAYS AS (steward.ambiguity(statement)) STORED
);
COMMENT ON TABLE policy_statement IS 'normative sentences of the Debian Policy Manual, scored as they are written';
