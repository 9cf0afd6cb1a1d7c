"""/livez, /readyz and /metrics."""
import re
import subprocess
import unittest

from sidecar import SCORE, Sidecar, SidecarTest, psql


class Probes(SidecarTest):
    def test_alive(self):
        answer = self.sidecar.get("/livez")
        self.assertEqual((answer.status, answer.json()), (200, {"alive": True}))

    def test_ready(self):
        answer = self.sidecar.get("/readyz")
        self.assertEqual(answer.status, 200, answer.body)
        ready = answer.json()
        self.assertTrue(ready["ready"])
        self.assertEqual(set(ready["checks"]), {"database", "extension", "library", "migrations", "in_recovery"})
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
            self.assertEqual(sidecar.score(1).status, 500)
        finally:
            self.assertEqual(sidecar.stop(), 0)


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
        samples = [line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")]
        self.assertEqual(len(samples), len(set(samples)))

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

    def test_distances_are_those_of_the_operations(self):
        text = self.sidecar.get("/metrics").body
        operations = "profile_score|constitutional_score|constitutional_detail|constitutional_distance"
        counts = re.findall(rf'^steward_operation_duration_seconds_count{{component="score",operation="(?:{operations})"}} (\S+)$',
                            text, re.MULTILINE)
        total = re.search(r"^steward_distance_calculation_seconds_count (\S+)$", text, re.MULTILINE)
        self.assertEqual(float(total.group(1)), sum(map(float, counts)))

    def test_scrapes_share_one_connection(self):
        sidecar = Sidecar("--application-name", "steward scrapes", "--workers", "1")
        try:
            for _ in range(20):
                self.assertEqual(sidecar.get("/metrics").status, 200)
            count = psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'steward scrapes'")
            self.assertEqual(count, "1")
        finally:
            self.assertEqual(sidecar.stop(), 0)


if __name__ == "__main__":
    unittest.main()
