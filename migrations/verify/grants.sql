-- Verify pg_steward:grants on pg
DO $$
BEGIN
    ASSERT has_function_privilege('steward_reader', 'steward.principle_score(bigint)', 'EXECUTE');
    ASSERT has_function_privilege('steward_writer', 'steward.score_principle(bigint)', 'EXECUTE');
    ASSERT has_function_privilege('steward_worker', 'steward.worker_run(integer)', 'EXECUTE');
    ASSERT NOT has_function_privilege('steward_reader', 'steward.score_principle(bigint)', 'EXECUTE');
END $$;
