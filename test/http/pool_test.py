"""Connections to the database: how many, for how long, and who waits for one."""
import concurrent.futures
import subprocess
import tempfile
import time
import unittest

from database_test import Lock
from sidecar import PROGRAM, SCORE, Sidecar, SidecarTest, psql, wait_for

NAME = "steward pool"


def sessions():
    """Those that answer scores."""
    return set(psql(f"SELECT pid FROM pg_stat_activity WHERE application_name = '{NAME}' AND query LIKE '%principle_score%'").split())


def waiting():
    return int(psql(f"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = '{NAME}'"))


class Pool(Sidecar):
    def __init__(self, *options, **more):
        super().__init__("--application-name", NAME, "--statement-timeout", "15000", *options, **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        code = self.stop()
        wait_for(lambda: not sessions(), "sessions to end")
        assert code == 0


class Overflow(unittest.TestCase):
    def test_names_and_values_as_elsewhere(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write("pool_size = 2\nmax_overflow = 3\npool_timeout = 30\npool_recycle = 3600\npool_pre_ping = True\necho = False\n")
            file.flush()
            with Pool("--config", file.name) as pool, concurrent.futures.ThreadPoolExecutor(12) as threads:
                wait_for(lambda: len(sessions()) == 2, "the pool")
                kept = sessions()
                with Lock() as lock:
                    answers = [threads.submit(pool.score, 1) for _ in range(12)]
                    wait_for(lambda: waiting() == 5, "size and overflow")
                    time.sleep(0.7)
                    self.assertEqual(waiting(), 5) # and no more, though seven wait
                    self.assertTrue(kept < sessions())
                    lock.release()
                self.assertEqual([answer.result().status for answer in answers], [200] * 12)
                wait_for(lambda: sessions() == kept, "the overflow to disconnect")
                self.assertEqual(pool.score(1).status, 200)
                self.assertEqual(pool.log().count('"message":"statement"'), 0)

    def test_none_unless_said(self):
        with Pool("--workers", "2") as pool, concurrent.futures.ThreadPoolExecutor(4) as threads, Lock() as lock:
            answers = [threads.submit(pool.score, 1) for _ in range(4)]
            wait_for(lambda: waiting() == 2, "both")
            time.sleep(0.7)
            self.assertEqual(waiting(), 2)
            lock.release()
            self.assertEqual([answer.result().status for answer in answers], [200] * 4)

    def test_connects_again_and_again(self):
        with Pool("--pool-size", "1", "--pool-max-overflow", "2") as pool, concurrent.futures.ThreadPoolExecutor(6) as threads:
            for _ in range(3):
                with Lock() as lock:
                    answers = [threads.submit(pool.score, 1) for _ in range(6)]
                    wait_for(lambda: waiting() == 3, "size and overflow")
                    lock.release()
                self.assertEqual([answer.result().status for answer in answers], [200] * 6)

    def test_stops_while_it_is_needed(self):
        pool = Pool("--pool-size", "1", "--pool-max-overflow", "2")
        with concurrent.futures.ThreadPoolExecutor(3) as threads, Lock() as lock:
            answers = [threads.submit(pool.score, 1) for _ in range(3)]
            wait_for(lambda: waiting() == 3, "size and overflow")
            pool.terminate()
            time.sleep(0.5)
            lock.release()
            self.assertEqual([answer.result().status for answer in answers], [200] * 3)
        self.assertEqual(pool.stop(), 0)


class Waiting(SidecarTest):
    """A deadline for those in the queue."""

    options = ("--application-name", NAME, "--statement-timeout", "15000", "--pool-size", "1", "--pool-timeout", "0.5")

    def test_503_in_time(self):
        wait_for(lambda: psql(f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{NAME}' AND state = 'idle'"
                              " AND query LIKE '%principle_score%'") == "1", "the worker")
        with concurrent.futures.ThreadPoolExecutor(2) as threads, Lock() as lock:
            served = threads.submit(self.sidecar.score, 1)
            wait_for(lambda: waiting() == 1, "the first")
            begin = time.monotonic()
            with self.sidecar.connect() as client:
                answer = client.request("GET", f"{SCORE}?principle_id=1")
                took = time.monotonic() - begin
                self.check_problem(answer, 503, "STW14", "busy for too long")
                self.assertEqual(answer.headers["connection"], "close")
                self.assertTrue(client.is_closed())
            self.assertTrue(0.5 <= took < 14, took) # before the statement timeout ends anything
            with self.sidecar.connect() as client:
                answer = client.request("HEAD", f"{SCORE}?principle_id=1")
                self.assertEqual((answer.status, int(answer.headers["content-length"]) > 0), (503, True))
                self.assertTrue(client.is_closed()) # without a body
            self.assertEqual(self.sidecar.get("/livez").status, 200)
            lock.release()
            self.assertEqual(served.result().status, 200) # for whom somebody had come has no deadline here
        self.assertEqual(self.sidecar.score(1).status, 200)
        self.assertEqual(self.sidecar.metric('steward_http_requests_total{route="other",method="GET",status="503"}'), 1)


class Age(unittest.TestCase):
    def test_an_old_connection_is_replaced(self):
        with Pool("--pool-size", "1", "--pool-recycle", "1") as pool:
            self.assertEqual(pool.score(1).status, 200)
            wait_for(lambda: len(sessions()) == 1, "one session")
            old = sessions()
            time.sleep(1.2)
            self.assertEqual(pool.score(1).status, 200)
            wait_for(lambda: len(sessions()) == 1, "the end of the old one")
            new = sessions()
            self.assertNotEqual(new, old)
            self.assertEqual(pool.metric("steward_database_reconnects_total"), 0) # none was lost

    def test_a_young_one_is_kept(self):
        for age in ("3600", "-1"):
            with Pool("--pool-size", "1", "--pool-recycle", age) as pool:
                self.assertEqual(pool.score(1).status, 200)
                old = sessions()
                time.sleep(1.2)
                self.assertEqual(pool.score(1).status, 200)
                self.assertEqual(sessions(), old)


class Lost(unittest.TestCase):
    def end(self):
        psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{NAME}'")
        wait_for(lambda: not sessions(), "the end")

    def test_replaced_before_anybody_sees_it(self):
        with Pool("--pool-size", "1") as pool:
            self.assertEqual(pool.score(1).status, 200)
            self.end()
            self.assertEqual(pool.score(1).status, 200)

    def test_seen_where_nobody_looks(self):
        with Pool("--pool-size", "1", "--pool-pre-ping", "off") as pool:
            self.assertEqual(pool.score(1).status, 200)
            self.end()
            self.assertEqual(pool.score(1).status, 503)
            wait_for(lambda: pool.score(1).status == 200, "another connection")


class Echo(unittest.TestCase):
    def test_statements_without_values(self):
        with Pool("--pool-size", "1", "--pool-echo", "on") as pool:
            self.assertEqual(pool.score(987654321).status, 404)
            self.assertEqual(pool.get("/api/v1/jobs?state=no-such-state").status, 400)
            self.assertEqual(pool.post({"principle_data": {"description": "A draft that nobody else sees."}}).status, 200)
            lines = [line for line in pool.log_lines() if line["message"] == "statement"]
            scores = [line for line in lines if "principle_score($1" in line["sql"]]
            self.assertGreaterEqual(len(scores), 2) # one of them to warm up
            self.assertEqual({line["sqlstate"] for line in scores} - {"00000", "P0002", "42704"}, set())
            self.assertTrue(all(line["duration_ms"] >= 0 and line["name"] for line in lines))
            self.assertTrue(any("principle_draft_score" in line["sql"] for line in lines))
            self.assertNotIn("987654321", pool.log())
            self.assertNotIn("nobody else sees", pool.log())

    def test_a_failure_has_its_sqlstate(self):
        with Pool("--pool-size", "1", "--echo", "TRUE", "--statement-timeout", "300") as pool, Lock():
            self.assertEqual(pool.score(1).status, 504)
            wait_for(lambda: "57014" in [line.get("sqlstate") for line in pool.log_lines()], "the line")

    def test_refused(self):
        for option, value, words in (("--pool-size", "many", "--workers"), ("--pool-timeout", "-1", "--pool-timeout"),
                                     ("--pool-recycle", "-2", "--pool-recycle"), ("--pool-pre-ping", "perhaps", "--pool-pre-ping"),
                                     ("--max-overflow", "513", "--pool-max-overflow")):
            done = subprocess.run([PROGRAM, "serve", option, value], capture_output=True, text=True, check=False, timeout=20)
            self.assertEqual(done.returncode, 2)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
