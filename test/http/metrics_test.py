"""Metrics: each value, under each name, in both formats, on both listeners."""
import json
import os
import re
import socket
import statistics
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

from sidecar import SCORE, Client, Double, Sidecar, SidecarTest, psql, server, wait_for

OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
# What Prometheus 2.42 sends.
ACCEPT = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

KNOWN = """
CREATE SCHEMA steward;
CREATE FUNCTION steward.operation_counts() RETURNS TABLE (component text, operation text, status text, calls bigint)
LANGUAGE sql AS $$ VALUES ('score', 'profile_score', 'ok', 7::bigint) $$;
CREATE FUNCTION steward.operation_histogram() RETURNS TABLE (component text, operation text, upper_seconds float8, observations bigint)
LANGUAGE sql AS $$ VALUES ('score', 'profile_score', 0.5::float8, 4::bigint), ('score', 'profile_score', 'Infinity', 5) $$;
CREATE FUNCTION steward.operation_totals() RETURNS TABLE (component text, operation text, total_seconds float8, samples bigint)
LANGUAGE sql AS $$ VALUES ('score', 'profile_score', 0.25::float8, 5::bigint) $$;
CREATE FUNCTION steward.tick_summary() RETURNS TABLE (frequency_hz float8, latency_total_s float8) LANGUAGE sql AS $$ SELECT 1::float8, 1::float8 WHERE false $$;
CREATE FUNCTION steward.tick_histogram() RETURNS TABLE (upper_seconds float8, observations bigint) LANGUAGE sql AS $$ SELECT 1::float8, 1::bigint WHERE false $$;
CREATE FUNCTION steward.field_stats() RETURNS TABLE (solver text, size integer, newest_steps_per_second float8)
LANGUAGE sql AS $$ VALUES ('cgl', 64, 30000::float8), ('cgl', 128, NULL), ('cgl', NULL, 7), ('kuramoto', 50, 2000000) $$;
CREATE FUNCTION steward.field_histogram() RETURNS TABLE (solver text, upper_seconds float8, solves bigint, total_seconds float8) LANGUAGE sql AS $$
    SELECT s.solver, b.upper, b.solves, s.total FROM (VALUES ('cgl', 2.5::float8), ('kuramoto', 1.5)) AS s (solver, total),
        (VALUES (0.001::float8, 1::bigint), (0.005, 2), (0.01, 3), (0.05, 4), (0.1, 5), (0.5, 6), ('Infinity', 7)) AS b (upper, solves) $$;
CREATE VIEW steward.cache_stats AS SELECT * FROM (VALUES
    ('a', 'memory', 30::bigint, 12::bigint, 1::bigint, 2::bigint, 3::bigint, 10::bigint, 1000::bigint, 0.75::float8, 1.5::float8, 2.5::float8),
    ('a', 'table', 2, 10, 0, 0, 0, 5, 500, NULL, 0, 0), ('b', 'memory', 0, 0, 0, 0, 0, 0, 0, NULL, 0, 0))
    AS v (namespace, tier, hits, misses, evicted_for_entries, evicted_for_bytes, evicted_for_memory, entries, bytes, hit_share_5min, saved_seconds, saved_cost);
CREATE FUNCTION steward.cache_memory(OUT total_bytes bigint, OUT free_bytes bigint, OUT namespaces bigint) LANGUAGE sql AS 'SELECT 1000, 250, 2';
CREATE FUNCTION steward.prompt_counts() RETURNS TABLE (cache text, exact_hits bigint, similar_hits bigint, refused bigint, missed bigint)
LANGUAGE sql AS $$ VALUES ('faq', 11::bigint, 12::bigint, 13::bigint, 14::bigint) $$;
CREATE TABLE steward.look (name text, labels jsonb, kind text, last float8);
INSERT INTO steward.look VALUES
    ('queue_ready', '{"queue": "q"}', 'gauge', 3), ('queue_dead', '{"queue": "q"}', 'gauge', 4), ('queue_oldest_seconds', '{"queue": "q"}', 'gauge', 5.5),
    ('queue_running', '{}', 'gauge', 6), ('rate_limit_share', '{"rate_limit": "r"}', 'gauge', 0.625), ('summary_backlog', '{"summary": "s"}', 'gauge', 7), ('summary_lag_seconds', '{"summary": "s"}', 'gauge', 8),
    ('model_drift', '{"model": "m"}', 'gauge', 0.125), ('model_log_loss', '{"model": "m"}', 'gauge', 0.5), ('host_cpu_share', '{}', 'gauge', 0.5),
    ('host_memory_share', '{}', 'gauge', 0.25), ('host_memory_available_bytes', '{}', 'gauge', 4096), ('server_memory_bytes', '{}', 'gauge', 8192),
    ('first_pass_share', '{}', 'gauge', 0.875), ('resolution_seconds', '{}', 'gauge', 60), ('operation_calls', '{}', 'counter', 99),
    ('cache_entries', '{"namespace": "a"}', 'gauge', 5), ('cache_entries', '{"namespace": "b"}', 'gauge', 6);
CREATE FUNCTION steward.metric_values(since timestamptz, until timestamptz) RETURNS SETOF steward.look LANGUAGE sql AS
    $$ SELECT * FROM steward.look WHERE until - since = interval '3 minutes' $$;
CREATE VIEW steward.slo_status AS SELECT * FROM (VALUES ('fast', 0.25::float8, true), ('sure', 0.5, false), ('unknown', NULL, NULL)) AS v (name, value, met);
CREATE VIEW steward.overall_score AS SELECT 75::float8 AS score;
CREATE VIEW steward.alerts AS SELECT * FROM (VALUES ('r', 'warning', 'open'), ('s', 'warning', 'open'), ('t', 'critical', 'closed'))
    AS v (rule, severity, state);
CREATE TABLE steward.heartbeat (source text, minute timestamptz);
INSERT INTO steward.heartbeat VALUES ('worker', now() - interval '1 hour'), ('worker', now() - interval '2 hours');
CREATE VIEW steward.change_mark AS SELECT now() - interval '1 minute' * v.ago AS at, CASE WHEN v.ago > 10 THEN now() END AS judged_at, v.verdicts FROM (VALUES
    (5, '[{"what": "too.new", "before_s": 1, "after_s": 2, "n_after": 1}]'::jsonb),
    (20, '[{"what": "score.a", "before_s": 0.5, "after_s": 0.125, "n_after": 4}, {"what": "score.b", "before_s": 0.5, "after_s": 0.75, "n_after": 4}]'),
    (30, '[{"what": "too.old", "before_s": 1, "after_s": 2, "n_after": 1}]')) AS v (ago, verdicts);
"""

EXPECTED = """
steward_cache_lookups_total{namespace="a",result="hit"} 32
steward_cache_lookups_total{namespace="a",result="miss"} 10
steward_prompt_lookups_total{cache="faq",result="exact"} 11
steward_prompt_lookups_total{cache="faq",result="similar"} 12
steward_prompt_lookups_total{cache="faq",result="refused"} 13
steward_prompt_lookups_total{cache="faq",result="missed"} 14
steward_cache_evictions_total{namespace="a"} 6
steward_cache_saved_seconds_total{namespace="a"} 1.5
steward_cache_saved_cost_total{namespace="a"} 2.5
steward_cache_entries{namespace="a"} 15
steward_cache_entries{namespace="b"} 0
steward_cache_size_bytes{namespace="a"} 1500
steward_cache_hit_ratio{namespace="a"} 0.75
steward_cache_memory_bytes 1000
steward_cache_memory_free_bytes 250
steward_cache_memory_usage_ratio 0.75
steward_queue_ready_jobs{queue="q"} 3
steward_queue_dead_jobs{queue="q"} 4
steward_queue_oldest_age_seconds{queue="q"} 5.5
steward_running_jobs 6
steward_rate_limit_usage_ratio{rate_limit="r"} 0.625
steward_refresh_backlog_changes{summary="s"} 7
steward_refresh_lag_seconds{summary="s"} 8
steward_model_drift{model="m"} 0.125
steward_model_log_loss{model="m"} 0.5
steward_host_cpu_usage_ratio 0.5
steward_host_memory_usage_ratio 0.25
steward_host_memory_available_bytes 4096
steward_server_memory_bytes 8192
steward_first_pass_success_ratio 0.875
steward_resolution_seconds 60
steward_slo_value{slo="fast"} 0.25
steward_slo_met{slo="fast"} 1
steward_slo_met{slo="sure"} 0
steward_overall_score_ratio 0.75
steward_change_saved_ratio{what="score.a"} 0.75
steward_change_saved_ratio{what="score.b"} -0.5
steward_change_saved_time_ratio 0.125
steward_alerts{severity="warning",state="open"} 2
steward_alerts{severity="warning",state="pending"} 0
steward_alerts{severity="critical",state="open"} 0
steward_operations_total{component="score",operation="profile_score",status="ok"} 7
steward_operation_duration_seconds_count{component="score",operation="profile_score"} 5
steward_cgl_computation_seconds_count 7
steward_kuramoto_computation_seconds_sum 1.5
steward_cgl_steps_per_second{grid_size="64"} 30000
steward_cgl_steps_per_second{grid_size="other"} 7
steward_kuramoto_oscillator_steps_per_second{oscillator_count="50"} 100000000
""".split("\n")[1:-1]

ALIASES = """
qec_operations_total{component="score",operation="profile_score",status="ok"} 7
qec_operation_duration_seconds_bucket{component="score",operation="profile_score",le="0.5"} 4
qec_operation_duration_seconds_count{component="score",operation="profile_score"} 5
qec_distance_calculation_seconds_count 5
qec_cache_hit_rate{cache_type="a"} 0.75
nfcs_memory_efficiency_ratio 0.75
nfcs_cgl_computation_time_seconds_bucket{le="0.001"} 1
nfcs_cgl_computation_time_seconds_bucket{le="0.005"} 2
nfcs_cgl_computation_time_seconds_bucket{le="0.01"} 3
nfcs_cgl_computation_time_seconds_bucket{le="0.05"} 4
nfcs_cgl_computation_time_seconds_bucket{le="0.1"} 5
nfcs_cgl_computation_time_seconds_bucket{le="0.5"} 6
nfcs_cgl_computation_time_seconds_bucket{le="+Inf"} 7
nfcs_cgl_computation_time_seconds_sum 2.5
nfcs_kuramoto_sync_time_seconds_bucket{le="0.1"} 5
nfcs_kuramoto_sync_time_seconds_count 7
nfcs_cgl_performance_fps{grid_size="64"} 30000
nfcs_kuramoto_oscillator_performance{oscillator_count="50"} 100000000
cpu_usage_percent 50
optimization_effectiveness_percent 12.5
memory_usage_bytes 8192
""".split("\n")[1:-1]


class Known(unittest.TestCase):
    """A database whose figures are known."""

    @classmethod
    def setUpClass(cls):
        cls.double = Double("steward_known", KNOWN)
        cls.sidecar = Sidecar(environment={"PGDATABASE": cls.double.name})

    @classmethod
    def tearDownClass(cls):
        code = cls.sidecar.stop()
        cls.double.drop()
        assert code == 0

    def test_each_value(self):
        lines = self.sidecar.get("/metrics").body.splitlines()
        for expected in EXPECTED + ALIASES:
            self.assertIn(expected, lines)
        self.assertAlmostEqual(self.sidecar.metric("cache_hit_rate_ratio"), 32 / 42)
        self.assertAlmostEqual(self.sidecar.metric('steward_heartbeat_age_seconds{source="worker"}'), 3600, delta=60)
        self.assertIsNone(self.sidecar.metric('steward_slo_value{slo="unknown"}'))
        self.assertIsNone(self.sidecar.metric('steward_change_saved_ratio{what="too.new"}'))
        self.assertIsNone(self.sidecar.metric('steward_cache_entries{namespace=""}'))  # the monitor has it, too
        sessions = self.sidecar.metric("steward_database_sessions")
        self.assertGreaterEqual(sessions, 1)
        self.assertEqual(self.sidecar.metric("qec_active_database_connections"), sessions)
        self.assertTrue(0 < self.sidecar.metric("steward_database_sessions_ratio") < 1)
        self.assertGreater(self.sidecar.metric('response_time_seconds_bucket{le="+Inf"}'), 0)
        self.assertEqual(self.sidecar.metric("steward_scrape_errors_total"), 0)

    def test_a_value_follows_the_database(self):
        psql("UPDATE steward.look SET last = 33 WHERE name = 'queue_ready'", PGDATABASE=self.double.name)
        try:
            wait_for(lambda: self.sidecar.metric('steward_queue_ready_jobs{queue="q"}') == 33, "the new value")
        finally:
            psql("UPDATE steward.look SET last = 3 WHERE name = 'queue_ready'", PGDATABASE=self.double.name)
            wait_for(lambda: self.sidecar.metric('steward_queue_ready_jobs{queue="q"}') == 3, "the old value")

    def test_without_aliases(self):
        sidecar = Sidecar("--metric-aliases", "off", environment={"PGDATABASE": self.double.name})
        try:
            text = sidecar.get("/metrics").body
            for expected in EXPECTED:
                self.assertIn(expected, text.splitlines())
            self.assertEqual([name for name in re.findall("^# TYPE (\\S+)", text, re.MULTILINE) if not name.startswith("steward_")], [])
        finally:
            self.assertEqual(sidecar.stop(), 0)

    def test_promtool_and_both_formats(self):
        plain = self.sidecar.get("/metrics", Accept="text/plain")
        done = subprocess.run(["promtool", "check", "metrics"], input=plain.body, text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("error", done.stderr)
        self.assertEqual(plain.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        for accept in (ACCEPT, "application/openmetrics-text", "text/plain;q=0.5, application/openmetrics-text;q=0.5"):
            answer = self.sidecar.get("/metrics", Accept=accept)
            self.assertEqual(answer.headers["content-type"], OPEN)
            self.check_open(answer.body)
        for accept in ("*/*", "text/plain, application/openmetrics-text;q=0.1", "application/openmetrics-text;q=0", "application/json"):
            self.assertTrue(self.sidecar.get("/metrics", Accept=accept).headers["content-type"].startswith("text/plain"))

    def check_open(self, text):
        """The rules of OpenMetrics 1.0 that the older format does not have."""
        self.assertTrue(text.endswith("\n# EOF\n"))
        kinds, current = {}, None
        for line in text.splitlines()[:-1]:
            if line.startswith("# TYPE "):
                _, _, current, kind = line.split(" ")
                self.assertNotIn(current, kinds, "a family stands there twice")
                kinds[current] = kind
            elif line.startswith("# UNIT "):
                _, _, name, unit = line.split(" ")
                self.assertEqual(name, current)
                self.assertTrue(name.endswith("_" + unit))
            elif line.startswith("# HELP "):
                self.assertEqual(line.split(" ")[2], current)
            else:
                name = re.match(r"[a-z_]+", line)[0]
                suffixes = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}[kinds[current]]
                self.assertIn(name, [current + suffix for suffix in suffixes], "a sample of another family")
        self.assertEqual(kinds["steward_cache_lookups"], "counter")
        self.assertIn("# UNIT steward_operation_duration_seconds seconds\n", text)


class AdminListener(unittest.TestCase):
    def test_probes_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            port_file = os.path.join(folder, "port")
            sidecar = Sidecar("--auth", "on", "--admin-listen", "127.0.0.1:0", "--admin-port-file", port_file)
            try:
                with open(port_file, encoding="ascii") as file:
                    port = int(file.read())
                with Client(port) as client:
                    self.assertEqual(client.request("GET", "/livez").status, 200)
                    self.assertEqual(client.request("GET", "/readyz").status, 200)
                    self.assertEqual(client.request("GET", "/metrics").status, 200) # without a token
                    for path in ("/", SCORE, "/api/v1/jobs", "/login", "/api/v1/openapi.json"):
                        self.assertEqual(client.request("GET", path).json()["code"], "STW22")
                self.assertEqual(sidecar.get("/metrics").status, 401)
            finally:
                self.assertEqual(sidecar.stop(), 0)

    def test_refuses_to_be_reached_without_identity(self):
        with self.assertRaisesRegex(AssertionError, "--auth on"):
            Sidecar("--admin-listen", "0.0.0.0:0")


class Solvers(SidecarTest):
    """Those of the extension, which need not be there."""

    def test_a_run_moves_its_metrics(self):
        psql("DROP EXTENSION IF EXISTS pg_steward_fields")
        self.assertNotIn("steward_cgl_", self.sidecar.get("/metrics").body)
        psql("CREATE EXTENSION pg_steward_fields")
        try:
            wait_for(lambda: self.sidecar.metric("nfcs_cgl_computation_time_seconds_count") is not None, "the solvers")
            before = [self.sidecar.metric(f"nfcs_{name}_seconds_count") for name in ("cgl_computation_time", "kuramoto_sync_time")]
            psql("SELECT FROM steward.cgl_solve(72, steps => 5); SELECT FROM steward.kuramoto_solve(17, 1)")
            wait_for(lambda: self.sidecar.metric("nfcs_kuramoto_sync_time_seconds_count") == before[1] + 1, "oscillators")
            self.assertEqual(self.sidecar.metric("steward_cgl_computation_seconds_count"), before[0] + 1)
            self.assertGreater(self.sidecar.metric("steward_cgl_computation_seconds_sum"), 0)
            self.assertGreater(self.sidecar.metric('nfcs_cgl_performance_fps{grid_size="72"}'), 30)
            self.assertGreater(self.sidecar.metric('nfcs_kuramoto_oscillator_performance{oscillator_count="17"}'), 0)
            self.assertEqual(self.sidecar.metric("steward_scrape_errors_total"), 0)
            done = subprocess.run(["promtool", "check", "metrics"], input=self.sidecar.get("/metrics").body, text=True,
                                  capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        finally:
            psql("DROP EXTENSION pg_steward_fields")
            wait_for(lambda: "steward_cgl_" not in self.sidecar.get("/metrics").body, "the end of the solvers")


class Outage(unittest.TestCase):
    def test_last_values_with_their_age(self):
        sidecar = Sidecar()
        try:
            sidecar.score(1)
            wait_for(lambda: sidecar.metric("steward_database_sessions"), "a first answer")
            server("stop")
            try:
                wait_for(lambda: sidecar.metric("steward_database_up") == 0, "the end")
                wait_for(lambda: sidecar.metric("steward_scrape_age_seconds") > 1.5, "age")
                self.assertIsNotNone(sidecar.metric("steward_database_sessions"))
                self.assertEqual((sidecar.get("/livez").status, sidecar.get("/readyz").status), (200, 503))
            finally:
                server("start")
            wait_for(lambda: sidecar.metric("steward_database_up") == 1, "the database")
            wait_for(lambda: sidecar.metric("steward_scrape_age_seconds") < 1.5, "new values")
        finally:
            self.assertEqual(sidecar.stop(), 0)


class Prometheus(unittest.TestCase):
    """The real one scrapes it."""

    def test_scrapes(self):
        sidecar = Sidecar()
        with tempfile.TemporaryDirectory() as folder:
            config = os.path.join(folder, "prometheus.yml")
            with open(config, "w", encoding="ascii") as file:
                file.write("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n"
                           f"  - job_name: steward\n    static_configs: [{{targets: ['127.0.0.1:{sidecar.port}']}}]\n")
            with socket.socket() as probe: # Prometheus does not tell which port it takes
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            log = open(os.path.join(folder, "log"), "wb")
            process = subprocess.Popen(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                                        f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
            try:
                def ask(query):
                    try:
                        url = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(query)}"
                        with urllib.request.urlopen(url, timeout=5) as answer:
                            result = json.load(answer)["data"]["result"]
                            return float(result[0]["value"][1]) if result else None
                    except OSError:
                        return None
                wait_for(lambda: (ask("count_over_time(up[6s])") or 0) >= 5 and ask("min_over_time(up[6s])") == 1
                         and ask("steward_build_info") == 1 and (ask("sum(steward_http_requests_total)") or 0) > 0
                         and (ask("scrape_samples_scraped") or 0) > 100, "five scrapes in turn")
            finally:
                process.terminate()
                process.wait(20)
                log.close()
                self.assertEqual(sidecar.stop(), 0)


class Speed(SidecarTest):
    def test_a_scrape_is_quick(self):
        """A bound that a busy machine keeps as well; docs/http.md has the figure."""
        times = []
        with self.sidecar.connect() as client:
            for _ in range(200):
                begin = time.perf_counter()
                self.assertEqual(client.request("GET", "/metrics").status, 200)
                times.append(time.perf_counter() - begin)
        print(f"median of a scrape: {statistics.median(times) * 1000:.2f} ms, of {len(times)}")
        self.assertLess(statistics.median(times), 0.02)


if __name__ == "__main__":
    unittest.main()
