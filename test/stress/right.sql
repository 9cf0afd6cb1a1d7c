-- What is not as it ought to be: nothing, once everybody has come to rest.
SELECT 'principle ' || p.principle_id || ' has ' || coalesce(p.distance_score::text, 'no score') || ', not ' || d.distance
FROM steward.constitutional_principles AS p,
     steward.principle_draft_score(p.statement, p.criteria, p.principle_id, p.profile) AS d
WHERE p.distance_score IS DISTINCT FROM d.distance
UNION ALL
SELECT 'history of principle ' || p.principle_id || ' lacks its score'
FROM steward.constitutional_principles AS p
WHERE p.distance_score IS NOT NULL AND NOT EXISTS (
          SELECT FROM steward.qec_distance_calculations AS h
          WHERE h.principle_id = p.principle_id AND h.score_updated_at = p.scored_at
                AND abs(h.composite_score - (1 - p.distance_score)) < 1e-12)
UNION ALL
SELECT 'a queue is not empty' WHERE EXISTS (SELECT FROM steward.principle_change)
                                    OR EXISTS (SELECT FROM steward.profile_change)
                                    OR EXISTS (SELECT FROM steward.lexicon_change);
