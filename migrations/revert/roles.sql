-- Revert pg_steward:roles from pg
-- The roles stay: other databases of the cluster may use them. What they may do in this one goes.
BEGIN;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA steward
    FROM steward_owner, steward_reader, steward_writer, steward_job,
         steward_worker, steward_metrics, steward_sidecar;
REVOKE ALL ON SCHEMA steward FROM steward_owner, steward_reader, steward_writer, steward_job, steward_worker, steward_metrics, steward_sidecar;

COMMIT;
