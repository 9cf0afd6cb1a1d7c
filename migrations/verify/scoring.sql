-- Verify pg_steward:scoring on pg
SELECT name, weights, lexicon FROM steward.score_profile WHERE false;
SELECT name, phrase, class, weight, reference FROM steward.lexicon WHERE false;
SELECT profile, ambiguity, formality, reliability, scored_at, formula_version, lexicon_version, score_error, content_hash, scored_hash
FROM steward.constitutional_principles WHERE false;
SELECT principle_id FROM steward.principle_change WHERE false;
SELECT profile FROM steward.profile_change WHERE false;
SELECT lexicon FROM steward.lexicon_change WHERE false;
SELECT table_name, retention, days_ahead FROM steward.history_retention WHERE false;
SELECT 'steward.constitutional_principles_pending'::regclass, 'steward.history_maintain(timestamptz)'::regprocedure;
