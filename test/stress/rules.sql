-- Weights, lexicons and which lexicon a profile uses change.
\set k random(1, 9)
\set what random(1, 3)
\if :what
UPDATE steward.lexicon SET weight = :k / 10.0 WHERE phrase = 'tokens';
UPDATE steward.score_profile SET weights = ARRAY[0.1 * :k, 1 - 0.1 * :k, 0] WHERE name = 'p1';
UPDATE steward.score_profile SET lexicon = CASE WHEN :k > 5 THEN 'house' ELSE 'iso' END WHERE name = 'p1';
\endif
\sleep 30 ms
