-- 20,000 errors in each direction leave neither objects nor memory behind. What is left for noise, one
-- byte a round and the allocator's granularity of 128 kB, is far below the least leak: an object is 4 kB.
\set ON_ERROR_STOP 1
SET search_path = public, tap;
BEGIN;
SELECT plan(16);
SELECT steward.operation_reset();

SELECT cmp_ok(growth_over($$SELECT probe_throw('core')$$, 20000), '<', 262144::bigint,
              'C++ to PostgreSQL: 20,000 errors of the core');
SELECT cmp_ok(growth_over($$SELECT probe_throw('some text')$$, 20000), '<', 262144::bigint,
              'C++ to PostgreSQL: 20,000 standard exceptions');
SELECT cmp_ok(growth_over($$SELECT probe_throw('int')$$, 20000), '<', 262144::bigint,
              'C++ to PostgreSQL: 20,000 thrown integers');
SELECT cmp_ok(growth_over($$SELECT probe_postgres_error()$$, 20000), '<', 262144::bigint,
              'PostgreSQL to C++: 20,000 errors');
SELECT cmp_ok(growth_over($$SELECT probe_nested(3)$$, 20000), '<', 262144::bigint,
              'both directions: 20,000 errors across three layers');
SELECT cmp_ok(growth_over($$SELECT probe_subtransaction()$$, 20000), '<', 262144::bigint,
              '20,000 errors that end in a subtransaction');
SELECT cmp_ok(growth_over($$SELECT probe_context_memory()$$, 20000), '<', 1048576::bigint,
              '20,000 jumps over a container in a memory context');
-- Errors that PostgreSQL raises while a function of ours returns rows: the disk is full.
SET LOCAL work_mem = '64kB';
SET LOCAL temp_file_limit = '64kB';
SELECT cmp_ok(growth_over($$SELECT count(*) FROM steward.ambiguity_findings(repeat('may be ', 20000))$$, 500), '<',
              1048576::bigint, '500 errors of the row store');
RESET temp_file_limit;
-- Rows are built and forgotten one by one.
CREATE TEMPORARY TABLE peak AS SELECT probe_peak_bytes() AS bytes, repeat('may ', 3000000) AS statement;
DO $$ BEGIN PERFORM count(*) FROM peak, steward.ambiguity_findings(statement); END $$;
SELECT cmp_ok(probe_peak_bytes() - (SELECT bytes FROM peak), '<', 67108864::bigint, 'three million findings take no memory');
SELECT is(probe_alive(), 0, 'every object was destroyed');

-- Each of these errors was counted once, whichever way it went, and none is taken for a running call.
SELECT is(probe_running(), 1, 'no call that failed is left on the stack');
SELECT results_eq(
    $$SELECT operation, status, calls FROM steward.operation_counts()
      WHERE operation IN ('probe_throw', 'probe_postgres_error', 'probe_nested', 'probe_subtransaction') ORDER BY 1$$,
    $$VALUES ('probe_nested', 'error', 4 * 22000::bigint), ('probe_postgres_error', 'error', 22000),
             ('probe_subtransaction', 'ok', 22000), ('probe_throw', 'error', 3 * 22000)$$,
    'errors of C++ and of PostgreSQL are counted, nested ones too');
SELECT cmp_ok((SELECT samples FROM steward.operation_totals() WHERE operation = 'probe_nested'), '>', 40000::bigint,
              'calls that fail are timed as well');
SELECT cmp_ok(growth_over($$SELECT 1 / (steward.operation_begin('test', 'fails') * 0)$$, 20000), '<', 262144::bigint,
              '20,000 errors after operation_begin');
SELECT results_eq(
    $$SELECT status, calls FROM steward.operation_counts() WHERE operation = 'fails'$$,
    $$VALUES ('error', 22000::bigint)$$, '... each counted');
DO $$ BEGIN FOR i IN 1 .. 20000 LOOP PERFORM steward.operation_end(steward.operation_begin('test', 'works')); END LOOP; END $$;
SELECT results_eq(
    $$SELECT status, calls FROM steward.operation_counts() WHERE operation = 'works'$$,
    $$VALUES ('ok', 20000::bigint)$$, '20,000 operations between begin and end');
SELECT * FROM finish();
ROLLBACK;
