"""What the front does with bytes: framing, limits, order, and clients that are slow or many."""
import concurrent.futures
import contextlib
import re
import time
import unittest

from sidecar import SCORE, Client, Double, Sidecar, SidecarTest, wait_for

GET = f"GET {SCORE}?principle_id=%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = f"POST {SCORE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


class Wire(SidecarTest):
    options = ("--max-body-bytes", "100000")

    def refused(self, data, status):
        """Refused, and the connection is closed: what follows cannot be told apart."""
        with self.sidecar.connect() as client:
            client.send(data if isinstance(data, bytes) else data.encode())
            self.check_problem(client.read(), status)
            self.assertTrue(client.is_closed())

    def test_two_readings_of_one_request(self):
        self.refused(POST + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400)
        self.refused(POST + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)
        self.refused(POST + "Content-Length: x\r\n\r\n", 400)
        self.refused(POST + "Transfer-Encoding: gzip\r\n\r\n", 400)
        self.refused(POST + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411)
        self.refused("GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n", 400)
        self.refused("GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n", 400)
        self.refused("GET / HTTP/1.1\nHost: a\n\n\r\n\r\n", 400)
        self.refused("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 400)
        self.refused("GET / HTTP/1.1\r\n\r\n", 400)
        self.refused(b"\x16\x03\x01\x02\x00\x01", 400)

    def test_limits(self):
        self.refused("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + "a" * 20000 + "\r\n\r\n", 431)
        self.refused("GET / HTTP/1.1\r\nX: " + "a" * 3_000_000, 431)
        self.refused(POST + "Content-Length: 100001\r\n\r\n" + "a" * 100001, 413)
        self.refused(POST + "Content-Length: 99999999999999999999\r\n\r\n", 413)
        self.refused("GET /" + "a" * 5000 + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 414)
        text = '{"principle_data":{"description":"%s"}}'
        body = text % ("a" * (100000 - len(text) + 2))
        self.assertEqual(self.sidecar.post(body).status, 200)

    def test_what_never_ends_is_not_read_to_its_end(self):
        """The answer may be lost with the connection: a client that sends without end is not waited for."""
        with self.sidecar.connect() as client, self.assertRaises(ConnectionError):
            for _ in range(200):
                client.send(b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000)
        self.assertEqual(self.sidecar.get(f"{SCORE}?principle_id=1").status, 200)

    def test_range_and_encoding_are_not_heard(self):
        answer = self.sidecar.get(f"{SCORE}?principle_id=1", Range="bytes=0-," * 500 + "0-",
                                  **{"Accept-Encoding": "gzip, br"})
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json()["principle_id"], 1)
        self.refused(POST + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 415)

    def test_expect(self):
        with self.sidecar.connect() as client:
            client.send((POST + "Expect: 100-continue\r\nContent-Length: 18\r\n\r\n").encode())
            self.assertEqual(client.read().status, 100)
            client.send(b'{"principle_id":1}')
            self.assertEqual(client.read().status, 200)
        with self.sidecar.connect() as client: # no invitation for what will be refused
            client.send((POST + "Expect: 100-continue\r\nContent-Length: 200000\r\n\r\n").encode())
            self.check_problem(client.read(), 413)
        self.refused("GET / HTTP/1.1\r\nHost: localhost\r\nExpect: more\r\n\r\n", 417)

    def test_pipelined_requests_are_answered_in_order(self):
        with self.sidecar.connect() as client:
            numbers = [i % 20 + 1 for i in range(1000)]
            client.send("".join(GET % number for number in numbers).encode())
            self.assertEqual([client.read().json()["principle_id"] for _ in numbers], numbers)
            self.assertEqual(client.request("GET", "/livez").status, 200)

    def test_bytes_one_by_one(self):
        with self.sidecar.connect() as client:
            for byte in (POST + 'Content-Length: 18\r\n\r\n{"principle_id":2}').encode():
                client.send(bytes([byte]))
            self.assertEqual(client.read().json()["principle_id"], 2)

    def test_close_and_keep_alive(self):
        with self.sidecar.connect() as client:
            answer = client.request("GET", "/livez", headers={"Connection": "close"})
            self.assertEqual(answer.headers["connection"], "close")
            self.assertTrue(client.is_closed())
        with self.sidecar.connect() as client:
            client.send(b"GET /livez HTTP/1.0\r\n\r\n")
            self.assertEqual(client.read().status, 200)
            self.assertTrue(client.is_closed())
        with self.sidecar.connect() as client:
            for _ in range(2):
                client.send(b"GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                self.assertEqual(client.read().headers["connection"], "keep-alive")

    def test_client_that_closes_its_half(self):
        with self.sidecar.connect() as client:
            client.send((GET % 3).encode() + b"GET /unfinished")
            client.socket.shutdown(1)
            self.assertEqual(client.read().json()["principle_id"], 3)
            self.assertTrue(client.is_closed())

    def test_request_id(self):
        self.assertEqual(self.sidecar.get("/livez", **{"X-Request-Id": "a.B_c-9"}).headers["x-request-id"], "a.B_c-9")
        for wrong in ("a b", "a" * 65, "a;b", '"'):
            made = self.sidecar.get("/livez", **{"X-Request-Id": wrong}).headers["x-request-id"]
            self.assertRegex(made, "^[0-9a-f]{32}$")
        wait_for(lambda: any(line.get("request_id") == "a.B_c-9" for line in self.sidecar.log_lines()), "the log")

    def test_log_is_json_and_keeps_the_query_to_itself(self):
        self.sidecar.get(f"{SCORE}?principle_id=1&token=hush")
        for line in self.sidecar.log_lines():
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            if line["message"] == "request":
                self.assertTrue({"request_id", "method", "path", "status", "duration_ms"} <= set(line))
        self.assertNotIn("hush", self.sidecar.log())

    def test_idle_and_slow_clients_delay_nobody(self):
        clients = [Client(self.sidecar.port) for _ in range(350)]
        try:
            for client in clients[:300]:
                self.assertEqual(client.request("GET", "/livez").status, 200)
            for client in clients[300:]:
                client.send(b"GET / HTTP/1.1\r\nX:")
            times = []
            for _ in range(20):
                for client in clients[300:]:
                    with contextlib.suppress(OSError): # given up by now, on a machine that has stalled
                        client.send(b"a")
                start = time.monotonic()
                self.assertEqual(self.sidecar.score(1).status, 200)
                times.append(time.monotonic() - start)
            self.assertLess(sorted(times)[-3], 1) # but for two pauses of the machine
            for client in clients[:300]:
                self.assertEqual(client.request("GET", "/livez").status, 200)
        finally:
            for client in clients:
                client.close()

    def test_slow_head_is_given_up(self):
        with self.sidecar.connect() as client:
            client.send(b"GET / HTTP/1.1\r\n")
            end = time.monotonic() + 25 # an idle connection has 75 seconds
            answer = None
            with concurrent.futures.ThreadPoolExecutor(1) as reader:
                pending = reader.submit(client.read)
                while answer is None and time.monotonic() < end:
                    try:
                        answer = pending.result(timeout=0.5)
                    except concurrent.futures.TimeoutError:
                        client.send(b"X: still there\r\n")
            self.check_problem(answer, 408)

    def test_line_ends_between_requests(self):
        """Some clients send one behind a body: it begins no request, and starts no clock."""
        body = '{"principle_id":1}'
        with self.sidecar.connect() as client, self.sidecar.connect() as late:
            client.send((POST + "Content-Length: 18\r\n\r\n" + body + "\r\n").encode())
            late.send((POST + "Content-Length: 18\r\n\r\n" + body).encode())
            for each in (client, late):
                self.assertEqual(each.read().status, 200)
            late.send(b"\r\n\r\n")
            time.sleep(6) # a head may take 5 seconds
            for each in (client, late):
                self.assertEqual(each.request("GET", "/livez").status, 200)

    def test_client_that_does_not_read(self):
        """Holds up its own connection and no worker."""
        deaf = [self.sidecar.connect() for _ in range(8)]
        try:
            for client in deaf:
                client.socket.setblocking(False)
                try:
                    for _ in range(400):
                        client.send((GET % 1).encode() * 100)
                except BlockingIOError:
                    pass
            for number in range(1, 11):
                self.assertEqual(self.sidecar.score(number).status, 200)
        finally:
            for client in deaf:
                client.close()


LONG = """
CREATE SCHEMA steward;
CREATE FUNCTION steward.principle_score(bigint)
RETURNS TABLE (score float8, distance float8, level text, ambiguity float8, formality float8, reliability float8,
               complexity float8, scored_at timestamptz, stored boolean, formula_version text, lexicon_version text,
               findings jsonb)
LANGUAGE sql AS $$
    SELECT 0, 0, repeat('x', 20000000), 0, 0, 0, 0, now(), true, 'f', 'l', '[]'::jsonb $$;
"""


class Slow(unittest.TestCase):
    def test_who_takes_bytes_is_not_cut_off(self):
        """Another one, which takes none, is, and the log says so."""
        double = Double("steward_long", LONG)
        sidecar = Sidecar("--workers", "2", environment={"PGDATABASE": double.name})
        try:
            with sidecar.connect() as slow, sidecar.connect() as deaf:
                for client in (slow, deaf):
                    client.send((GET % 1).encode())
                end = time.monotonic() + 33 # a whole answer had 30 seconds once
                while time.monotonic() < end:
                    slow.buffer += slow.socket.recv(10000)
                    time.sleep(0.05)
                self.assertEqual(len(slow.read().json()["level"]), 20000000)
                wait_for(lambda: "too slow" in sidecar.log(), "the end of the other one")
                with self.assertRaises(ConnectionError):
                    deaf.read()
        finally:
            self.assertEqual(sidecar.stop(), 0)
            double.drop()


class Bounds(unittest.TestCase):
    def test_connections(self):
        sidecar = Sidecar("--max-connections", "10")
        try:
            clients = [sidecar.connect() for _ in range(10)]
            for client in clients:
                self.assertEqual(client.request("GET", "/livez").status, 200)
            with sidecar.connect() as late:
                answer = late.read()
                self.assertEqual((answer.status, answer.json()["code"]), (503, "STW08"))
                self.assertIn("retry-after", answer.headers)
            clients.pop().close()

            def is_served():
                with sidecar.connect() as fresh:
                    return fresh.request("GET", "/livez").status == 200
            wait_for(is_served, "room for a connection")
            for client in clients:
                self.assertEqual(client.request("GET", "/livez").status, 200)
                client.close()
        finally:
            self.assertEqual(sidecar.stop(), 0)

    def test_memory_of_all_connections(self):
        sidecar = Sidecar("--max-memory-bytes", "250000")
        body = b'{"principle_id":1}' + b" " * 150000
        head = (POST + f"Content-Length: {len(body)}\r\n\r\n").encode()
        try:
            with sidecar.connect() as first:
                first.send(head + b'{')
                with sidecar.connect() as second:
                    def is_refused():
                        with sidecar.connect() as other:
                            other.send(head)
                            other.socket.settimeout(0.5)
                            try:
                                answer = other.read()
                            except TimeoutError:
                                return None
                            self.assertTrue(other.is_closed())
                            return answer
                    answer = wait_for(is_refused, "a refusal")
                    self.assertEqual((answer.status, answer.json()["code"]), (503, "STW12"))
                    self.assertIn("retry-after", answer.headers)
                    self.assertEqual(second.request("GET", "/livez").status, 200)
                    first.send(body[1:])
                    self.assertEqual(first.read().status, 200)
                    first.socket.close()
                    def is_served():
                        with sidecar.connect() as other:
                            other.send(head + body)
                            return other.read().status == 200
                    wait_for(is_served, "room again") # the client has its answer a moment before the room is free
        finally:
            self.assertEqual(sidecar.stop(), 0)

    def test_descriptors_run_out(self):
        """More clients than descriptors: some wait, nobody spins, and all is well once they are gone."""
        sidecar = Sidecar("--workers", "1", prefix=("prlimit", "--nofile=40:40"))
        try:
            clients = [sidecar.connect() for _ in range(100)]
            for client in clients:
                client.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            before = self.processor_seconds(sidecar)
            time.sleep(1) # what is measured is a second of work
            self.assertLess(self.processor_seconds(sidecar) - before, 0.5)
            for client in clients:
                client.close()

            def is_served():
                try:
                    return sidecar.get("/livez").status == 200
                except OSError:
                    return False
            wait_for(is_served, "an answer")
        finally:
            self.assertEqual(sidecar.stop(), 0)

    @staticmethod
    def processor_seconds(sidecar):
        with open(f"/proc/{sidecar.process.pid}/stat", encoding="ascii") as file:
            fields = re.sub(r".*\) ", "", file.read()).split()
        return (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    unittest.main()
