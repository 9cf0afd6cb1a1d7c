"""What the program does by itself: heartbeats, figures of requests, alerts on their way."""
import hashlib
import hmac
import http.server
import json
import os
import threading
import time
import unittest

from sidecar import SCORE, Double, Sidecar, psql, wait_for

# A database that hands out deliveries, and remembers what came of them.
CHORES = """
CREATE SCHEMA steward;
CREATE TABLE steward.beat (source text, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION steward.heartbeat(source text) RETURNS void LANGUAGE sql AS 'INSERT INTO steward.beat VALUES ($1)';
CREATE TABLE steward.recorded (name text, vals float8[], counts bigint[], labels jsonb);
CREATE FUNCTION steward.metric_record_many(name text, vals float8[], counts bigint[], labels jsonb) RETURNS void
    LANGUAGE sql AS 'INSERT INTO steward.recorded VALUES ($1, $2, $3, $4)';
CREATE FUNCTION steward.metric_record(name text, value float8, labels jsonb) RETURNS void
    LANGUAGE sql AS 'INSERT INTO steward.recorded VALUES ($1, ARRAY[$2], NULL, $3)';
CREATE TABLE steward.delivery (target text, delivery_id uuid DEFAULT gen_random_uuid(), url text, secret_ref text, state text DEFAULT 'ready',
                               status integer, error text);
CREATE FUNCTION steward.alert_deliveries_claim(n integer, lease interval)
    RETURNS TABLE (target text, delivery_id uuid, url text, secret_ref text, body jsonb, attempt integer) LANGUAGE sql AS $$
    UPDATE steward.delivery AS d SET state = 'leased' WHERE d.state = 'ready'
    RETURNING d.target, d.delivery_id, d.url, d.secret_ref, '{"rule": "QECHighLatency"}'::jsonb, 1 $$;
CREATE FUNCTION steward.alert_delivery_record(target text, delivery_id uuid, status integer, error text) RETURNS text LANGUAGE sql AS $$
    UPDATE steward.delivery AS d SET state = 'done', status = $3, error = $4 WHERE d.delivery_id = $2 RETURNING 'done' $$;
"""


class Receiver(http.server.ThreadingHTTPServer):
    """Remembers what is sent to it."""
    daemon_threads = True

    def __init__(self, host="127.0.0.1"):
        self.got = []
        super().__init__((host, 0), Handler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        if self.path == "/slow":
            time.sleep(8)
        self.send_response({"/moved": 302, "/no": 403}.get(self.path, 200))
        if self.path == "/moved":
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        if self.path.startswith("/echo"):
            self.wfile.write(b"as an answer: " + body)
        if self.path == "/endless":
            try:
                for _ in range(100000):
                    self.wfile.write(b"x" * 65536)
            except OSError:
                pass

    do_GET = do_POST

    def log_message(self, *_):
        pass


class Chores(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.double = Double("steward_chores", CHORES)
        cls.receiver = Receiver()
        os.environ["STEWARD_TEST_SECRET"] = "hush"
        os.environ["http_proxy"] = "http://127.0.0.1:9" # which nobody may use
        cls.sidecar = Sidecar("--webhooks", "on", "--webhook-allow", "127.0.0.1/32,127.0.0.3",
                              environment={"PGDATABASE": cls.double.name})

    @classmethod
    def tearDownClass(cls):
        code = cls.sidecar.stop()
        cls.receiver.shutdown()
        cls.receiver.server_close()
        cls.double.drop()
        del os.environ["http_proxy"]
        assert code == 0

    def psql(self, sql):
        return psql(sql, PGDATABASE=self.double.name)

    def send(self, url, secret_ref=None):
        """Status and error of a delivery; anew where this process was too slow to take it."""
        for left in (2, 1, 0):
            outcome = self.send_once(url, secret_ref)
            if "imeout" not in outcome[1] or url.endswith("/slow") or left == 0:
                return outcome

    def send_once(self, url, secret_ref):
        secret = "NULL" if secret_ref is None else f"'{secret_ref}'"
        number = self.psql(f"INSERT INTO steward.delivery (target, url, secret_ref) VALUES ('t', '{url}', {secret}) RETURNING delivery_id")
        outcome = wait_for(lambda: self.psql("SELECT coalesce(status::text, '') || '|' || coalesce(error, '') FROM steward.delivery"
                                             f" WHERE delivery_id = '{number}' AND state = 'done'"), "a delivery")
        return outcome.split("|")

    def test_heartbeat_and_requests(self):
        self.psql("TRUNCATE steward.beat, steward.recorded")
        sidecar = Sidecar(environment={"PGDATABASE": self.double.name})
        try:
            for _ in range(7):
                sidecar.get(f"{SCORE}?principle_id=x")
            count = "SELECT coalesce(sum((SELECT sum(c) FROM unnest(counts) AS c)), 0) FROM steward.recorded WHERE name = 'http_request_seconds' AND labels ->> 'route' = '%s'"
            end = time.monotonic() + 110
            while self.psql(count % SCORE) != "7" and time.monotonic() < end:
                time.sleep(0.5)
            self.assertEqual(self.psql(count % SCORE), "7")
            self.assertEqual(self.psql("SELECT sum(vals[1]) FROM steward.recorded WHERE name = 'http_requests'"
                                       f" AND labels = '{{\"route\": \"{SCORE}\", \"status\": \"400\"}}'"), "7")
            self.assertEqual(self.psql("SELECT bool_and(v BETWEEN 1e-6 AND 10) FROM steward.recorded, unnest(vals) AS v WHERE name = 'http_request_seconds'"), "t")
            self.assertIn("sidecar", self.psql("SELECT DISTINCT source FROM steward.beat"))
        finally:
            self.assertEqual(sidecar.stop(), 0)

    def test_an_alert_arrives(self):
        self.assertEqual(self.send(f"http://127.0.0.1:{self.receiver.port}/hook", "env:STEWARD_TEST_SECRET"), ["200", ""])
        path, headers, body = next(got for got in self.receiver.got if got[0] == "/hook")
        self.assertEqual(json.loads(body), {"rule": "QECHighLatency"})
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["X-Steward-Signature"], "sha256=" + hmac.new(b"hush", body, hashlib.sha256).hexdigest())
        self.assertNotIn("hush", self.sidecar.log())

    def test_what_the_receiver_says(self):
        self.assertEqual(self.send(f"http://127.0.0.1:{self.receiver.port}/no")[0], "403")
        self.assertEqual(self.send(f"http://127.0.0.1:{self.receiver.port}/moved")[0], "302")
        self.assertNotIn("/elsewhere", [got[0] for got in self.receiver.got])
        self.assertEqual(self.send(f"http://127.0.0.1:{self.receiver.port}/endless")[0], "200")

    def test_time_limit(self):
        status, error = self.send(f"http://127.0.0.1:{self.receiver.port}/slow")
        self.assertEqual(status, "")
        self.assertIn("imeout", error) # the receiver answers after 8 s: who waits longer has 200

    def test_addresses_that_are_not_for_alerts(self):
        """However they are written; the program looks at what they turn out to be."""
        port = self.receiver.port
        before = len(self.receiver.got)
        for host in ("127.0.0.2", "[::1]", "0.0.0.0", "0", "[::ffff:127.0.0.2]", "127.2", "2130706434", "0x7f.0.0.2", "0177.0.0.2", "10.0.0.1",
                     "169.254.169.254", "192.168.0.1", "[fe80::1]", "[fc00::1]", "[64:ff9b::7f00:2]"):
            status, error = self.send(f"http://{host}:{port}/secret")
            self.assertEqual((status, error), ("", "the address is not one that may be sent to"), host)
        # A public address only by TLS.
        self.assertEqual(self.send(f"http://1.1.1.1:{port}/"), ["", "the address is not one that may be sent to"])
        self.assertEqual(len(self.receiver.got), before)
        # Other spellings of what is allowed are as good.
        self.assertEqual(self.send(f"http://127.1:{port}/odd")[0], "200")

    def test_what_is_no_address(self):
        for url in ("http://user@127.0.0.1/", "http://a:b@127.0.0.1/", "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:1/"):
            self.assertEqual(self.send(url), ["", "the URL is not one of HTTP or HTTPS, or names a user"], url)

    def test_secrets_that_are_not_there(self):
        for reference in ("env:NO_SUCH_SECRET", "file:/no/such/file", "cred:x", "cred:../x"):
            status, error = self.send(f"http://127.0.0.1:{self.receiver.port}/unsigned", reference)
            self.assertEqual((status, error), ("", f"there is no secret at {reference}"))
        self.assertNotIn("/unsigned", [got[0] for got in self.receiver.got])


class Off(unittest.TestCase):
    def test_nothing_is_sent_unless_told(self):
        double = Double("steward_quiet", CHORES)
        psql("INSERT INTO steward.delivery (target, url) VALUES ('t', 'http://127.0.0.1:9/')", PGDATABASE=double.name)
        sidecar = Sidecar(environment={"PGDATABASE": double.name})
        try:
            wait_for(lambda: psql("SELECT count(*) FROM steward.beat", PGDATABASE=double.name) != "0", "a heartbeat")
            time.sleep(2)
            self.assertEqual(psql("SELECT state FROM steward.delivery", PGDATABASE=double.name), "ready")
        finally:
            self.assertEqual(sidecar.stop(), 0)
            double.drop()

    def test_ranges_that_are_none(self):
        with self.assertRaisesRegex(AssertionError, "10.1.2.0/24"):
            Sidecar("--webhook-allow", "localhost")


if __name__ == "__main__":
    unittest.main()
