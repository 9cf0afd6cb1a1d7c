-- Champions and challengers of which it is known which is truly better: what bench/model-gate repeats.

-- Texts of words whose weights are drawn, and labels drawn by the sum of the weights.
CREATE TABLE example (id integer, body text, is_true boolean, shuffled boolean);
CREATE FUNCTION draw_examples(seed float8, count integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE example;
    PERFORM setseed(seed);
    CREATE TEMP TABLE word ON COMMIT DROP AS
    SELECT i, 'w' || i AS word, 3 * (random() + random() + random() + random() - 2) AS weight FROM generate_series(0, 299) AS i;
    CREATE TEMP TABLE drawn ON COMMIT DROP AS
    SELECT id, n, floor(300 * random() ^ 2)::integer AS i FROM generate_series(1, count) AS id, generate_series(1, 8) AS n;
    INSERT INTO example
    SELECT d.id, string_agg(w.word, ' ' ORDER BY d.n), NULL, NULL FROM drawn AS d JOIN word AS w USING (i) GROUP BY d.id ORDER BY d.id;
    UPDATE example AS e SET is_true = random() < 1 / (1 + exp(-s.score)), shuffled = random() < 0.5
    FROM (SELECT d.id, sum(w.weight) AS score FROM drawn AS d JOIN word AS w USING (i) GROUP BY d.id ORDER BY d.id) AS s WHERE s.id = e.id;
    DROP TABLE word, drawn;
END $$;

-- What the version that serves loses on each row that no model has learnt from: `known` rows are for learning.
CREATE FUNCTION losses(name text, known integer) RETURNS float8[] LANGUAGE sql AS $$
    SELECT array_agg(-ln(greatest(CASE WHEN e.is_true THEN p ELSE 1 - p END, 1e-15)) ORDER BY e.id)
    FROM example AS e, LATERAL (SELECT steward.model_probability(name, e.body, 'true') AS p) AS m WHERE e.id > known
$$;

-- How often a model would be promoted by the rule that compares what each loses on rows of its own.
CREATE FUNCTION usual_share(champion float8[], challenger float8[], holdout integer, draws integer) RETURNS float8 LANGUAGE sql AS $$
    SELECT avg((new_loss < old_loss)::integer)
    FROM (SELECT (SELECT avg(champion[1 + floor(random() * cardinality(champion))::integer]) FROM generate_series(1, holdout) AS i WHERE d > 0) AS old_loss,
                 (SELECT avg(challenger[1 + floor(random() * cardinality(challenger))::integer]) FROM generate_series(1, holdout) AS i WHERE d > 0) AS new_loss
          FROM generate_series(1, draws) AS d) AS rounds
$$;

CREATE TABLE met (kind text, seed integer, champion_loss float8, challenger_loss float8, outcome text, usual float8);

-- A champion and a challenger, one of which learns from a part of the rows that the other has.
CREATE FUNCTION meet(kind text, seed integer, known integer, champion_part float8, challenger_part float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    source constant text := 'SELECT body, is_true FROM example WHERE id <= %s';
    champion float8[];
    challenger float8[];
    trained record;
BEGIN
    PERFORM steward.model_create('gate', format(source, (known * champion_part)::integer), label => 'is_true', text => 'body', retrain_rows => NULL,
                                 retrain_cron => NULL, retrain_drift => NULL);
    PERFORM steward.model_train('gate');
    champion := losses('gate', known);
    PERFORM steward.model_alter('gate', source => format(source, (known * challenger_part)::integer));
    SELECT * INTO trained FROM steward.model_train('gate');
    IF trained.outcome <> 'promoted' THEN
        PERFORM steward.model_promote('gate', trained.version);
    END IF;
    challenger := losses('gate', known);
    INSERT INTO met
    SELECT kind, seed, (SELECT avg(l) FROM unnest(champion) AS l), (SELECT avg(l) FROM unnest(challenger) AS l), trained.outcome,
           usual_share(champion, challenger, (v.metrics ->> 'holdout_rows')::integer, 50)
    FROM steward.model_version AS v WHERE v.name = 'gate' AND v.version = trained.version;
    PERFORM steward.model_drop('gate');
END $$;

CREATE TABLE shuffled (seed integer, auc float8, outcome text);

-- A model of labels that were drawn without a look at the texts.
CREATE FUNCTION shuffle(seed integer, known integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    trained record;
BEGIN
    PERFORM steward.model_create('shuffled', format('SELECT body, shuffled FROM example WHERE id <= %s', known), label => 'shuffled', text => 'body',
                                 retrain_rows => NULL, retrain_cron => NULL, retrain_drift => NULL);
    SELECT * INTO trained FROM steward.model_train('shuffled');
    INSERT INTO shuffled
    SELECT seed, (v.labels -> 'true' ->> 'auc')::float8, trained.outcome FROM steward.model_versions AS v
    WHERE v.name = 'shuffled' AND v.version = trained.version;
    PERFORM steward.model_drop('shuffled');
END $$;
