-- A transaction that is prepared, and committed or rolled back some milliseconds later.
\set wanted random(1, 16)
\set fate random(1, 4)
BEGIN;
SELECT change(:wanted);
PREPARE TRANSACTION 'item :client_id';
\if :fate = 1
ROLLBACK PREPARED 'item :client_id';
\else
\sleep :fate ms
COMMIT PREPARED 'item :client_id';
\endif
