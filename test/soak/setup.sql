-- Something of everything that test/soak/round.sql uses.
SET client_min_messages = warning;
CREATE SCHEMA soak;
INSERT INTO steward.constitutional_principles (principle_id, name, category, statement)
SELECT i, 'principle ' || i, 'tokens', 'Tokens should normally expire after a reasonable time.' FROM generate_series(1, 20) AS i;
CREATE TABLE soak.note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind integer, label text, body text, took integer);
SELECT steward.embedding_create('soak.note', 'body');
CREATE INDEX ON soak.note USING steward_ivf (embedding);
INSERT INTO soak.note (kind, label, body, took)
SELECT i % 20, CASE WHEN i % 2 = 0 THEN 'good' ELSE 'bad' END,
       CASE WHEN i % 2 = 0 THEN 'the sun is shining on bridge ' ELSE 'the parcel was lost near bridge ' END || i, i % 100 FROM generate_series(1, 2000) AS i;
SELECT steward.summary_create('soak.added', 'SELECT kind, count(*) AS notes, sum(took) AS took FROM soak.note GROUP BY kind', '{kind}', mode => 'delta');
SELECT steward.summary_create('soak.keyed', 'SELECT kind, max(took) AS most FROM soak.note GROUP BY kind', '{kind}', mode => 'keyed');
SELECT steward.model_create('soak_model', 'soak.note', label => 'label', text => 'body', features => '{took}');
SELECT version FROM steward.model_train('soak_model');
SELECT steward.cache_create('soak', max_entries => 500);
CREATE FUNCTION soak.compute(asked jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT jsonb_build_object(''asked'', asked, ''fill'', repeat(''y'', 2000))';
SELECT steward.metric_create('soak_seconds', 'histogram', 'how long the soak takes', labels => '{part}');
