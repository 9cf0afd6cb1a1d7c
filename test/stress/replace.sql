-- A principle is deleted and written again under its number.
\set i random(1, 600)
BEGIN;
DELETE FROM steward.constitutional_principles WHERE principle_id = :i;
INSERT INTO steward.constitutional_principles (principle_id, name, category, statement, profile)
VALUES (:i, 'new', 'c', 'It should be synergy.', 'p2') ON CONFLICT DO NOTHING;
COMMIT;
