"""/livez, /readyz and /metrics."""
import re
import subprocess
import unittest

from sidecar import SCORE, Double, Sidecar, SidecarTest, psql


class Probes(SidecarTest):
    def test_alive(self):
        answer = self.sidecar.get("/livez")
        self.assertEqual((answer.status, answer.json()), (200, {"alive": True}))

    def test_ready(self):
        answer = self.sidecar.get("/readyz")
        self.assertEqual(answer.status, 200, answer.body)
        ready = answer.json()
        self.assertTrue(ready["ready"])
        self.assertEqual(set(ready["checks"]), {"database", "extension", "library", "migrations", "rights", "in_recovery"})
        self.assertFalse(ready["checks"]["in_recovery"])
        self.assertEqual(self.sidecar.request("HEAD", "/readyz").status, 200)

    def test_not_ready_without_the_extension(self):
        sidecar = Sidecar(environment={"PGDATABASE": "template1"})
        try:
            answer = sidecar.get("/readyz")
            self.assertEqual(answer.status, 503)
            checks = answer.json()["checks"]
            self.assertTrue(checks["database"]["ok"])
            self.assertFalse(checks["extension"]["ok"])
            self.assertFalse(checks["migrations"]["ok"])
            self.check_problem(sidecar.score(1), 503)
        finally:
            self.assertEqual(sidecar.stop(), 0)

    def test_not_ready_without_rights(self):
        psql("CREATE ROLE outsider LOGIN")
        sidecar = Sidecar(environment={"PGUSER": "outsider"})
        try:
            for grant, detail in (("SELECT 1", "missing: USAGE on schema steward"),
                                  ("GRANT USAGE ON SCHEMA steward TO outsider", "principle_score(bigint)"),
                                  ("GRANT EXECUTE ON FUNCTION steward.principle_score(bigint) TO outsider",
                                   "missing: EXECUTE on principle_draft_score(text, jsonb, bigint, text), ")):
                psql(grant)
                answer = sidecar.get("/readyz")
                self.assertEqual(answer.status, 503)
                checks = answer.json()["checks"]
                self.assertTrue(checks["database"]["ok"])
                self.assertFalse(checks["rights"]["ok"])
                self.assertIn(detail, checks["rights"]["detail"])
        finally:
            self.assertEqual(sidecar.stop(), 0)
            psql("DROP OWNED BY outsider; DROP ROLE outsider")


class Metrics(SidecarTest):
    def test_promtool_reads_them(self):
        for path in (f"{SCORE}?principle_id=1", f"{SCORE}?principle_id=x", "/nowhere", "/livez", "/readyz"):
            self.sidecar.get(path)
        self.sidecar.request("BREW", "/")
        answer = self.sidecar.get("/metrics")
        self.assertEqual(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        done = subprocess.run(["promtool", "check", "metrics"], input=answer.body, text=True, capture_output=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_what_there_is(self):
        self.sidecar.score(1)
        text = self.sidecar.get("/metrics").body
        for name, kind in (("steward_build_info", "gauge"), ("steward_http_requests_total", "counter"),
                           ("steward_http_request_duration_seconds", "histogram"),
                           ("steward_http_connections", "gauge"), ("steward_database_up", "gauge"),
                           ("steward_database_connections", "gauge"),
                           ("steward_database_reconnects_total", "counter"), ("steward_scrape_age_seconds", "gauge"),
                           ("steward_scrape_errors_total", "counter"), ("steward_operations_total", "counter"),
                           ("steward_operation_duration_seconds", "histogram"),
                           ("steward_distance_calculation_seconds", "histogram")):
            self.assertIn(f"# TYPE {name} {kind}\n", text)
        self.assertIn("\nsteward_database_up 1\n", text)

    def test_no_sample_stands_there_twice(self):
        self.sidecar.score(1)
        lines = self.sidecar.get("/metrics").body.splitlines()
        samples = [line.rsplit(" ", 1)[0] for line in lines if not line.startswith("#")]
        self.assertEqual([sample for sample in set(samples) if samples.count(sample) > 1], [])

    def test_requests_are_counted(self):
        sample = f'steward_http_requests_total{{route="{SCORE}",method="GET",status="404"}}'
        before = self.sidecar.metric(sample) or 0
        self.sidecar.score(999999)
        self.assertEqual(self.sidecar.metric(sample), before + 1)

    def test_labels_do_not_grow_with_what_clients_send(self):
        for number in range(50):
            self.sidecar.get(f"/unknown/{number}")
            self.sidecar.request(f"M{number}", "/")
        routes = set(re.findall('route="([^"]*)"', self.sidecar.get("/metrics").body))
        self.assertLessEqual(routes, {SCORE, "/livez", "/readyz", "/metrics", "other"})
        methods = set(re.findall('method="([^"]*)"', self.sidecar.get("/metrics").body))
        self.assertLessEqual(methods, {"GET", "HEAD", "POST", "other"})

    def test_scrapes_share_one_connection(self):
        sidecar = Sidecar("--application-name", "steward scrapes", "--workers", "1")
        try:
            for _ in range(20):
                self.assertEqual(sidecar.get("/metrics").status, 200)
            count = psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'steward scrapes'")
            self.assertLessEqual(int(count), 3) # with those of the worker and of what the program does by itself
        finally:
            self.assertEqual(sidecar.stop(), 0)


OPERATIONS = r"""
CREATE SCHEMA steward;
CREATE FUNCTION steward.tick_summary() RETURNS TABLE (frequency_hz float8, latency_total_s float8)
LANGUAGE sql AS $$ VALUES (9.75::float8, 1.5::float8) $$;
CREATE FUNCTION steward.tick_histogram() RETURNS TABLE (upper_seconds float8, observations bigint)
LANGUAGE sql AS $$ VALUES (0.05::float8, 95::bigint), ('Infinity', 100) $$;
CREATE FUNCTION steward.operation_counts() RETURNS TABLE (component text, operation text, status text, calls bigint)
LANGUAGE sql AS $$ VALUES ('score', 'profile_score', 'ok', 7::bigint), ('odd', E'a"b\\c\nd', 'error', 1) $$;
CREATE FUNCTION steward.operation_histogram()
RETURNS TABLE (component text, operation text, upper_seconds float8, observations bigint)
LANGUAGE sql AS $$
    SELECT CASE operation WHEN 'jobs_tend' THEN 'duty' ELSE 'score' END, operation, upper_seconds, observations
    FROM unnest(ARRAY['profile_score', 'constitutional_detail', 'ambiguity', 'jobs_tend']) AS operation,
         (VALUES (1e-6::float8, 1::bigint), (0.5, 4), ('Infinity', 5)) AS v (upper_seconds, observations) $$;
CREATE FUNCTION steward.operation_totals()
RETURNS TABLE (component text, operation text, total_seconds float8, samples bigint)
LANGUAGE sql AS $$
    SELECT CASE operation WHEN 'jobs_tend' THEN 'duty' ELSE 'score' END, operation, 0.25::float8, 5::bigint
    FROM unnest(ARRAY['profile_score', 'constitutional_detail', 'ambiguity', 'jobs_tend']) AS operation $$;
"""


class Operations(unittest.TestCase):
    """What the database counts, with figures that are known."""

    @classmethod
    def setUpClass(cls):
        cls.double = Double("steward_operations", OPERATIONS)
        cls.sidecar = Sidecar(environment={"PGDATABASE": cls.double.name})

    @classmethod
    def tearDownClass(cls):
        cls.sidecar.stop()
        cls.double.drop()

    def test_counts(self):
        text = self.sidecar.get("/metrics").body
        self.assertIn('\nsteward_operations_total{component="score",operation="profile_score",status="ok"} 7\n', text)
        self.assertIn('{component="odd",operation="a\\"b\\\\c\\nd",status="error"} 1\n', text)

    def test_durations(self):
        text = self.sidecar.get("/metrics").body
        label = 'component="score",operation="ambiguity"'
        for line in (f'_bucket{{{label},le="0.000001"}} 1', f'_bucket{{{label},le="0.5"}} 4',
                     f'_bucket{{{label},le="+Inf"}} 5', f"_sum{{{label}}} 0.25", f"_count{{{label}}} 5"):
            self.assertIn(f"\nsteward_operation_duration_seconds{line}\n", text)

    def test_ticks(self):
        text = self.sidecar.get("/metrics").body
        for line in ("steward_tick_frequency_hertz 9.75", "nfcs_coordination_frequency_hz 9.75"):
            self.assertIn(f"\n{line}\n", text)
        for line in ('_bucket{le="0.05"} 95', '_bucket{le="+Inf"} 100', "_sum 1.5", "_count 100"):
            for name in ("steward_tick_latency_seconds", "nfcs_coordination_latency_seconds"):
                self.assertIn(f"\n{name}{line}\n", text)

    def test_duties(self):
        text = self.sidecar.get("/metrics").body
        for name, label in (("steward_duty_duration_seconds", "duty"), ("nfcs_module_response_time_seconds", "module_name")):
            self.assertIn(f'\n{name}_bucket{{{label}="jobs_tend",le="0.5"}} 4\n', text)
            self.assertIn(f'\n{name}_count{{{label}="jobs_tend"}} 5\n', text)

    def test_distances_are_the_sum_of_their_operations(self):
        text = self.sidecar.get("/metrics").body
        for line in ('_bucket{le="0.000001"} 2', '_bucket{le="0.5"} 8', '_bucket{le="+Inf"} 10', "_sum 0.5", "_count 10"):
            for name in ("steward_distance_calculation_seconds", "qec_distance_calculation_seconds"):
                self.assertIn(f"\n{name}{line}\n", text)

    def test_promtool_reads_them(self):
        done = subprocess.run(["promtool", "check", "metrics"], input=self.sidecar.get("/metrics").body, text=True,
                              capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
