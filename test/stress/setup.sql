-- Six hundred principles, three profiles and a lexicon, for sessions that change them at random.
INSERT INTO steward.lexicon (name, phrase, class, weight) VALUES ('house', 'tokens', 'jargon', 0.5), ('house', 'synergy', 'jargon', 0.5);
INSERT INTO steward.score_profile (name, weights, lexicon) VALUES ('p1', '{0.5,0.25,0.25}', 'iso'), ('p2', '{0.2,0.3,0.5}', 'house');
INSERT INTO steward.constitutional_principles (principle_id, name, category, statement, profile)
SELECT i, 'n' || i, 'c', 'It may be ' || i || ' tokens.', (ARRAY['default', 'p1', 'p2'])[1 + i % 3] FROM generate_series(1, 600) AS i;
