"""`steward load`: what it sends, what it counts, and what it says of servers that stall."""
import collections
import http.server
import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import threading
import time
import unittest

from sidecar import PROGRAM, ROOT, SCORE, Sidecar, SidecarTest, psql, thrice, wait_for


def load(*options, timeout=300, **environment):
    return subprocess.run([PROGRAM, "load", *options], capture_output=True, text=True, timeout=timeout, check=False,
                          env={**os.environ, **environment})


def report(*options, code=0, **environment):
    done = load("--format", "json", *options, **environment)
    if done.returncode != code:
        raise AssertionError(f"{done.returncode} {done.stderr} {done.stdout}")
    return json.loads(done.stdout)


class Peer:
    """A server of a few lines that remembers what it was asked, and answers as `behave(handler)` says."""

    def __init__(self, behave=lambda handler: None):
        peer = self
        self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length).decode()
                peer.requests.append((self.command, self.path, body, self.headers.get("Authorization")))
                behave(self)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 1024
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Users(SidecarTest):
    """The program against the real server."""

    def setUp(self):
        self.url = f"http://127.0.0.1:{self.sidecar.port}"

    @thrice
    def test_fifty_users(self):
        seen = report("--url", self.url, "--users", "50", "--duration", "4", "--ramp-up", "1", "--think", "0.2..0.6")
        self.assertEqual((seen["mode"], seen["interrupted"], seen["cut_off"]), ("closed", False, 0))
        self.assertEqual(seen["errors"], 0, seen["error_kinds"])
        self.assertEqual((seen["users"]["started"], seen["users"]["reached"]), (50, 50))
        self.assertTrue(0.97 <= seen["ramp_up"]["observed"] < 3, seen["ramp_up"])
        thoughts = seen["think_time"]["observed"]
        self.assertGreaterEqual(thoughts["least"], 0.2)
        self.assertTrue(0.35 < thoughts["average"] < 0.8, thoughts)
        self.assertEqual(thoughts["n"], seen["requests"] - 50)
        self.assertGreater(seen["requests"], 150)
        self.assertTrue(3 < seen["seconds"] < 14)
        self.assertAlmostEqual(seen["throughput"], seen["requests"] / seen["seconds"], places=6)
        times = seen["response_times"]
        self.assertEqual(times["n"], seen["requests"])
        self.assertTrue(0 < times["p50"] <= times["p95"] <= times["p99"] <= times["max"] < 10, times)
        self.assertEqual((seen["avg_response_time"], seen["95th_percentile"], seen["error_count"]),
                         (times["average"], times["p95"], 0))
        routes = seen["routes"]
        self.assertGreater(len(routes), 15)
        self.assertIn(f"GET {SCORE}?principle_id=1", [route["route"] for route in routes])
        self.assertEqual(sum(route["requests"] for route in routes), seen["requests"])
        self.assertEqual(max(route["response_times"]["max"] for route in routes), times["max"])
        left_out = {row["route"]: row["reason"] for row in seen["left_out"]}
        self.assertEqual(left_out["GET /api/v1/events"], "it has no end")
        self.assertEqual(left_out["GET /api/v1/metrics/points"], "there is no example of name")
        usage = seen["resource_usage"]
        self.assertGreater(usage["client"]["cpu_seconds"], 0)
        self.assertGreater(usage["client"]["memory_bytes"], 1e6)
        cpu = usage["server"]["steward_process_cpu_seconds_total"]
        self.assertGreater(cpu["after"], cpu["before"])
        self.assertGreater(usage["server"]["steward_process_memory_bytes"]["after"], 1e6)

    def test_the_server_counts_the_same(self):
        sample = f'steward_http_requests_total{{route="{SCORE}",method="GET",status="200"}}'
        before = self.sidecar.metric(sample) or 0
        seen = report("--url", self.url + "/", "--users", "10", "--duration", "1", "--think", "0.05",
                      "--route", SCORE + "?principle_id={1-20}")
        self.assertEqual(seen["errors"], 0)
        self.assertEqual(self.sidecar.metric(sample) - before, seen["requests"])

    @thrice
    def test_a_fixed_number_each(self):
        seen = report("--url", self.url, "--preset", "fixed", "--ramp-up", "0.5", "--think", "0.01..0.05")
        self.assertEqual((seen["requests"], seen["errors"], seen["duration"]), (500, 0, 300))
        # Over the time that was used, not the 300 s that there were.
        self.assertLess(seen["seconds"], 60)
        self.assertAlmostEqual(seen["throughput"], 500 / seen["seconds"], places=6)

    def test_the_documents_routes(self):
        seen = report("--url", self.url, "--preset", "documents", "--duration", "1", "--think", "0.1")
        self.assertEqual({row["route"] for row in seen["routes"]} | {row["route"] for row in seen["left_out"]},
                         {"GET /api/v1/fidelity/current", "GET /api/v1/conflict-resolution/", f"GET {SCORE}?principle_id=1"})
        self.assertEqual((seen["users"]["planned"], seen["errors"]), (50, 0))

    @thrice
    def test_a_rate(self):
        seen = report("--url", self.url, "--rate", "100", "--users", "100", "--duration", "3", "--route", SCORE + "?principle_id=1")
        self.assertEqual((seen["mode"], seen["requests"], seen["errors"]), ("open", 300, 0))
        self.assertGreaterEqual(seen["seconds"], 2.9)
        self.assertLess(seen["most_late"], 2)

    def test_errors_by_kind(self):
        seen = report("--url", self.url, "--users", "2", "--requests-per-user", "5", "--route", "/api/v1/no-such-thing")
        self.assertEqual((seen["requests"], seen["error_kinds"]), (10, {"status 404": 10}))
        self.assertEqual((seen["throughput"], seen["response_times"]["n"]), (0, 0))

    def test_limits(self):
        few = ("--url", self.url, "--users", "2", "--requests-per-user", "5", "--route")
        good = (*few, SCORE + "?principle_id=1")
        seen = report(*good, "--expect-p95", "10", "--expect-errors", "0", "--expect-throughput", "0.1")
        self.assertEqual([(limit["name"], limit["met"]) for limit in seen["limits"]], [("p95", True), ("errors", True), ("throughput", True)])
        for options, name in (((*good, "--expect-p95", "0.000001"), "p95"), ((*good, "--expect-throughput", "1000000"), "throughput"),
                              ((*few, "/api/v1/no-such-thing", "--expect-errors", "9"), "errors"),
                              ((*few, "/api/v1/no-such-thing", "--expect-p95", "10"), "p95")):
            self.assertIn((name, False), [(limit["name"], limit["met"]) for limit in report(*options, code=1)["limits"]])

    @thrice
    def test_text(self):
        done = load("--url", self.url, "--users", "5", "--duration", "1", "--think", "0.1", "--expect-errors", "0")
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in (r"requests    \d+", "errors      0", r"throughput  [\d.]+/s over [\d.]+ s that it took", r"users       5 at once of 5, .*",
                     r"think time  0\.1\d+ to .*", r"GET /api/v1/jobs +\d+ +0 .*", r"left out: GET /api/v1/events: it has no end",
                     r"steward_process_cpu_seconds_total +[\d.]+ +[\d.]+", "met: errors 0, limit 0"):
            self.assertRegex(done.stdout, f"(?m)^{line}$")

    def test_interrupted(self):
        sample = f'steward_http_requests_total{{route="{SCORE}",method="GET",status="200"}}'
        before = self.sidecar.metric(sample) or 0
        with subprocess.Popen([PROGRAM, "load", "--url", self.url, "--users", "5", "--duration", "300", "--think", "0.05",
                               "--route", SCORE + "?principle_id=1", "--format", "json"], stdout=subprocess.PIPE, text=True) as process:
            wait_for(lambda: (self.sidecar.metric(sample) or 0) - before > 10, "requests")
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=60)
        seen = json.loads(output)
        self.assertEqual(process.returncode, 0)
        self.assertTrue(seen["interrupted"])
        self.assertGreater(seen["requests"], 5)
        self.assertLess(seen["seconds"], 100) # of 300

    def test_kept_in_the_database(self):
        for _ in range(2): # the second finds the metrics there
            seen = report("--url", self.url, "--users", "5", "--duration", "1", "--preset", "normal", "--ramp-up", "0", "--think", "0.1",
                          "--store", "--database", "")
        psql("SELECT steward.monitor_run(force => true)")
        kept = psql("SELECT name || ' ' || n FROM steward.metric_values(now() - interval '1 hour', clock_timestamp())"
                    " WHERE name = 'load_request_seconds' AND labels = '{\"preset\": \"normal\"}'")
        self.assertGreater(int(kept.split()[1]), seen["requests"])
        self.assertEqual(psql("SELECT round(last) FROM steward.metric_values(now() - interval '1 hour', clock_timestamp())"
                              " WHERE name = 'load_throughput' AND labels ->> 'preset' = 'normal'"), str(round(seen["throughput"])))
        self.assertEqual(load("--url", self.url, "--users", "1", "--duration", "0.2", "--store", "--database", "port=1").returncode, 2)

    def test_the_page_of_the_documentation(self):
        page = (pathlib.Path(ROOT) / "docs" / "load.md").read_text(encoding="utf-8")
        commands = [command for block in re.findall(r"(?ms)^```sh\n(.*?)^```$", page)
                    for command in block.replace("\\\n", " ").splitlines()]
        self.assertEqual(len(commands), 7)
        for command in commands:
            program, *words = shlex.split(command)
            self.assertEqual((program, words[0]), ("build/steward", "load"))
            limits = ("--expect-p95", "60", "--expect-throughput", "0.01") if "--expect-p95" in words else () # of this machine
            done = load(*words[1:], "--url", self.url, "--duration", "1", "--ramp-up", "0.2", "--database", "", *limits)
            self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        described = set(re.findall(r"`(--[a-z0-9-]+)`", page[page.index("## Options"):]))
        known = set(re.findall(r"(?m)^\s+(--[a-z0-9-]+)", load("--help").stdout)) - {"--help"}
        self.assertEqual(described, known)


class Wire(unittest.TestCase):
    """What it sends, and servers that behave as a test says."""

    def test_methods_weights_and_draws(self):
        with Peer() as peer:
            report("--url", peer.url, "--users", "1", "--requests-per-user", "400", "--token", "secret",
                   "--route", "3 /a?x={1-3}", "--route", 'POST /b {"n": {1-9}}', "--route", "DELETE /c")
            sent = [row for row in peer.requests if row[1] != "/metrics"]
        self.assertEqual(len(sent), 400)
        counts = collections.Counter(row[0] for row in sent)
        self.assertTrue(200 < counts["GET"] < 280 and counts["POST"] > 40 and counts["DELETE"] > 40, counts)
        self.assertEqual({row[1] for row in sent if row[0] == "GET"}, {"/a?x=1", "/a?x=2", "/a?x=3"})
        self.assertEqual({json.loads(row[2])["n"] for row in sent if row[0] == "POST"}, set(range(1, 10)))
        self.assertEqual({row[3] for row in sent}, {"Bearer secret"})

    def test_seeds(self):
        def sent(seed):
            with Peer() as peer:
                report("--url", peer.url, "--users", "1", "--requests-per-user", "50", "--seed", seed, "--route", "/{1-1000}")
                return [row[1] for row in peer.requests]
        first = sent("1")
        self.assertEqual(sent("1"), first)
        self.assertNotEqual(sent("2"), first)

    @thrice
    def test_a_stall_is_seen_by_a_rate_and_hidden_by_users_who_wait(self):
        def stalled(handler):
            now = time.monotonic()
            if handler.path == "/x":
                begin.append(now)
                if 1 <= now - begin[0] < 2.5: # of four seconds
                    time.sleep(2.5 - (now - begin[0]))
        begin = []
        with Peer(stalled) as peer:
            closed = report("--url", peer.url, "--users", "4", "--think", "0.04", "--duration", "4", "--route", "/x")
        begin = []
        with Peer(stalled) as peer:
            rated = report("--url", peer.url, "--users", "200", "--rate", "80", "--duration", "4", "--route", "/x")
        self.assertEqual((closed["errors"], rated["errors"]), (0, 0))
        self.assertGreater(closed["requests"], 100) # four of which were slow
        self.assertLess(closed["response_times"]["p95"], 0.5)
        self.assertGreater(closed["response_times"]["max"], 1)
        self.assertEqual(rated["requests"], 320) # of which 120 were due while it stalled
        self.assertGreater(rated["response_times"]["p95"], 1)

    @thrice
    def test_so_does_a_rate_that_nobody_is_free_for(self):
        def slow(_):
            time.sleep(0.2)
        with Peer(slow) as peer: # two of them are ten a second, of twenty that are due
            seen = report("--url", peer.url, "--users", "2", "--rate", "20", "--duration", "2", "--timeout", "1", "--route", "/x")
        self.assertEqual(seen["requests"], 40)
        self.assertEqual(seen["users"]["requests_under_way"], 2)
        self.assertGreater(seen["error_kinds"]["never began"], 2)
        self.assertGreater(seen["response_times"]["p95"], 1)
        self.assertGreater(seen["most_late"], 0.8)
        self.assertGreater(seen["response_times"]["max"], seen["most_late"])

    def test_a_timeout(self):
        def deaf(handler):
            if handler.path == "/x":
                time.sleep(1)
        with Peer(deaf) as peer:
            seen = report("--url", peer.url, "--users", "3", "--requests-per-user", "1", "--timeout", "0.2", "--route", "/x")
        self.assertEqual(seen["error_kinds"], {"timeout": 3})
        self.assertGreaterEqual(seen["response_times"]["p50"], 0.19)

    def test_refused_and_lost(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            free = taken.getsockname()[1]
        seen = report("--url", f"http://127.0.0.1:{free}", "--users", "3", "--requests-per-user", "1", "--route", "/x")
        self.assertEqual(seen["error_kinds"], {"refused": 3})
        self.assertEqual(seen["resource_usage"]["server"], {})

        def hang_up(handler):
            handler.connection.shutdown(socket.SHUT_RDWR)
        with Peer(hang_up) as peer:
            seen = report("--url", peer.url, "--users", "3", "--requests-per-user", "1", "--route", "/x")
        self.assertEqual(seen["error_kinds"], {"connection lost": 3})


class Refusals(unittest.TestCase):
    def refused(self, words, *options, **environment):
        done = load(*options, **environment)
        self.assertEqual((done.returncode, done.stdout if words not in done.stdout else ""), (2, ""), done.stderr)
        self.assertIn(words, done.stderr + done.stdout)

    def test_wrong_options(self):
        self.refused("presets are", "--preset", "heavy")
        self.refused("1..5", "--think", "5..1")
        self.refused("a route is like", "--route", "jobs")
        self.refused("--users", "--users", "1001")
        self.refused("--users", "--users", "0")
        self.refused("--duration", "--duration", "3601")
        self.refused("--rate", "--rate", "10001")
        self.refused("has no meaning", "--rate", "5", "--requests-per-user", "5")

    def test_no_server(self):
        self.refused("does not say what routes it has (refused)", "--url", "http://127.0.0.1:1")
        with Peer() as peer:
            self.refused("is not OpenAPI", "--url", peer.url)

    def test_a_token(self):
        sidecar = Sidecar("--auth", "on")
        try:
            url = f"http://127.0.0.1:{sidecar.port}"
            self.refused("no route that answers", "--url", url)
            made = subprocess.run([PROGRAM, "token", "create", "--role", "reader", "--database", ""],
                                  capture_output=True, text=True, check=True).stdout
            token = re.search(r"stw_\S+", made).group(0)
            seen = report("--url", url, "--users", "5", "--requests-per-user", "5", STEWARD_TOKEN=token)
            self.assertEqual((seen["requests"], seen["errors"]), (25, 0))
            self.assertNotIn(token, json.dumps(seen))
            wait_for(lambda: sidecar.log().count("request") > 25, "the log")
        finally:
            self.assertEqual(sidecar.stop(), 0)


if __name__ == "__main__":
    unittest.main()
