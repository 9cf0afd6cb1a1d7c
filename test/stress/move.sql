-- A principle goes to another profile and is scored in the same transaction, while others change that profile.
\set i random(1, 600)
\set k random(1, 3)
BEGIN;
UPDATE steward.constitutional_principles SET profile = (ARRAY['default', 'p1', 'p2'])[:k] WHERE principle_id = :i;
SELECT count(*) FROM steward.score_principle(:i);
\sleep 5 ms
COMMIT;
