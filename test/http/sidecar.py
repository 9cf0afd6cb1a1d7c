"""A sidecar for a test, and a client that sees every byte."""
import functools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("STEWARD_PROGRAM", str(ROOT / "build" / "steward"))
SCORE = "/api/v1/qec/constitutional-distance"
DEADLINE = 60  # seconds; nothing that is waited for takes as long on a machine that works


def wait_for(condition, what):
    """Waits until `condition()` is true, and returns what it returned."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


def thrice(test):
    """For what is measured in real time: a machine stalls now and then, a wrong program is wrong each time."""
    @functools.wraps(test)
    def attempt(self):
        for _ in range(2):
            try:
                return test(self)
            except (AssertionError, TimeoutError) as error:
                print(f"# once more: {test.__name__}: {error}")
        return test(self)
    return attempt


def psql(sql, **environment):
    """What psql prints for the statement, without decoration."""
    done = subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1", "-c", sql],
        check=True, capture_output=True, text=True, env={**os.environ, **environment})
    return done.stdout.strip()


class Double:
    """A database whose functions answer what a test says."""

    def __init__(self, name, sql):
        self.name = name
        psql(f"CREATE DATABASE {name}")
        psql(sql, PGDATABASE=name)

    def drop(self):
        psql(f"DROP DATABASE {self.name} WITH (FORCE)")


def server(command):
    """start or stop the private server of the test."""
    script = '. "$0/tools/lib.sh"; . "$0/tools/server.sh"; "server_$1" "$2"'
    subprocess.run(["bash", "-c", script, str(ROOT), command, os.environ["STEWARD_HTTP_SERVER"]],
                   check=True, stdout=subprocess.DEVNULL)


class Answer:
    """One answer as it came over the wire."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Client:
    """A connection that sends what it is told, and reads answers one by one."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        chunk = self.socket.recv(65536)
        self.buffer += chunk
        return chunk

    def read(self, method="GET"):
        """The next answer; ConnectionError if there is none."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                raise ConnectionError("closed")
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        line, *rest = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (item.split(": ", 1) for item in rest)}
        length = 0 if method == "HEAD" else int(headers.get("content-length", 0))
        while len(self.buffer) < length:
            if not self._more():
                raise ConnectionError("closed within a body")
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Answer(int(line.split()[1]), headers, body.decode())

    def is_closed(self):
        """True once the server has closed; bytes that still come are an error."""
        try:
            return not self.buffer and not self._more()
        except ConnectionResetError:
            return True

    def request(self, method, target, body=None, headers=None):
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n"
        for name, value in (headers or {}).items():
            head += f"{name}: {value}\r\n"
        data = b"" if body is None else body if isinstance(body, bytes) else body.encode()
        if body is not None:
            head += f"Content-Length: {len(data)}\r\n"
        self.send(head.encode() + b"\r\n" + data)
        return self.read(method)


class Sidecar:
    """`steward serve` on a free port, on the server that libpq's environment names."""

    def __init__(self, *options, environment=None, prefix=(), log=None):
        self.folder = tempfile.TemporaryDirectory()
        self.port_file = os.path.join(self.folder.name, "port")
        self.log_path = os.path.join(self.folder.name, "log")
        with open(self.log_path, "wb") as file:
            self.process = subprocess.Popen(
                [*prefix, PROGRAM, "serve", "--listen", "127.0.0.1:0", "--port-file", self.port_file, *options],
                stderr=file if log is None else log, env={**os.environ, **(environment or {})})
        wait_for(lambda: os.path.exists(self.port_file) or self.process.poll() is not None, "the port")
        if self.process.poll() is not None:
            raise AssertionError(f"the sidecar ended: {self.log()}")
        with open(self.port_file, encoding="ascii") as file:
            self.port = int(file.read())

    def log(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def log_lines(self):
        return [json.loads(line) for line in self.log().splitlines()]

    def connect(self):
        return Client(self.port)

    def request(self, method, target, body=None, headers=None):
        with self.connect() as client:
            return client.request(method, target, body, headers)

    def get(self, target, **headers):
        return self.request("GET", target, headers=headers)

    def post(self, document, content_type="application/json"):
        body = document if isinstance(document, (str, bytes)) else json.dumps(document)
        return self.request("POST", SCORE, body, {"Content-Type": content_type})

    def score(self, principle_id):
        return self.get(f"{SCORE}?principle_id={urllib.parse.quote(str(principle_id))}")

    def metric(self, sample):
        """The value of a sample, or None."""
        found = re.search(f"^{re.escape(sample)} (.*)$", self.get("/metrics").body, re.MULTILINE)
        return float(found.group(1)) if found else None

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """Its exit code."""
        if self.process.poll() is None:
            self.terminate()
        code = self.process.wait(DEADLINE)
        self.folder.cleanup()
        return code


class SidecarTest(unittest.TestCase):
    """Tests that share one sidecar."""

    options = ()

    @classmethod
    def setUpClass(cls):
        cls.sidecar = Sidecar(*cls.options)

    @classmethod
    def tearDownClass(cls):
        code = cls.sidecar.stop()
        if code != 0:
            raise AssertionError(f"the sidecar ended with {code}")

    def check_problem(self, answer, status, code=None, detail=None):
        """An error as RFC 9457 describes it."""
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.headers["content-type"], "application/problem+json")
        problem = answer.json()
        self.assertEqual(problem["status"], status)
        for member in ("type", "title", "detail", "instance", "code", "request_id"):
            self.assertIn(member, problem)
        self.assertEqual(problem["request_id"], answer.headers["x-request-id"])
        self.assertIn("date", answer.headers)
        if code is not None:
            self.assertEqual(problem["code"], code)
        if detail is not None:
            self.assertIn(detail, problem["detail"])
        if status == 503:
            self.assertGreater(int(answer.headers["retry-after"]), 0)
