-- Errors cross the border whole: SQLSTATE, message, detail and hint.
\set ON_ERROR_STOP 1
SET search_path = public, tap;
BEGIN;
SELECT plan(17);

SELECT results_eq(
    $$SELECT * FROM error_of('SELECT probe_throw(''core'')')$$,
    $$VALUES ('22023', 'the message', 'The detail.', 'The hint.')$$,
    'an error of the core keeps its detail and hint');
SELECT results_eq(
    $$SELECT * FROM error_of('SELECT probe_postgres_error()')$$,
    $$VALUES ('22012', 'from PostgreSQL', 'Its detail.', 'Its hint.')$$,
    'an error of PostgreSQL passes C++ frames unchanged');
SELECT results_eq(
    $$SELECT * FROM error_of('SELECT probe_nested(5)')$$,
    $$VALUES ('22023', 'the message', 'The detail.', 'The hint.')$$,
    'an error passes five borders in each direction');
SELECT throws_ok($$SELECT probe_throw('undefined')$$, '42704', 'no such name');
SELECT throws_ok($$SELECT probe_throw('unsupported')$$, '0A000', 'not here');
SELECT throws_ok($$SELECT probe_throw('bad_alloc')$$, '53200', 'out of memory');
SELECT throws_ok($$SELECT probe_throw('some text')$$, 'XX000', 'some text');
SELECT throws_ok($$SELECT probe_throw('int')$$, 'XX000', 'unknown C++ exception');
SELECT throws_ok($$SELECT probe_throw('struct')$$, 'XX000', 'unknown C++ exception');
SELECT throws_ok($$SELECT probe_too_much()$$, '53200', 'out of memory');
SELECT is((SELECT 'x' || repeat('é', (length(message) - 1)) = message AND octet_length(message) BETWEEN 1000 AND 1023
           FROM error_of($$SELECT probe_throw('long')$$)), true,
          'a long message is cut between characters');

SELECT throws_ok($$SELECT probe_static()$$, '22012', 'from PostgreSQL', 'a static initialiser may fail');
SELECT is(probe_static(), 7, '... and is tried again');
SELECT is(probe_subtransaction(), true, 'a subtransaction ends the flight of an error');

SELECT is(probe_error_context(), true, 'the stack of error contexts is as it was');

SET LOCAL statement_timeout = '20ms';
SELECT is((SELECT code FROM error_of($$SELECT probe_spin()$$)), '57014', 'a cancel stays a cancel');
RESET statement_timeout;

SELECT is(probe_alive(), 0, 'every object was destroyed');
SELECT * FROM finish();
ROLLBACK;
