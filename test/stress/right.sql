-- What is not as it ought to be: nothing, once everybody has come to rest.
SELECT 'principle ' || p.principle_id || ' has ' || coalesce(p.distance_score::text, 'no score') || ', not ' || d.distance
FROM steward.constitutional_principles AS p,
     steward.principle_draft_score(p.statement, p.criteria, p.principle_id, p.profile) AS d
WHERE p.distance_score IS DISTINCT FROM d.distance
UNION ALL
SELECT 'history of principle ' || p.principle_id || ' ends otherwise'
FROM steward.constitutional_principles AS p,
     LATERAL (SELECT composite_score FROM steward.qec_distance_calculations AS h
              WHERE h.principle_id = p.principle_id ORDER BY score_updated_at DESC LIMIT 1) AS h
WHERE abs(h.composite_score - (1 - p.distance_score)) > 1e-12
UNION ALL
SELECT 'a queue is not empty' WHERE EXISTS (SELECT FROM steward.principle_change)
                                    OR EXISTS (SELECT FROM steward.profile_change)
                                    OR EXISTS (SELECT FROM steward.lexicon_change);
