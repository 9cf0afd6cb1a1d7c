"""What somebody might try who means harm, as far as no other file here tries it; sidecar/README.md has the list."""
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import signal
import tempfile
import time
import unittest

import chores_test
from identity_test import bearer, create
from sidecar import SCORE, Double, Sidecar, SidecarTest, psql, wait_for

JSON = {"Content-Type": "application/json"}
RISKS = "/api/v1/qec/error-prediction"


class Rights(SidecarTest):
    """The program has no rights of its own: those of whoever asks decide, in the database."""

    @classmethod
    def setUpClass(cls):
        psql("CREATE ROLE steward_bare LOGIN NOINHERIT IN ROLE steward_reader, steward_writer, steward_admin, steward_metrics, steward_sidecar;"
             "CREATE ROLE guest_a NOLOGIN IN ROLE steward_reader; CREATE ROLE guest_b NOLOGIN IN ROLE steward_reader;"
             "GRANT guest_a, guest_b TO steward_bare;"
             "ALTER TABLE steward.qec_error_predictions ENABLE ROW LEVEL SECURITY;"
             "CREATE POLICY a ON steward.qec_error_predictions TO guest_a USING (principle_id = 1);"
             "CREATE POLICY b ON steward.qec_error_predictions TO guest_b USING (principle_id = 2);"
             "INSERT INTO steward.qec_error_predictions (principle_id, prediction_timestamp, overall_risk_score, predicted_failures, model_version)"
             " SELECT i, '2026-01-01', 0.5, '{}', 'security' FROM generate_series(1, 3) AS i")
        cls.sidecar = Sidecar("--auth", "on", "--workers", "1", environment={"PGUSER": "steward_bare"})

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        psql("DELETE FROM steward.qec_error_predictions; DROP POLICY a ON steward.qec_error_predictions; DROP POLICY b ON steward.qec_error_predictions;"
             "ALTER TABLE steward.qec_error_predictions DISABLE ROW LEVEL SECURITY; DELETE FROM steward.api_token;"
             "DROP ROLE guest_a; DROP ROLE guest_b; DROP ROLE steward_bare")

    def test_two_tenants_and_their_tags(self):
        """They take turns on one URL, each with the tags of both: nobody sees a body of the other's, nor learns from a 304."""
        texts = {1: create("reader", "--as", "guest_a"), 2: create("reader", "--as", "guest_b")}
        tags = {}
        with self.sidecar.connect() as client:
            for turn in range(12):
                for number, text in texts.items():
                    asked = {0: "*", 1: tags.get(3 - number, "x"), 2: ", ".join(tags.values())}[turn % 3] if turn else ""
                    headers = {**bearer(text), **({"If-None-Match": asked} if asked else {})}
                    answer = client.request("GET", RISKS, headers=headers)
                    if turn % 3 == 1 or turn == 0: # none, or the other's alone
                        self.assertEqual(answer.status, 200)
                        self.assertEqual([item["principle_id"] for item in answer.json()["items"]], [number])
                    else:
                        self.assertEqual((answer.status, answer.body), (304, ""))
                    self.assertEqual(answer.headers["vary"], "Authorization, Cookie")
                    self.assertEqual(answer.headers["cache-control"], "private, no-cache")
                    self.assertEqual(tags.setdefault(number, answer.headers["etag"]), answer.headers["etag"])
        self.assertNotEqual(tags[1], tags[2])

    def test_a_level_is_no_right(self):
        """What a token may ask for by its level, its role has to be allowed as well."""
        text = create("admin", "--as", "guest_a")
        for path, body in (("/api/v1/cache/invalidate", {"namespace": "x"}), ("/api/v1/metrics/changes", {"note": "x"})):
            self.check_problem(self.sidecar.request("POST", path, json.dumps(body), {**JSON, **bearer(text)}), 403, "42501")
        self.assertEqual(psql("SELECT count(*) FROM steward.change_mark WHERE note = 'x'"), "0")

    def test_without_whoever_asks_there_are_no_rights(self):
        with self.assertRaises(Exception) as failure:
            psql("SELECT * FROM steward.principle_score(1)", PGUSER="steward_bare")
        self.assertIn("permission denied", failure.exception.stderr)

    def test_cookies_write_nothing_alone(self):
        """Each operation that writes: another site can have a browser send the cookie, but not the header."""
        text = create("admin")
        document = json.loads(self.sidecar.get("/api/v1/openapi.json").body)
        tried = 0
        for path, item in document["paths"].items():
            for method in item:
                if method != "get":
                    answer = self.sidecar.request(method.upper(), re.sub(r"{\w+}", "1", path), "{}", {**JSON, "Cookie": f"steward_session={text}"})
                    self.check_problem(answer, 403, "STW33")
                    tried += 1
        self.assertGreater(tried, 8)

    def test_tokens_of_another_kind(self):
        """What names its own algorithm is believed by nobody."""
        for text in ("eyJhbGciOiJub25lIn0.eyJyb2xlIjoic3Rld2FyZF9hZG1pbiJ9.", "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic3Rld2FyZF9hZG1pbiJ9.c2ln"):
            sidecar = Sidecar("--auth", "on", environment={"PGUSER": "steward_bare"})
            try:
                self.check_problem(sidecar.get("/api/v1/session", **bearer(text)), 401, "STW31")
            finally:
                self.assertEqual(sidecar.stop(), 0)

    def test_a_token_never_passes_through_sql(self):
        os.environ["PGOPTIONS"] = "-c log_statement=all -c log_parameter_max_length=-1"
        try:
            text = create("reader")
        finally:
            del os.environ["PGOPTIONS"]
        log = pathlib.Path(os.environ["STEWARD_HTTP_SERVER"], "server.log").read_text(encoding="utf-8")
        _, number, secret = text.split("_")
        self.assertIn(number, log)
        self.assertNotIn(secret, log)


class Browsers(SidecarTest):
    def test_no_other_site_may_read(self):
        for path in ("/", "/api/v1/session", "/api/v1/jobs", f"{SCORE}?principle_id=1", "/metrics", "/livez", "/nowhere"):
            for method in ("GET", "OPTIONS"):
                answer = self.sidecar.request(method, path, headers={"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"})
                self.assertFalse([name for name in answer.headers if name.startswith("access-control-")], path)
                if method == "OPTIONS":
                    self.assertIn(answer.status, (404, 405))
                self.assertEqual(answer.headers["x-content-type-options"], "nosniff")

    def test_a_path_is_one_line_of_the_log(self):
        lines = len(self.sidecar.log_lines())
        paths = ("/%0a%7b%22level%22%3a1%7d", '/"},{"message":"forged"', "/%1b[31m", "/\u00e4".encode().decode("latin-1"))
        for path in paths:
            connection = http.client.HTTPConnection("127.0.0.1", self.sidecar.port, timeout=20)
            connection._validate_path = lambda _: None # which is more careful than who means harm
            connection._encode_request = lambda request: request.encode("latin-1")
            connection.request("GET", path)
            self.assertIn(connection.getresponse().status, (400, 404))
            connection.close()
        wait_for(lambda: len(self.sidecar.log_lines()) >= lines + len(paths), "the log")
        self.assertNotIn("forged", [line["message"] for line in self.sidecar.log_lines()])
        self.assertNotRegex(self.sidecar.log(), "[\x00-\x09\x0b-\x1f]")


class Rates(unittest.TestCase):
    def burst(self, sidecar, headers, number):
        """How many requests were answered, so many at least, the last that was not, and the seconds it took."""
        answered, refused, begin = 0, None, time.monotonic()
        with sidecar.connect() as client:
            while (answered < number or refused is None) and time.monotonic() - begin < 60:
                answer = client.request("GET", "/api/v1/session", headers=headers)
                if answer.status == 200:
                    answered += 1
                else:
                    refused = answer
        return answered, refused, time.monotonic() - begin

    def test_by_token(self):
        sidecar = Sidecar("--auth", "on", "--max-requests-per-second", "10")
        try:
            busy, other = create("reader"), create("reader")
            answered, refused, took = self.burst(sidecar, bearer(busy), 30)
            self.assertGreaterEqual(answered, 30)
            self.assertLessEqual(answered, 10 + took * 10 + 1)
            SidecarTest.check_problem(self, refused, 429, "STW36")
            self.assertEqual(refused.headers["retry-after"], "1")
            self.assertEqual(sidecar.get("/api/v1/session", **bearer(other)).status, 200)
            self.assertEqual(sidecar.get("/livez").status, 200)
            time.sleep(1.1)
            self.assertEqual(sidecar.get("/api/v1/session", **bearer(busy)).status, 200)
        finally:
            self.assertEqual(sidecar.stop(), 0)
            psql("DELETE FROM steward.api_token")

    def test_by_address(self):
        sidecar = Sidecar("--max-requests-per-second", "5")
        try:
            answered, refused, took = self.burst(sidecar, {}, 12)
            self.assertTrue(12 <= answered <= 5 + took * 5 + 1, answered)
            SidecarTest.check_problem(self, refused, 429, "STW36")
        finally:
            self.assertEqual(sidecar.stop(), 0)


class Webhooks(unittest.TestCase):
    """A program that sends alerts, and somebody who gets them."""
    database, options = None, None

    @classmethod
    def setUpClass(cls):
        if cls.database is None:
            raise unittest.SkipTest("what the others share")
        cls.double = Double(cls.database, chores_test.CHORES)
        cls.receiver = chores_test.Receiver()
        cls.folder = tempfile.TemporaryDirectory()
        cls.secrets = pathlib.Path(cls.folder.name, "secrets")
        cls.secrets.mkdir()
        options = [option.format(secrets=cls.secrets) for option in cls.options]
        cls.sidecar = Sidecar("--webhooks", "on", *options,
                              environment={"PGDATABASE": cls.double.name, "PGPASSWORD": "hush", "CREDENTIALS_DIRECTORY": str(cls.secrets)})

    @classmethod
    def tearDownClass(cls):
        code = cls.sidecar.stop()
        cls.receiver.shutdown()
        cls.receiver.server_close()
        cls.double.drop()
        cls.folder.cleanup()
        assert code == 0

    psql = chores_test.Chores.psql
    send = chores_test.Chores.send
    send_once = chores_test.Chores.send_once

    def write(self, name, text, mode=0o600):
        path = self.secrets / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def got(self, path):
        return [got for got in self.receiver.got if got[0] == path]


class Secrets(Webhooks):
    """What signs alerts, and where they go."""
    database, options = "steward_secrets", ("--webhook-allow", "127.0.0.1", "--webhook-secrets", "{secrets}")

    def signature(self, path, reference):
        """The secret's own, as the receiver got it."""
        self.assertEqual(self.send(f"http://127.0.0.1:{self.receiver.port}{path}", reference), ["200", ""])
        _, headers, body = self.got(path)[-1]
        return headers["X-Steward-Signature"], body

    def signed(self, secret, body):
        return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()

    def test_a_secret_is_looked_up_each_time(self):
        for reference in ("file:key", "cred:key", f"file:{self.secrets}/key"):
            for secret in ("old secret", "new secret"):
                self.write("key", secret + "\n")
                self.sidecar.process.send_signal(signal.SIGHUP) # which ends nothing
                signature, body = self.signature("/rotated", reference)
                self.assertEqual(signature, self.signed(secret, body))
        for text in ("old secret", "new secret"):
            self.assertNotIn(text, self.sidecar.log())
        self.assertIn("read anew", self.sidecar.log())

    def test_files_that_are_none_of_its_secrets(self):
        outside = pathlib.Path(self.folder.name, "outside")
        outside.write_text("hush", encoding="utf-8")
        outside.chmod(0o600)
        (self.secrets / "link").symlink_to(outside)
        (self.secrets / "folder").mkdir()
        self.write("open", "hush", 0o644)
        self.write("shared", "hush", 0o660)
        self.write("empty", "\n")
        before = len(self.receiver.got)
        for reference in (f"file:{outside}", "file:../outside", "file:link", "file:folder", "file:open", "file:shared", "file:empty", "file:", "file:.",
                          "cred:../outside", "cred:link", f"cred:{outside}", "env:PGPASSWORD", "env:PGUSER", "env:STEWARD_DATABASE"):
            error = self.send(f"http://127.0.0.1:{self.receiver.port}/never", reference)
            self.assertEqual(error, ["", f"there is no secret at {reference}"])
        self.assertEqual(len(self.receiver.got), before)
        self.write("group", "hush", 0o640) # of a folder that belongs to root and is lent to a group
        self.signature("/group", "file:group")

    def test_names_are_what_they_stand_for(self):
        """localhost stands for ::1 too, which may not be sent to: that is passed over, and what may is reached once."""
        self.assertEqual(self.send(f"http://localhost:{self.receiver.port}/name"), ["200", ""])
        self.assertEqual(len(self.got("/name")), 1)

    def test_what_a_receiver_says_is_told_to_nobody(self):
        self.assertEqual(self.send(f"http://127.0.0.1:{self.receiver.port}/echo?key=hush-hush"), ["200", ""])
        for place in (self.sidecar.log(), self.psql("SELECT coalesce(string_agg(error, ' '), '') FROM steward.delivery")):
            for word in ("hush-hush", "as an answer"):
                self.assertNotIn(word, place)


class Strict(Webhooks):
    """Where neither this address nor a folder is named."""
    database, options = "steward_strict", ("--webhook-allow", "127.0.0.9")

    def test_nothing_is_read_and_nobody_is_reached(self):
        reference = f"file:{self.write('key', 'hush')}"
        self.assertEqual(self.send(f"http://127.0.0.1:{self.receiver.port}/", reference), ["", f"there is no secret at {reference}"])
        for host in ("localhost", "127.0.0.1"):
            self.assertEqual(self.send(f"http://{host}:{self.receiver.port}/"), ["", "the address is not one that may be sent to"])
        # What is public is sent to by TLS at its own port alone.
        for url in ("https://1.1.1.1:8443/", "http://1.1.1.1/"):
            self.assertEqual(self.send(url), ["", "the address is not one that may be sent to"])
        self.assertEqual(self.receiver.got, [])


if __name__ == "__main__":
    unittest.main()
