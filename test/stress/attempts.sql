-- Attempts begin, end, and are forgotten; some of it is rolled back.
\set i random(1, 600)
\set j random(1, 600)
\set keep random(0, 3)
BEGIN;
INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, final_outcome) VALUES (:i, 'success'), (:j, NULL);
SAVEPOINT s;
DELETE FROM steward.qec_synthesis_attempt_logs WHERE principle_id = :j AND final_outcome = 'failure';
\if :keep
RELEASE s;
\else
ROLLBACK TO s;
\endif
UPDATE steward.qec_synthesis_attempt_logs SET final_outcome = 'failure' WHERE principle_id = :j AND final_outcome IS NULL;
COMMIT;
