-- What a session does all day, many times over, each time in transactions of its own; errors and what is rolled back among it.
SET client_min_messages = error;
SET search_path = steward, public;
DO $$
DECLARE
    text text;
    answer jsonb;
    chosen record;
    span uuid;
BEGIN
    FOR i IN 1 .. 40 LOOP
        text := format('Requests should usually be answered within %s ms where possible; see bridge %s.', i, i % 7);
        -- Texts.
        PERFORM ambiguity(text), ambiguity(text, 'acgs'), statement_complexity(text), levenshtein(text, reverse(text)), exact_match(text, upper(text)),
                constitutional_distance(text, '[]', i, i + 1), embed(text), cardinality(ambiguity_scores(ARRAY[text, text || text]));
        PERFORM count(*) FROM ambiguity_findings(text);
        PERFORM token_f1 FROM text_overlap(text, reverse(text));
        PERFORM score FROM semantic_score(text, 'Requests are answered at once.');
        BEGIN
            PERFORM ambiguity(text, 'no such lexicon');
        EXCEPTION WHEN others THEN NULL;
        END;
        -- The cache.
        PERFORM cache_set('soak', 'k' || i, jsonb_build_object('i', i, 'fill', repeat('x', i * 20)), tags => ARRAY['t' || i % 5]);
        PERFORM cache_get('soak', 'k' || j) FROM generate_series(1, 50) AS j;
        PERFORM cache_fetch('soak', 'f' || i % 30, 'soak.compute(jsonb)', to_jsonb(i));
        PERFORM cache_delete_like('soak', 'k1%'), cache_invalidate_tag('t' || i % 5);
        BEGIN
            PERFORM cache_get('no such cache', 'k');
        EXCEPTION WHEN others THEN NULL;
        END;
        COMMIT;
        -- Rows that summaries, embeddings and an index follow.
        INSERT INTO soak.note (kind, label, body, took) SELECT j % 20, 'good', text, j FROM generate_series(1, 5) AS j;
        UPDATE soak.note SET took = took + 1, body = body || '.' WHERE id % 400 = i;
        BEGIN
            DELETE FROM soak.note WHERE kind = i % 20;
            PERFORM count(*) FROM vector_search('soak.note', embed(text), k => 3);
            RAISE EXCEPTION 'not that';
        EXCEPTION WHEN raise_exception THEN NULL;
        END;
        DELETE FROM soak.note WHERE id IN (SELECT id FROM soak.note ORDER BY id LIMIT 5);
        COMMIT;
        PERFORM count(*) FROM hybrid_search('soak.note', 'lost parcel', k => 5);
        PERFORM count(*) FROM vector_search('soak.note', 'a bridge in the sun', k => 5);
        -- What is learned.
        answer := model_predict('soak_model', jsonb_build_object('body', text, 'took', i));
        SELECT * INTO chosen FROM strategy_choose('timeout');
        PERFORM strategy_reward(chosen.decision_id, i % 3 > 0);
        PERFORM metric_record('soak_seconds', i / 1000.0, '{"part": "a"}');
        span := span_start('soak');
        PERFORM span_end(span);
        COMMIT;
    END LOOP;
END $$;
SELECT FROM summary_refresh('soak.added');
SELECT FROM summary_refresh('soak.keyed');
CALL jobs_run();
SELECT count(*) FROM doctor(), operation_stats \g /dev/null
