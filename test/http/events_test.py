"""The stream of events."""
import json
import time
import unittest

from identity_test import bearer, create, token
from sidecar import SCORE, Client, Double, Sidecar, SidecarTest, psql, server, thrice, wait_for

LIVE = """
CREATE SCHEMA steward;
CREATE TABLE steward.value (n integer, padding integer DEFAULT 0, asked bigint DEFAULT 0);
INSERT INTO steward.value VALUES (1);
CREATE SEQUENCE steward.asked;
CREATE FUNCTION steward.dashboard(time_window interval DEFAULT '1 hour') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('n', n, 'padding', repeat('x', padding)) FROM steward.value, (SELECT nextval('steward.asked')) AS a $$;
CREATE TABLE steward.alerts (rule text, state text, since timestamptz, closed_at timestamptz);
CREATE TABLE steward.jobs (queue text, id bigint, kind text, state text, attempts integer, done bigint, total bigint, note text, started_at timestamptz);
CREATE FUNCTION steward.principle_score(bigint) RETURNS TABLE (score float8) LANGUAGE sql AS 'SELECT 1.0 WHERE false';
"""


class Stream(Client):
    """A client of /api/v1/events, event by event."""

    def __init__(self, port, **headers):
        super().__init__(port)
        head = "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
        self.send((head + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode())
        self.answer = self.read()

    def block(self):
        """The next event or comment as text."""
        while b"\n\n" not in self.buffer:
            if not self._more():
                raise ConnectionError("closed")
        block, _, self.buffer = self.buffer.partition(b"\n\n")
        return block.decode()

    def event(self, topic=None):
        """Number, topic and value of the next event, or of the next one about a topic."""
        while True:
            block = self.block()
            if block.startswith(":"):
                continue
            lines = dict(line.split(": ", 1) for line in block.split("\n"))
            if topic in (None, lines["event"]):
                return int(lines["id"]), lines["event"], json.loads(lines["data"])

    def values(self, topic):
        return self.event(topic)[2]


class Events(unittest.TestCase):
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.double = Double("steward_live", LIVE)
        cls.sidecar = Sidecar("--max-streams", "20", *cls.options, environment={"PGDATABASE": cls.double.name})

    @classmethod
    def tearDownClass(cls):
        code = cls.sidecar.stop()
        cls.double.drop()
        assert code == 0

    def psql(self, sql):
        return psql(sql, PGDATABASE=self.double.name)

    def test_what_it_tells(self):
        with Stream(self.sidecar.port) as stream:
            self.assertEqual(stream.answer.status, 200)
            self.assertEqual(stream.answer.headers["content-type"], "text/event-stream")
            self.assertEqual(stream.answer.headers["cache-control"], "no-store")
            self.assertNotIn("content-length", stream.answer.headers)
            first = [stream.event() for _ in range(4)]
            self.assertEqual([topic for _, topic, _ in first], ["state", "dashboard", "alerts", "jobs"])
            self.assertEqual(first[0][2], {"database": "up"})
            numbers = [number for number, _, _ in first]
            self.assertEqual(numbers, sorted(set(numbers)))

    @thrice
    def test_a_committed_change_comes_within_two_seconds(self):
        with Stream(self.sidecar.port) as stream:
            stream.event("jobs")
            for n in (101, 102, 103):
                self.psql(f"UPDATE steward.value SET n = {n}")
                begin = time.monotonic()
                while stream.values("dashboard")["n"] != n:
                    pass
                self.assertLess(time.monotonic() - begin, 2)

    def test_alerts_and_jobs(self):
        with Stream(self.sidecar.port) as stream:
            self.assertEqual(stream.values("jobs"), [])
            self.psql("INSERT INTO steward.alerts VALUES ('QECHighLatency', 'open', now())")
            self.assertEqual([alert["rule"] for alert in stream.values("alerts")], ["QECHighLatency"])
            self.psql("INSERT INTO steward.jobs VALUES ('default', 7, 'sql', 'running', 1, 10, 100, 'so far', now())")
            self.assertEqual([(job["id"], job["done"], job["total"]) for job in stream.values("jobs")], [(7, 10, 100)])
            self.psql("UPDATE steward.jobs SET done = 50")
            self.assertEqual(stream.values("jobs")[0]["done"], 50)
            self.psql("DELETE FROM steward.jobs; DELETE FROM steward.alerts")
            self.assertEqual(stream.values("alerts"), [])

    def test_what_has_not_changed_is_not_told_again(self):
        with Stream(self.sidecar.port) as stream:
            for _ in range(4):
                stream.event()
            stream.socket.settimeout(2.5)
            with self.assertRaises(TimeoutError):
                stream.event()

    def test_last_event_id(self):
        with Stream(self.sidecar.port) as stream:
            last = max(stream.event()[0] for _ in range(4))
            with Stream(self.sidecar.port, **{"Last-Event-ID": str(last)}) as again:
                self.psql("UPDATE steward.value SET n = n + 1")
                number, topic, _ = again.event()
                self.assertEqual(topic, "dashboard")
                self.assertGreater(number, last)
            with Stream(self.sidecar.port, **{"Last-Event-ID": "nonsense"}) as again:
                self.assertEqual(again.event()[1], "state")

    def test_one_question_for_all(self):
        streams = [Stream(self.sidecar.port) for _ in range(20)]
        try:
            for stream in streams:
                stream.event("jobs")
            begin, before = time.monotonic(), int(self.psql("SELECT last_value FROM steward.asked"))
            time.sleep(3)
            wait_for(lambda: int(self.psql("SELECT last_value FROM steward.asked")) > before, "a question")
            asked = int(self.psql("SELECT last_value FROM steward.asked")) - before
            self.assertLessEqual(asked, time.monotonic() - begin + 2) # one a second, however many streams
            answer = self.sidecar.get("/api/v1/events")
            self.assertEqual((answer.status, answer.json()["code"]), (503, "STW13"))
            self.assertEqual(self.sidecar.get("/").status, 200)
        finally:
            for stream in streams:
                stream.close()
        wait_for(lambda: self.sidecar.request("HEAD", "/api/v1/events").status == 200, "room")
        wait_for(lambda: self.can_stream(), "room for another")

    def can_stream(self):
        with Stream(self.sidecar.port) as stream:
            return stream.answer.status == 200

    def test_no_worker_is_held(self):
        sidecar = Sidecar("--workers", "1", environment={"PGDATABASE": self.double.name})
        try:
            streams = [Stream(sidecar.port) for _ in range(10)]
            self.assertEqual(sidecar.get(f"{SCORE}?principle_id=1").status, 500) # the double knows no scores, but it answers
            for stream in streams:
                self.assertEqual(stream.event()[1], "state")
                stream.close()
        finally:
            self.assertEqual(sidecar.stop(), 0)

    def test_a_slow_client_gets_the_newest(self):
        self.psql("UPDATE steward.value SET padding = 2000000")
        try:
            with Stream(self.sidecar.port) as slow:
                for n in range(1001, 1006):
                    self.psql(f"UPDATE steward.value SET n = {n}")
                    time.sleep(1.2)
                seen = []
                while not seen or seen[-1] != 1005:
                    seen.append(slow.values("dashboard")["n"])
                self.assertLess(len(seen), 5, seen)
        finally:
            self.psql("UPDATE steward.value SET padding = 0")

    def test_a_deaf_client_is_dropped(self):
        self.psql("UPDATE steward.value SET padding = 8000000")
        try:
            deaf = Stream(self.sidecar.port)
            end = time.monotonic() + 50
            while "too slow to take its events" not in self.sidecar.log() and time.monotonic() < end:
                time.sleep(0.5)
            self.assertIn("too slow to take its events", self.sidecar.log())
            deaf.close()
        finally:
            self.psql("UPDATE steward.value SET padding = 0")

    def test_heartbeat(self):
        with Stream(self.sidecar.port) as stream:
            for _ in range(4):
                stream.event()
            stream.socket.settimeout(60)
            self.assertEqual(stream.block(), ":")

    def test_a_stop_ends_streams(self):
        sidecar = Sidecar(environment={"PGDATABASE": self.double.name})
        stream = Stream(sidecar.port)
        stream.event()
        self.assertEqual(sidecar.stop(), 0)
        with self.assertRaises(ConnectionError):
            while True:
                stream.block()
        stream.close()


class Outage(unittest.TestCase):
    def test_it_says_so_and_recovers(self):
        sidecar = Sidecar()
        try:
            with Stream(sidecar.port) as stream:
                self.assertEqual(stream.values("state"), {"database": "up"})
                server("stop")
                try:
                    self.assertEqual(stream.values("state"), {"database": "down"})
                    self.assertEqual(sidecar.get("/livez").status, 200)
                    self.assertEqual(sidecar.get("/readyz").status, 503)
                    self.assertEqual(sidecar.get("/metrics").status, 200)
                    self.assertEqual(sidecar.get("/").status, 200)
                finally:
                    server("start")
                self.assertEqual(stream.values("state"), {"database": "up"})
        finally:
            self.assertEqual(sidecar.stop(), 0)


class Tokens(SidecarTest):
    options = ("--auth", "on")

    @thrice
    def test_a_stream_ends_with_its_token(self):
        text = create("reader")
        self.check_problem(self.sidecar.get("/api/v1/events"), 401, "STW30")
        with Stream(self.sidecar.port, **bearer(text)) as stream:
            self.assertEqual(stream.values("state"), {"database": "up"})
            self.assertEqual(token("revoke", text.split("_")[1]).returncode, 0)
            begin = time.monotonic()
            with self.assertRaises(ConnectionError):
                while True:
                    stream.block()
            self.assertLess(time.monotonic() - begin, 8)

    def test_each_role_sees_its_own(self):
        psql("CREATE ROLE streamer LOGIN IN ROLE steward_reader, steward_job")
        try:
            psql("SET ROLE streamer; SELECT steward.job_enqueue('sql', '{\"command\": \"SELECT 1\"}', run_at => now() + interval '1 day')")
            psql("UPDATE steward.job SET state = 'leased', claimed_at = now(), lease_until = now() + interval '1 hour'"
                 " WHERE owner = 'streamer'::regrole")
            with Stream(self.sidecar.port, **bearer(create("reader", "--as", "streamer"))) as mine, \
                    Stream(self.sidecar.port, **bearer(create("reader"))) as other:
                self.assertEqual(len(mine.values("jobs")), 1)
                self.assertEqual(other.values("jobs"), [])
        finally:
            psql("DELETE FROM steward.job WHERE owner = 'streamer'::regrole; DROP OWNED BY streamer; DROP ROLE streamer")


if __name__ == "__main__":
    unittest.main()
