"""Errors of the database, and a database that goes away."""
import concurrent.futures
import os
import subprocess
import time
import unittest

from sidecar import DEADLINE, SCORE, Double, Sidecar, SidecarTest, psql, server, wait_for


class Lock:
    """Holds the table of the principles, so that scores wait."""

    def __enter__(self):
        self.session = subprocess.Popen(["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.session.stdin.write("BEGIN; LOCK TABLE steward.constitutional_principles; SELECT 'locked';\n")
        self.session.stdin.flush()
        assert self.session.stdout.readline().strip() == "locked"
        return self

    def release(self):
        self.session.stdin.close()
        self.session.wait()
        self.session.stdout.close()

    def __exit__(self, *_):
        if not self.session.stdin.closed:
            self.release()


def waiting():
    """How many scores wait for the lock."""
    return int(psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    " AND application_name LIKE 'steward%'"))


SESSION = """
CREATE SCHEMA steward;
CREATE FUNCTION steward.principle_score(bigint)
RETURNS TABLE (score float8, distance float8, level text, ambiguity float8, formality float8, reliability float8,
               complexity float8, scored_at timestamptz, stored boolean, formula_version text, lexicon_version text,
               findings jsonb)
LANGUAGE sql AS $$
    SELECT 'NaN'::float8, 0, current_setting('jit'), 0, 0, 0, 0, '2026-01-31 13:00:00.5+01'::timestamptz, true,
           current_setting('application_name'), current_setting('statement_timeout'), '[]'::jsonb $$;
"""


class Errors(SidecarTest):
    options = ("--statement-timeout", "300", "--application-name", "steward errors")

    def test_time_limit(self):
        with Lock():
            answer = self.sidecar.score(1)
        self.check_problem(answer, 504, "57014")
        self.assertNotIn("statement timeout", answer.body)

    def test_time_limit_is_our_own_where_the_session_has_none(self):
        sidecar = Sidecar("--statement-timeout", "300", "--prepared-statements", "off")
        try:
            with Lock():
                self.check_problem(sidecar.score(1), 504, "57014")
            self.assertEqual(sidecar.score(1).status, 200)
        finally:
            self.assertEqual(sidecar.stop(), 0)

    def test_rights(self):
        psql("CREATE ROLE nobody_special LOGIN")
        sidecar = Sidecar(environment={"PGUSER": "nobody_special"})
        try:
            answer = sidecar.score(1)
            self.check_problem(answer, 403, "42501")
            self.assertNotIn("steward", answer.body)
            self.assertIn("permission denied", sidecar.log())
            self.assertIn("steward_database_up 1", sidecar.get("/metrics").body)
            self.assertGreater(sidecar.metric("steward_scrape_errors_total"), 0)
        finally:
            self.assertEqual(sidecar.stop(), 0)
            psql("DROP ROLE nobody_special")

    def test_role_that_reads_and_measures_is_enough(self):
        psql("CREATE ROLE steward_http LOGIN IN ROLE steward_reader, steward_metrics")
        sidecar = Sidecar(environment={"PGUSER": "steward_http"})
        try:
            self.assertEqual(sidecar.score(1).status, 200)
            self.assertEqual(sidecar.post({"principle_data": {"description": "It may."}}).status, 200)
            ready = sidecar.get("/readyz")
            self.assertEqual(ready.status, 200, ready.body)
            self.assertIn("version", ready.json()["checks"]["library"]["detail"])
            self.assertEqual(sidecar.metric("steward_scrape_errors_total"), 0)
        finally:
            self.assertEqual(sidecar.stop(), 0)
            psql("DROP ROLE steward_http")

    def test_settings_of_a_session(self):
        double = Double("steward_session", SESSION)
        sidecar = Sidecar("--application-name", "who I am", "--statement-timeout", "4321",
                          environment={"PGDATABASE": double.name})
        try:
            score = sidecar.score(1).json()
            self.assertEqual(score["level"], "off")
            self.assertEqual(score["calculation_metadata"]["version"], "who I am")
            self.assertEqual(score["calculation_metadata"]["lexicon_version"], "4321ms")
            self.assertEqual(score["calculation_metadata"]["timestamp"], "2026-01-31T12:00:00.5Z")
            self.assertIsNone(score["score"]) # JSON has no word for NaN
        finally:
            self.assertEqual(sidecar.stop(), 0)
            double.drop()

    def test_digits_and_options_of_the_environment(self):
        double = Double("steward_digits", SESSION.replace("SELECT 'NaN'::float8, 0, current_setting('jit')",
                                                          "SELECT 0.1::float8 + 0.2, 0, current_setting('work_mem')"))
        psql(f"ALTER DATABASE {double.name} SET extra_float_digits = 0")
        sidecar = Sidecar(environment={"PGDATABASE": double.name, "PGOPTIONS": "-c work_mem=5MB -c jit=on"})
        try:
            score = sidecar.score(1)
            self.assertIn('"score":0.30000000000000004,', score.body)
            self.assertEqual(score.json()["level"], "5MB")
        finally:
            self.assertEqual(sidecar.stop(), 0)
            double.drop()

    def test_errors_that_pass_or_are_the_database_s(self):
        """And a feature that is missing is no reason to connect again."""
        raising = SESSION.replace("LANGUAGE sql AS", "LANGUAGE plpgsql AS")
        raising = raising[:raising.index("$$")] + """$$ BEGIN
            RAISE EXCEPTION 'hush' USING ERRCODE = (ARRAY['55000', '42883', '3F000', '42P01', '55P03', '0A000'])[$1];
            END $$;"""
        double = Double("steward_raising", raising)
        sidecar = Sidecar("--workers", "1", environment={"PGDATABASE": double.name})
        try:
            for number, code in enumerate(("55000", "42883", "3F000", "42P01", "55P03")):
                self.check_problem(sidecar.score(number + 1), 503, code)
            self.check_problem(sidecar.score(6), 500, "0A000")
            self.assertEqual(sidecar.metric("steward_database_reconnects_total"), 0)
        finally:
            self.assertEqual(sidecar.stop(), 0)
            double.drop()

    def test_statements_of_a_lost_session_are_prepared_again(self):
        sidecar = Sidecar("--workers", "1", "--application-name", "steward forgetful")
        try:
            for _ in range(3):
                self.assertEqual(sidecar.score(1).status, 200)
                psql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                     " WHERE application_name = 'steward forgetful'")
        finally:
            self.assertEqual(sidecar.stop(), 0)


class Recovery(unittest.TestCase):
    def test_database_goes_and_comes_back(self):
        sidecar = Sidecar()
        try:
            self.assertEqual(sidecar.score(1).status, 200)
            self.assertEqual(sidecar.get("/readyz").status, 200)
            self.assertEqual(sidecar.metric("steward_database_up"), 1)
            samples = sidecar.get("/metrics").body.count("steward_operation")
            server("stop")
            try:
                answer = sidecar.score(1)
                self.assertEqual((answer.status, answer.json()["code"]), (503, "08006"))
                self.assertGreater(int(answer.headers["retry-after"]), 0)
                self.assertNotIn("socket", answer.body) # no word of where the database is
                times = []
                for _ in range(20): # not one attempt to connect a request
                    start = time.monotonic()
                    self.assertEqual(sidecar.score(1).status, 503)
                    times.append(time.monotonic() - start)
                self.assertLess(sorted(times)[-3], 1) # but for two pauses of the machine
                ready = sidecar.get("/readyz")
                self.assertEqual((ready.status, ready.json()["ready"]), (503, False))
                self.assertIn("retry-after", ready.headers)
                self.assertEqual(sidecar.get("/livez").status, 200)
                metrics = sidecar.get("/metrics")
                self.assertEqual(metrics.status, 200)
                self.assertIn("\nsteward_database_up 0\n", metrics.body)
                self.assertEqual(metrics.body.count("steward_operation"), samples) # the last that was known
            finally:
                server("start")
            wait_for(lambda: sidecar.score(1).status == 200, "recovery")
            wait_for(lambda: sidecar.get("/readyz").status == 200, "readiness")
            for _ in range(30): # every worker
                self.assertEqual(sidecar.score(1).status, 200)
            self.assertGreater(sidecar.metric("steward_database_reconnects_total"), 0)
        finally:
            self.assertEqual(sidecar.stop(), 0)

    def test_worker_that_may_not_connect_takes_no_request(self):
        """It would fail at once, and be the first to take the next."""
        psql("CREATE ROLE few LOGIN CONNECTION LIMIT 1 IN ROLE steward_reader, steward_metrics")
        sidecar = Sidecar("--workers", "4", environment={"PGUSER": "few"})
        try:
            wait_for(lambda: sidecar.score(1).status == 200, "a connection")
            with concurrent.futures.ThreadPoolExecutor(4) as clients:
                answers = list(clients.map(lambda _: sidecar.score(1).status, range(200)))
            self.assertEqual(answers.count(200), 200)
        finally:
            self.assertEqual(sidecar.stop(), 0)
            wait_for(lambda: psql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'few'") == "0", "its end")
            psql("DROP ROLE few")

    def test_restart_between_two_requests_is_not_noticed(self):
        sidecar = Sidecar("--workers", "1")
        try:
            self.assertEqual(sidecar.score(1).status, 200)
            server("stop")
            server("start")
            self.assertEqual(sidecar.score(1).status, 200)
        finally:
            self.assertEqual(sidecar.stop(), 0)

    def test_starts_without_a_database(self):
        server("stop")
        try:
            sidecar = Sidecar()
        finally:
            server("start")
        try:
            wait_for(lambda: sidecar.score(1).status == 200, "the first score")
        finally:
            self.assertEqual(sidecar.stop(), 0)


class Stop(unittest.TestCase):
    def test_request_under_way_is_finished(self):
        sidecar = Sidecar("--statement-timeout", "15000")
        with Lock() as lock, sidecar.connect() as client, sidecar.connect() as idle:
            self.assertEqual(idle.request("GET", "/livez").status, 200)
            client.send(f"GET {SCORE}?principle_id=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            wait_for(lambda: waiting() >= 1, "the score to wait")  # workers that warm up wait, too
            sidecar.terminate()
            self.assertTrue(idle.is_closed())
            with self.assertRaises(OSError):
                sidecar.connect()
            self.assertIsNone(sidecar.process.poll())
            lock.release()
            answer = client.read()
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["connection"], "close")
        self.assertEqual(sidecar.stop(), 0)

    def test_waits_ten_seconds_at_most(self):
        sidecar = Sidecar("--statement-timeout", "60000")
        with Lock(), sidecar.connect() as client:
            client.send(f"GET {SCORE}?principle_id=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            wait_for(lambda: waiting() >= 1, "the score to wait")  # workers that warm up wait, too
            start = time.monotonic()
            sidecar.terminate()
            self.assertEqual(sidecar.process.wait(50), 0)
            self.assertLess(time.monotonic() - start, 40) # the statement has 60
        sidecar.folder.cleanup()

    def test_does_not_wait_for_workers_that_warm_up(self):
        with Lock():
            sidecar = Sidecar("--statement-timeout", "20000", "--workers", "1")
            wait_for(lambda: waiting() == 1, "the worker to wait")
            start = time.monotonic()
            sidecar.terminate()
            self.assertEqual(sidecar.process.wait(DEADLINE), 0)
            self.assertLess(time.monotonic() - start, 9) # others have ten seconds
        sidecar.folder.cleanup()

    def test_log_that_nobody_reads_stops_nothing(self):
        """Lines are dropped while the pipe is full, and counted in the next one that goes through."""
        reader, writer = os.pipe()
        sidecar = Sidecar("--workers", "1", log=writer)
        os.close(writer)
        try:
            with sidecar.connect() as client:
                client.socket.settimeout(60)
                for _ in range(1000):
                    self.assertEqual(client.request("GET", "/livez").status, 200)
                os.read(reader, 1 << 20)
                for _ in range(2):
                    self.assertEqual(client.request("GET", "/livez").status, 200)
                self.assertRegex(os.read(reader, 1 << 20), rb'"dropped":\d{3}')
            self.assertEqual(sidecar.stop(), 0)
        finally:
            os.close(reader)
            sidecar.process.kill()
            sidecar.process.wait()

    def test_probes_answer_while_all_workers_wait(self):
        sidecar = Sidecar("--workers", "2", "--statement-timeout", "15000")
        clients = [sidecar.connect() for _ in range(4)]
        try:
            with Lock():
                for client in clients:
                    client.send(f"GET {SCORE}?principle_id=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                wait_for(lambda: waiting() == 2, "both workers to wait")
                for path in ("/livez", "/readyz", "/metrics"):
                    self.assertEqual(sidecar.get(path).status, 200, path)
            for client in clients:
                self.assertEqual(client.read().status, 200)
        finally:
            for client in clients:
                client.close()
            self.assertEqual(sidecar.stop(), 0)


if __name__ == "__main__":
    unittest.main()
