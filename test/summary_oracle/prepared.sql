-- A transaction that is prepared, and committed or rolled back some milliseconds later.
\set fate random(1, 30)
BEGIN;
SELECT change(), change();
PREPARE TRANSACTION 'change :client_id';
\sleep :fate ms
\if :fate > 25
ROLLBACK PREPARED 'change :client_id';
\else
COMMIT PREPARED 'change :client_id';
\endif
