-- Deploy pg_steward:scoring to pg
-- requires: summary
-- What scoring by itself needs: a site's profiles and lexicons, the newest score beside each principle, and who
-- has to be scored again. Principles carry no trigger, which a distributed table could not have: a principle is
-- to be scored where the hash of its content is not the one that was scored, and an index holds just these rows.
BEGIN;
GRANT EXECUTE ON FUNCTION steward.lexicon_invalidate() TO steward_owner;
SET LOCAL ROLE steward_owner;

CREATE TABLE steward.score_profile (
    name text NOT NULL PRIMARY KEY,
    weights float8[] NOT NULL DEFAULT '{0.3,0.4,0.3}',
    lexicon text NOT NULL DEFAULT 'iso',
    CONSTRAINT score_profile_weights CHECK (
        array_ndims(weights) = 1 AND array_lower(weights, 1) = 1 AND cardinality(weights) = 3 AND array_position(weights, NULL) IS NULL
        AND weights[1] >= 0 AND weights[2] >= 0 AND weights[3] >= 0
        AND abs(weights[1] + weights[2] + weights[3] - 1) <= 1e-6)
);
COMMENT ON TABLE steward.score_profile IS 'by which weights and lexicon principles are scored';
COMMENT ON COLUMN steward.score_profile.weights IS 'of clarity, formality and reliability; they add up to 1';
COMMENT ON COLUMN steward.score_profile.lexicon IS 'iso, acgs, or a name in table lexicon';

CREATE TABLE steward.lexicon (
    name text NOT NULL CHECK (name NOT IN ('iso', 'acgs')),
    phrase text NOT NULL,
    class text NOT NULL,
    weight float8 NOT NULL CHECK (weight BETWEEN 0 AND 1),
    reference text,
    PRIMARY KEY (name, phrase)
);
COMMENT ON TABLE steward.lexicon IS
    'a site''s own phrases; a lexicon that extends a built-in one begins as a copy of lexicon_phrases';
COMMENT ON COLUMN steward.lexicon.weight IS 'what one occurrence adds to the ambiguity of a statement';

INSERT INTO steward.score_profile (name) VALUES ('default');

ALTER TABLE steward.constitutional_principles
    ADD COLUMN profile text NOT NULL DEFAULT 'default',
    ADD COLUMN ambiguity float8,
    ADD COLUMN formality float8,
    ADD COLUMN reliability float8,
    ADD COLUMN scored_at timestamptz,
    ADD COLUMN formula_version text,
    ADD COLUMN lexicon_version text,
    ADD COLUMN score_error text,
    ADD COLUMN content_hash uuid NOT NULL
        GENERATED ALWAYS AS (md5(principle_id::text || E'\x1f' || statement || E'\x1f' || profile || E'\x1f' || criteria::text)::uuid) STORED,
    ADD COLUMN scored_hash uuid,
    ADD CONSTRAINT constitutional_principles_criteria
        CHECK (NOT jsonb_path_exists(criteria, 'strict $[*] ? (@.type() != "object")'));
COMMENT ON COLUMN steward.constitutional_principles.profile IS 'the score_profile by which it is scored';
COMMENT ON COLUMN steward.constitutional_principles.score_error IS 'why it could not be scored';
COMMENT ON COLUMN steward.constitutional_principles.content_hash IS 'of what the score depends on in this row';
COMMENT ON COLUMN steward.constitutional_principles.scored_hash IS
    'content_hash of what was scored; where they differ, the principle is to be scored';
CREATE INDEX constitutional_principles_pending ON steward.constitutional_principles (principle_id)
    WHERE scored_hash IS DISTINCT FROM content_hash;

-- Queues: they are only ever appended to and emptied, so nobody waits for anybody.
CREATE TABLE steward.principle_change (principle_id bigint NOT NULL)
    WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
ALTER TABLE steward.principle_change REPLICA IDENTITY FULL;
COMMENT ON TABLE steward.principle_change IS 'principles whose history or profile has changed since they were scored';
CREATE TABLE steward.profile_change (profile text NOT NULL);
ALTER TABLE steward.profile_change REPLICA IDENTITY FULL;
COMMENT ON TABLE steward.profile_change IS 'profiles that have changed since their principles were scored';
CREATE TABLE steward.lexicon_change (lexicon text NOT NULL);
ALTER TABLE steward.lexicon_change REPLICA IDENTITY FULL;
COMMENT ON TABLE steward.lexicon_change IS 'lexicons that have changed since the principles of their profiles were scored';

CREATE TABLE steward.history_retention (
    table_name text NOT NULL PRIMARY KEY,
    retention interval CHECK (retention >= interval '1 day'),
    days_ahead integer NOT NULL DEFAULT 7 CHECK (days_ahead BETWEEN 1 AND 366)
);
COMMENT ON TABLE steward.history_retention IS 'how long each history table keeps its rows; null is for ever';
INSERT INTO steward.history_retention (table_name, retention) VALUES
    ('qec_distance_calculations', '90 days'), ('qec_error_predictions', '90 days'),
    ('qec_fidelity_calculations', '365 days'), ('qec_synthesis_attempt_logs', '365 days');

-- The functions below act for whoever writes, hence SECURITY DEFINER; their owner is no superuser.
CREATE FUNCTION steward.attempts_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO steward.profile_change SELECT name FROM steward.score_profile;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO steward.principle_change SELECT DISTINCT principle_id FROM new_rows WHERE final_outcome IS NOT NULL;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO steward.principle_change SELECT DISTINCT principle_id FROM old_rows WHERE final_outcome IS NOT NULL;
    ELSE
        INSERT INTO steward.principle_change
        SELECT principle_id FROM old_rows WHERE final_outcome IS NOT NULL
        UNION SELECT principle_id FROM new_rows WHERE final_outcome IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION steward.attempts_changed() IS 'notes the principles whose history a statement has changed';
REVOKE ALL ON FUNCTION steward.attempts_changed() FROM PUBLIC;

CREATE TRIGGER attempts_inserted AFTER INSERT ON steward.qec_synthesis_attempt_logs
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION steward.attempts_changed();
CREATE TRIGGER attempts_updated AFTER UPDATE ON steward.qec_synthesis_attempt_logs
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION steward.attempts_changed();
CREATE TRIGGER attempts_deleted AFTER DELETE ON steward.qec_synthesis_attempt_logs
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION steward.attempts_changed();
CREATE TRIGGER attempts_truncated AFTER TRUNCATE ON steward.qec_synthesis_attempt_logs
    FOR EACH STATEMENT EXECUTE FUNCTION steward.attempts_changed();

CREATE FUNCTION steward.principle_changed(principle_ids bigint[]) RETURNS void
    LANGUAGE sql STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ INSERT INTO steward.principle_change SELECT DISTINCT unnest(principle_ids) $$;
COMMENT ON FUNCTION steward.principle_changed(bigint[]) IS
    'has the worker look at those principles again, for changes that no trigger sees';
REVOKE ALL ON FUNCTION steward.principle_changed(bigint[]) FROM PUBLIC;

-- Every process reads a changed lexicon or profile anew; then whoever uses it is noted, and a profile that could
-- score nothing is refused while its writer can still mend it. Writers of these small tables take turns, or two of
-- them could take away from each other what they rely on. Triggers fire in the order of their names.
CREATE FUNCTION steward.lexicon_take_turns() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('pg_steward: lexicon and score_profile', 0));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION steward.lexicon_take_turns() IS 'lets one transaction at a time change lexicons and profiles';
REVOKE ALL ON FUNCTION steward.lexicon_take_turns() FROM PUBLIC;

CREATE FUNCTION steward.lexicon_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    changed text[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        changed := ARRAY(SELECT DISTINCT name FROM new_rows);
    ELSIF TG_OP = 'DELETE' THEN
        changed := ARRAY(SELECT DISTINCT name FROM old_rows);
    ELSIF TG_OP = 'UPDATE' THEN
        changed := ARRAY(SELECT name FROM old_rows UNION SELECT name FROM new_rows);
    ELSE
        changed := ARRAY(SELECT DISTINCT lexicon FROM steward.score_profile WHERE lexicon NOT IN ('iso', 'acgs'));
    END IF;
    PERFORM steward.ambiguity('', name) FROM (SELECT DISTINCT name FROM steward.lexicon WHERE name = ANY (changed)) AS l;
    PERFORM steward.ambiguity('', lexicon)
    FROM (SELECT DISTINCT lexicon FROM steward.score_profile WHERE lexicon = ANY (changed)) AS p;
    INSERT INTO steward.lexicon_change SELECT unnest(changed);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION steward.lexicon_changed() IS
    'refuses lexicons that cannot be matched or that a profile would miss; notes those that a statement has changed';
REVOKE ALL ON FUNCTION steward.lexicon_changed() FROM PUBLIC;

CREATE FUNCTION steward.score_profile_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO steward.profile_change SELECT DISTINCT profile FROM steward.constitutional_principles;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO steward.profile_change SELECT name FROM old_rows;
    ELSE
        PERFORM steward.ambiguity('', lexicon) FROM (SELECT DISTINCT lexicon FROM new_rows) AS p;
        INSERT INTO steward.profile_change SELECT name FROM new_rows;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO steward.profile_change SELECT name FROM old_rows EXCEPT SELECT name FROM new_rows;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION steward.score_profile_changed() IS
    'refuses profiles without a lexicon; notes those that a statement has changed';
REVOKE ALL ON FUNCTION steward.score_profile_changed() FROM PUBLIC;

DO $$
DECLARE
    named record;
BEGIN
    FOR named IN SELECT * FROM (VALUES ('lexicon', 'lexicon_changed'), ('score_profile', 'score_profile_changed')) AS v (rel, noted_by)
    LOOP
        EXECUTE format('CREATE TRIGGER take_turns BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON steward.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION steward.lexicon_take_turns()', named.rel);
        EXECUTE format('CREATE TRIGGER a_invalidate AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON steward.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION steward.lexicon_invalidate()', named.rel);
        EXECUTE format('CREATE TRIGGER b_inserted AFTER INSERT ON steward.%I REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION steward.%I()', named.rel, named.noted_by);
        EXECUTE format('CREATE TRIGGER b_updated AFTER UPDATE ON steward.%I
                        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION steward.%I()', named.rel, named.noted_by);
        EXECUTE format('CREATE TRIGGER b_deleted AFTER DELETE ON steward.%I REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION steward.%I()', named.rel, named.noted_by);
        EXECUTE format('CREATE TRIGGER b_truncated AFTER TRUNCATE ON steward.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION steward.%I()', named.rel, named.noted_by);
    END LOOP;
END $$;

CREATE FUNCTION steward.history_maintain(at timestamptz DEFAULT clock_timestamp()) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
    SET lock_timeout = '10ms'
AS $$
DECLARE
    wanted record;
    made integer;
    changed integer := 0;
BEGIN
    FOR wanted IN
        SELECT r.*, to_regclass('steward.' || quote_ident(r.table_name)) AS parent FROM steward.history_retention AS r
        WHERE to_regclass('steward.' || quote_ident(r.table_name)) IS NOT NULL
              AND to_regclass('steward.' || quote_ident(r.table_name
                                                        || to_char(at + r.days_ahead * interval '1 day', '"_p"YYYYMMDD'))) IS NULL
    LOOP
        -- A partition needs a lock that waits for every reader, and behind which all others would wait: what cannot
        -- be had at once is tried at the next run. There are days left.
        BEGIN
            -- Attempts that are to be forgotten change what is expected of their principles.
            IF wanted.table_name = 'qec_synthesis_attempt_logs' THEN
                INSERT INTO steward.principle_change
                SELECT DISTINCT principle_id FROM steward.qec_synthesis_attempt_logs
                WHERE attempted_at < at - wanted.retention AND final_outcome IS NOT NULL;
            END IF;
            SELECT m.created + m.dropped INTO made
            FROM steward.partition_maintain(wanted.parent, wanted.days_ahead, wanted.retention, at) AS m;
            changed := changed + made;
        EXCEPTION WHEN lock_not_available THEN
            NULL;
        END;
    END LOOP;
    RETURN changed;
END $$;
COMMENT ON FUNCTION steward.history_maintain(timestamptz) IS
    'makes the partitions of the days to come and drops those past their retention; returns how many';
REVOKE ALL ON FUNCTION steward.history_maintain(timestamptz) FROM PUBLIC;

GRANT SELECT ON steward.score_profile, steward.lexicon, steward.history_retention TO steward_reader;
GRANT INSERT, UPDATE, DELETE ON steward.score_profile, steward.lexicon TO steward_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON steward.principle_change, steward.profile_change, steward.lexicon_change
    TO steward_worker;
GRANT EXECUTE ON FUNCTION steward.principle_changed(bigint[]) TO steward_writer;
GRANT EXECUTE ON FUNCTION steward.history_maintain(timestamptz) TO steward_worker;

COMMIT;
