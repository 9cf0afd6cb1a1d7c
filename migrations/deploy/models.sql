-- Deploy pg_steward:models to pg
-- requires: strategies
-- Models: what they are trained on, their versions, and which of these serves.
BEGIN;
GRANT EXECUTE ON FUNCTION steward.lexicon_invalidate(), steward.criteria_formality(jsonb), steward.statement_complexity(text), steward.failure_examples(),
    steward.model_pack(jsonb, text, text[])
    TO steward_owner;
SET LOCAL ROLE steward_owner;

CREATE TABLE steward.model (
    name text NOT NULL PRIMARY KEY CHECK (name <> ''),
    owner regrole NOT NULL,
    source text NOT NULL,
    path text NOT NULL,
    label text NOT NULL CHECK (label <> ''),
    text_column text CHECK (text_column <> ''),
    features text[] NOT NULL DEFAULT '{}' CHECK (cardinality(features) <= 100),
    method text NOT NULL DEFAULT 'fast' CHECK (method IN ('fast', 'exact')),
    max_features integer NOT NULL DEFAULT 1000 CHECK (max_features BETWEEN 0 AND 1000000),
    confidence float8 NOT NULL DEFAULT 0.7 CHECK (confidence BETWEEN 0 AND 1),
    retrain_rows bigint DEFAULT 1000 CHECK (retrain_rows > 0),
    retrain_cron text DEFAULT '0 2 * * *',
    retrain_drift float8 DEFAULT 0.25 CHECK (retrain_drift > 0),
    check_every interval NOT NULL DEFAULT '5 minutes' CHECK (check_every >= interval '1 second'),
    shadow_rows bigint NOT NULL DEFAULT 0 CHECK (shadow_rows >= 0),
    seed bigint NOT NULL DEFAULT 1,
    batch_size integer NOT NULL DEFAULT 32 CHECK (batch_size BETWEEN 1 AND 10000),
    version bigint,
    replaced bigint,
    shadow bigint,
    held boolean NOT NULL DEFAULT false,
    promoted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (text_column IS NOT NULL OR features <> '{}')
);
COMMENT ON TABLE steward.model IS 'models: what each is trained on, and which version serves';
COMMENT ON COLUMN steward.model.source IS 'a query, run with the rights of the owner';
COMMENT ON COLUMN steward.model.path IS 'the search_path under which the query was written';
COMMENT ON COLUMN steward.model.label IS 'its column that says what is true: of a row with null there nothing is known';
COMMENT ON COLUMN steward.model.text_column IS 'the text that it takes, if it takes one';
COMMENT ON COLUMN steward.model.features IS 'columns of other values that it takes: numbers, words, jsonb';
COMMENT ON COLUMN steward.model.max_features IS 'so many terms at the most, those that say most; 0 for all';
COMMENT ON COLUMN steward.model.batch_size IS 'rows of a step of method fast';
COMMENT ON COLUMN steward.model.confidence IS 'from which probability on a label is confident';
COMMENT ON COLUMN steward.model.retrain_rows IS 'so many new labelled rows lead to a training; null for no such';
COMMENT ON COLUMN steward.model.retrain_cron IS 'when it is trained in any case; null for never';
COMMENT ON COLUMN steward.model.retrain_drift IS 'so far from before, in two windows of rows in turn, leads to a training (population stability index); null for no such';
COMMENT ON COLUMN steward.model.check_every IS 'how often its source is looked at';
COMMENT ON COLUMN steward.model.shadow_rows IS 'a better version serves only once it is better on so many new rows as well; 0 for at once';
COMMENT ON COLUMN steward.model.replaced IS 'the version that it serves in place of, and that serves again if that does better on new rows; null where a person has chosen';
COMMENT ON COLUMN steward.model.shadow IS 'the version that is on trial on new rows; null if none is';
COMMENT ON COLUMN steward.model.version IS 'that serves; null if none does';
COMMENT ON COLUMN steward.model.held IS 'no better version replaces it until it is released';

CREATE TABLE steward.model_version (
    name text NOT NULL,
    version bigint NOT NULL,
    owner regrole NOT NULL,
    trained_at timestamptz NOT NULL,
    duration interval NOT NULL,
    because text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('promoted', 'rejected', 'held', 'shadow')),
    reason text NOT NULL,
    coefficients bytea NOT NULL,
    hash text NOT NULL,
    metrics jsonb NOT NULL,
    sketch bytea,
    gained float8,
    gained_low float8,
    PRIMARY KEY (name, version)
);
-- Weights are numbers that nothing becomes smaller by, and to try takes long in a large model.
ALTER TABLE steward.model_version ALTER COLUMN coefficients SET STORAGE EXTERNAL;
COMMENT ON TABLE steward.model_version IS 'what each training of a model gave';
COMMENT ON COLUMN steward.model_version.because IS 'asked, schedule, rows, drift';
COMMENT ON COLUMN steward.model_version.sketch IS 'of the rows that were known at its training; null where nobody needs it any more';
COMMENT ON COLUMN steward.model_version.metrics IS 'on rows that it has not learnt from';
COMMENT ON COLUMN steward.model_version.hash IS 'SHA-256 of the coefficients: the same rows and seed give the same';
COMMENT ON COLUMN steward.model_version.gained IS 'how much less it loses a row than what served, on the same rows';
COMMENT ON COLUMN steward.model_version.gained_low IS 'at the least, with a certainty of 95 %';

CREATE TABLE steward.model_state (
    name text NOT NULL PRIMARY KEY,
    owner regrole NOT NULL,
    trained_at timestamptz,
    trained_rows bigint,
    labelled_rows bigint,
    signature text,
    served bigint,
    checked_at timestamptz,
    check_took interval,
    live_rows bigint,
    live_log_loss float8,
    seen bytea,
    error text,
    error_at timestamptz
);
COMMENT ON TABLE steward.model_state IS 'how trainings went';
COMMENT ON COLUMN steward.model_state.trained_rows IS 'labelled rows at the last training';
COMMENT ON COLUMN steward.model_state.labelled_rows IS 'and when they were counted last';
COMMENT ON COLUMN steward.model_state.served IS 'the version that served when the source was looked at last: what was seen then is of it';
COMMENT ON COLUMN steward.model_state.live_rows IS 'of a sample of rows that came since what serves was trained: so many are known by now';
COMMENT ON COLUMN steward.model_state.live_log_loss IS 'and so much it loses by one';
COMMENT ON COLUMN steward.model_state.seen IS 'sketch of the inputs at the end of the last window';
COMMENT ON COLUMN steward.model_state.signature IS 'of the tables then, and of what served: the source is looked at again when it is another';

CREATE TABLE steward.model_window (
    name text NOT NULL,
    version bigint NOT NULL,
    closed_at timestamptz NOT NULL,
    owner regrole NOT NULL,
    inputs bigint NOT NULL,
    labels text[] NOT NULL,
    stability float8[] NOT NULL,
    PRIMARY KEY (name, closed_at)
);
COMMENT ON TABLE steward.model_window IS 'how new inputs, window by window, differ from those that models were judged by';
COMMENT ON COLUMN steward.model_window.stability IS 'population stability index of the probability of each label';

CREATE TABLE steward.model_example (
    name text NOT NULL,
    learned_at timestamptz NOT NULL,
    example_id bigint GENERATED BY DEFAULT AS IDENTITY,
    owner regrole NOT NULL,
    input jsonb NOT NULL,
    labels text[] NOT NULL,
    is_set boolean NOT NULL,
    PRIMARY KEY (name, learned_at, example_id)
);
COMMENT ON TABLE steward.model_example IS 'examples that were given to models, beside the rows of their sources';
COMMENT ON COLUMN steward.model_example.is_set IS 'whether it may have any number of labels';

-- What every session reads, and only a trigger writes.
CREATE TABLE steward.model_champion (
    name text NOT NULL PRIMARY KEY,
    version bigint NOT NULL,
    confidence float8 NOT NULL,
    coefficients bytea NOT NULL
);
ALTER TABLE steward.model_champion ALTER COLUMN coefficients SET STORAGE EXTERNAL;
COMMENT ON TABLE steward.model_champion IS 'the version of each model that serves, as sessions read it';
CREATE TRIGGER a_invalidate AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON steward.model_champion
    FOR EACH STATEMENT EXECUTE FUNCTION steward.lexicon_invalidate();

-- What models were taught since the training of what serves: every session has to know it, but not from what inputs it is.
CREATE TABLE steward.model_learnt (
    name text NOT NULL,
    learned_at timestamptz NOT NULL,
    example_id bigint NOT NULL,
    features bytea NOT NULL,
    labels text[] NOT NULL,
    PRIMARY KEY (name, learned_at, example_id)
);
COMMENT ON TABLE steward.model_learnt IS 'examples that the versions which serve were trained without, as sessions learn them';
COMMENT ON COLUMN steward.model_learnt.features IS 'places and values, words hashed';
CREATE TRIGGER a_invalidate AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON steward.model_learnt
    FOR EACH STATEMENT EXECUTE FUNCTION steward.lexicon_invalidate();

-- Nobody else may write that: hence SECURITY DEFINER. Row security has decided who may give examples.
CREATE FUNCTION steward.model_learns() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM steward.model_learnt AS l WHERE l.name = OLD.name AND l.learned_at = OLD.learned_at AND l.example_id = OLD.example_id;
        RETURN NULL;
    END IF;
    INSERT INTO steward.model_learnt (name, learned_at, example_id, features, labels)
    SELECT NEW.name, NEW.learned_at, NEW.example_id, steward.model_pack(NEW.input, m.text_column, m.features), NEW.labels
    FROM steward.model AS m WHERE m.name = NEW.name AND m.owner = NEW.owner AND m.version IS NOT NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION steward.model_learns() IS 'has sessions learn an example';
REVOKE ALL ON FUNCTION steward.model_learns() FROM PUBLIC;
CREATE TRIGGER a_learns AFTER INSERT OR DELETE ON steward.model_example
    FOR EACH ROW EXECUTE FUNCTION steward.model_learns();

-- Nobody else may write what serves: hence SECURITY DEFINER. Row security has decided who may change the model.
CREATE FUNCTION steward.model_serves() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.version IS NULL THEN
        DELETE FROM steward.model_champion AS c WHERE c.name = OLD.name;
        DELETE FROM steward.model_learnt AS l WHERE l.name = OLD.name;
        RETURN NULL;
    END IF;
    INSERT INTO steward.model_champion AS c (name, version, confidence, coefficients)
    SELECT v.name, v.version, NEW.confidence, v.coefficients
    FROM steward.model_version AS v WHERE v.name = NEW.name AND v.version = NEW.version AND v.owner = NEW.owner
    ON CONFLICT (name) DO UPDATE SET version = excluded.version, confidence = excluded.confidence, coefficients = excluded.coefficients;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'model "%" has no version %', NEW.name, NEW.version USING ERRCODE = 'undefined_object';
    END IF;
    DELETE FROM steward.model_learnt AS l USING steward.model_version AS v
    WHERE l.name = NEW.name AND v.name = NEW.name AND v.version = NEW.version AND l.learned_at < v.trained_at;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION steward.model_serves() IS 'has sessions use the version that a model names';
REVOKE ALL ON FUNCTION steward.model_serves() FROM PUBLIC;
CREATE TRIGGER a_serves AFTER INSERT OR DELETE OR UPDATE OF version, confidence ON steward.model
    FOR EACH ROW EXECUTE FUNCTION steward.model_serves();

CREATE VIEW steward.model_drift WITH (security_invoker = true) AS
SELECT w.name, w.version, w.closed_at, w.inputs, l.label, l.drift,
       CASE WHEN l.drift > coalesce(m.retrain_drift, 0.25) THEN 'drift' WHEN l.drift > 0.1 THEN 'watch' ELSE 'steady' END AS verdict
FROM steward.model_window AS w JOIN steward.model AS m ON m.name = w.name,
     ROWS FROM (unnest(w.labels), unnest(w.stability)) AS l (label, drift);
COMMENT ON VIEW steward.model_drift IS 'how far the probabilities of each label, in windows of new inputs, are from what they were where the version was judged';

CREATE VIEW steward.models WITH (security_invoker = true) AS
SELECT m.name, m.owner, m.version, m.held, m.promoted_at, v.trained_at, v.metrics ->> 'log_loss' AS log_loss, v.metrics -> 'labels' AS labels,
       CASE WHEN s.served = m.version THEN s.live_rows END AS live_rows, CASE WHEN s.served = m.version THEN s.live_log_loss END AS live_log_loss, m.shadow,
       (SELECT w.drift FROM steward.model_drift AS w WHERE w.name = m.name AND w.version = m.version ORDER BY w.closed_at DESC, w.drift DESC LIMIT 1) AS drift,
       (SELECT count(*) FROM steward.model_learnt AS l WHERE l.name = m.name) AS examples, (s.labelled_rows - s.trained_rows) AS new_rows, m.retrain_rows, m.retrain_cron, s.trained_at AS last_training, s.error, s.error_at
FROM steward.model AS m
     LEFT JOIN steward.model_version AS v ON v.name = m.name AND v.version = m.version
     LEFT JOIN steward.model_state AS s ON s.name = m.name;
COMMENT ON VIEW steward.models IS 'models, how good the version that serves is on rows it has not seen, and how trainings go';

CREATE VIEW steward.model_versions WITH (security_invoker = true) AS
SELECT v.name, v.version, v.version = m.version AS serves, v.outcome, v.reason, v.because, v.trained_at, v.duration,
       (v.metrics ->> 'rows')::bigint AS rows, (v.metrics ->> 'holdout_rows')::bigint AS holdout_rows, (v.metrics ->> 'features')::bigint AS features,
       (v.metrics ->> 'accuracy')::float8 AS accuracy, (v.metrics ->> 'log_loss')::float8 AS log_loss,
       (v.metrics ->> 'champion_log_loss')::float8 AS champion_log_loss, (v.metrics ->> 'constant_log_loss')::float8 AS constant_log_loss,
       v.gained, v.gained_low, v.metrics -> 'labels' AS labels, v.hash
FROM steward.model_version AS v JOIN steward.model AS m ON m.name = v.name;
COMMENT ON VIEW steward.model_versions IS 'what each training of a model gave, measured on rows that it has not learnt from';

-- What is known of a principle before it is tried; of the past, what was known then.
CREATE VIEW steward.principle_inputs WITH (security_invoker = true) AS
SELECT p.principle_id, p.statement, p.category, steward.criteria_formality(p.criteria) AS formality, jsonb_array_length(p.criteria) AS criteria,
       steward.statement_complexity(p.statement) AS complexity, coalesce(a.finished_attempts, 0) AS attempts,
       a.successful_attempts::float8 / nullif(a.finished_attempts, 0) AS success_rate
FROM steward.constitutional_principles AS p LEFT JOIN steward.qec_attempts AS a USING (principle_id);
COMMENT ON VIEW steward.principle_inputs IS 'what principle_risk goes by';

CREATE VIEW steward.principle_failures WITH (security_invoker = true) AS
SELECT l.principle_id, l.attempted_at, p.statement, p.category, steward.criteria_formality(p.criteria) AS formality,
       jsonb_array_length(p.criteria) AS criteria, steward.statement_complexity(p.statement) AS complexity, l.attempts, l.success_rate,
       CASE WHEN l.final_outcome = 'success' THEN '{}' WHEN l.final_outcome IS NOT NULL THEN ARRAY[coalesce(l.failure_type, 'other')] END AS failures
FROM (SELECT a.principle_id, a.attempted_at, a.final_outcome, a.failure_type, count(a.final_outcome) OVER before AS attempts,
             avg((a.final_outcome = 'success')::integer::float8) FILTER (WHERE a.final_outcome IS NOT NULL) OVER before AS success_rate
      FROM steward.qec_synthesis_attempt_logs AS a
      WINDOW before AS (PARTITION BY a.principle_id ORDER BY a.attempted_at, a.attempt_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS l
     JOIN steward.constitutional_principles AS p USING (principle_id);
COMMENT ON VIEW steward.principle_failures IS 'each attempt with what was known before it, and how it failed: what the model of principle_risk learns from';

CREATE VIEW steward.failure_errors WITH (security_invoker = true) AS
SELECT coalesce(a.error_details ->> 'message', a.error_details ->> 'error', a.error_details #>> '{}') AS error, a.failure_type
FROM steward.qec_synthesis_attempt_logs AS a WHERE a.error_details IS NOT NULL AND a.failure_type IS NOT NULL
UNION ALL
SELECT e.error, e.failure_type FROM steward.failure_examples() AS e;
COMMENT ON VIEW steward.failure_errors IS 'error texts and what type of failure each was: what the model of failure_type_of learns from';

INSERT INTO steward.job_kind (kind, owner, runner, handler, max_attempts, timeout, backoff, backoff_cap)
VALUES ('model_train', 'steward_owner', 'd', 'steward.model_train_job(bigint,jsonb)', 3, '2 hours', '300 seconds', '1 hour');

DO $$
DECLARE
    named text;
BEGIN
    FOREACH named IN ARRAY ARRAY['model', 'model_version', 'model_state', 'model_window', 'model_example'] LOOP
        EXECUTE format('ALTER TABLE steward.%I ENABLE ROW LEVEL SECURITY', named);
        EXECUTE format('CREATE POLICY members ON steward.%I USING (pg_has_role(owner, ''USAGE'')) WITH CHECK (pg_has_role(owner, ''USAGE''))', named);
        EXECUTE format('CREATE POLICY readers ON steward.%I FOR SELECT USING (true)', named);
        EXECUTE format('GRANT SELECT ON steward.%I TO steward_reader', named);
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON steward.%I TO steward_writer', named);
    END LOOP;
END $$;
DROP POLICY readers ON steward.model_example; -- inputs are their owner's
GRANT SELECT ON steward.model_champion, steward.model_learnt, steward.models, steward.model_drift, steward.model_versions, steward.principle_inputs, steward.principle_failures, steward.failure_errors TO steward_reader;

COMMIT;
