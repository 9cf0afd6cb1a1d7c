"""Tokens, logins, and whose rights an answer has."""
import re
import subprocess
import unittest
import urllib.parse

from sidecar import PROGRAM, SCORE, Sidecar, SidecarTest, psql, wait_for


def token(*arguments):
    done = subprocess.run([PROGRAM, "token", *arguments], capture_output=True, text=True, check=False, timeout=20)
    return done


def create(level, *arguments):
    done = token("create", "--role", level, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


class Identity(SidecarTest):
    """With a login role that has no right of its own."""
    options = ("--auth", "on")

    @classmethod
    def setUpClass(cls):
        psql("CREATE ROLE steward_login LOGIN NOINHERIT IN ROLE steward_reader, steward_writer, steward_job, steward_admin,"
             " steward_metrics, steward_sidecar")
        cls.environment = {"PGUSER": "steward_login"}
        cls.sidecar = Sidecar(*cls.options, environment=cls.environment)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        psql("DROP ROLE steward_login")
        psql("DELETE FROM steward.api_token")

    def login(self, text, accept="application/json", **headers):
        return self.sidecar.request("POST", "/login", urllib.parse.urlencode({"token": text}), {
            "Content-Type": "application/x-www-form-urlencoded", "Accept": accept, **headers})

    def test_nobody(self):
        for method, path in (("GET", f"{SCORE}?principle_id=1"), ("GET", "/api/v1/events"), ("GET", "/metrics"),
                             ("GET", "/api/v1/session"), ("POST", "/logout"), ("GET", "/api/v1/dashboard")):
            answer = self.sidecar.request(method, path)
            self.check_problem(answer, 401, "STW30")
            self.assertEqual(answer.headers["www-authenticate"], 'Bearer realm="steward"')
        for path in ("/", "/page.js", "/livez"):
            self.assertEqual(self.sidecar.get(path).status, 200)
        self.assertEqual(self.sidecar.get("/readyz").status, 200, self.sidecar.get("/readyz").body)

    def test_a_token_of_each_level(self):
        for level in ("reader", "writer", "admin"):
            text = create(level, "--label", "it's me")
            answer = self.sidecar.get(f"{SCORE}?principle_id=1", **bearer(text))
            self.assertEqual(answer.status, 200, answer.body)
            session = self.sidecar.get("/api/v1/session", **bearer(text)).json()
            self.assertEqual((session["level"], session["role"], session["label"], session["auth"]),
                             (level, f"steward_{level}", "it's me", "on"))

    def test_what_is_no_token(self):
        good = create("reader")
        other = create("reader")
        mixed = good[:20] + other[20:]
        for wrong in ("x", good[:-1], good + "0", good.upper(), mixed, "stw_" + "0" * 16 + "_" + "0" * 64, good.replace("_", "-")):
            sidecar = Sidecar("--auth", "on", environment=self.environment) # each has its own back-off
            try:
                self.check_problem(sidecar.get("/api/v1/session", **bearer(wrong)), 401, "STW31")
            finally:
                self.assertEqual(sidecar.stop(), 0)
        self.check_problem(self.sidecar.get("/api/v1/session", Authorization="Basic dDpw"), 401, "STW30")
        self.check_problem(self.sidecar.request("GET", "/api/v1/session", headers={
            "Authorization": f"Bearer {good}\r\nAuthorization: Bearer {other}"}), 400, "STW01")

    def test_only_a_hash_is_kept_and_nothing_logged(self):
        text = create("reader")
        self.sidecar.get("/api/v1/session", **bearer(text))
        self.login(text)
        secret = text.split("_")[2]
        self.assertNotIn(secret, psql("SELECT json_agg(t) FROM steward.api_token AS t"))
        self.assertNotIn(secret, self.sidecar.log())
        self.assertNotIn(secret, token("list").stdout)
        self.assertIn(text.split("_")[1], token("list").stdout)

    def test_revoked_and_expired(self):
        text = create("reader")
        self.assertEqual(self.sidecar.get("/api/v1/session", **bearer(text)).status, 200)
        self.assertEqual(token("revoke", text.split("_")[1]).returncode, 0)
        wait_for(lambda: self.sidecar.get("/api/v1/session", **bearer(text)).status == 401, "the end of a revoked token")
        brief = create("reader", "--ttl", "1s")
        wait_for(lambda: self.sidecar.get("/api/v1/session", **bearer(brief)).status == 401, "the end of a token")
        self.assertEqual(token("revoke", "0" * 16).returncode, 2)
        self.assertNotEqual(token("create", "--role", "reader", "--ttl=-1s").returncode, 0)
        self.assertNotEqual(token("create", "--role", "owner").returncode, 0)
        self.assertIn("superuser", token("create", "--role", "reader", "--as", psql("SELECT current_user")).stderr)

    def test_too_many_wrong_tokens(self):
        sidecar = Sidecar("--auth", "on", environment=self.environment)
        try:
            good = create("reader")
            wrong = "stw_" + "0" * 16 + "_" + "0" * 64
            answers = [sidecar.get("/api/v1/session", **bearer(wrong)) for _ in range(7)]
            self.assertEqual([answer.status for answer in answers], [401] * 6 + [429])
            self.check_problem(answers[-1], 429, "STW34")
            self.assertGreater(int(answers[-1].headers["retry-after"]), 0)
            # Also the right one has to wait, or guessing would be free of charge.
            self.assertEqual(sidecar.get("/api/v1/session", **bearer(good)).status, 429)
            wait_for(lambda: sidecar.get("/api/v1/session", **bearer(good)).status == 200, "the end of the wait")
        finally:
            self.assertEqual(sidecar.stop(), 0)

    def test_cookie(self):
        text = create("writer")
        answer = self.login(text)
        self.assertEqual(answer.status, 200, answer.body)
        cookie = answer.headers["set-cookie"]
        self.assertRegex(cookie, r"^steward_session=stw_[0-9a-f_]+; Path=/; Max-Age=\d+; HttpOnly; SameSite=Strict$")
        self.assertEqual(answer.headers["cache-control"], "no-store")
        csrf = answer.json()["csrf"]
        mine = {"Cookie": "a=b; " + cookie.split(";")[0]}
        session = self.sidecar.get("/api/v1/session", **mine).json()
        self.assertEqual((session["level"], session["csrf"]), ("writer", csrf))
        self.check_problem(self.sidecar.request("POST", "/logout", headers=mine), 403, "STW33")
        self.check_problem(self.sidecar.request("POST", "/logout", headers={**mine, "X-CSRF-Token": "0" * 64}), 403, "STW33")
        answer = self.sidecar.request("POST", "/logout", headers={**mine, "X-CSRF-Token": csrf})
        self.assertEqual(answer.status, 204)
        self.assertIn("Max-Age=0", answer.headers["set-cookie"])

    def test_login_of_a_form(self):
        answer = self.login(create("reader"), accept="text/html")
        self.assertEqual((answer.status, answer.headers["location"]), (303, "/"))
        self.check_problem(self.login("stw_no"), 401, "STW31")
        self.check_problem(self.login(""), 400, "STW20", "token")
        self.check_problem(self.login(create("reader"), **{"Sec-Fetch-Site": "cross-site"}), 403, "STW33")
        self.check_problem(self.sidecar.request("POST", "/login", "{}", {"Content-Type": "application/json"}), 415, "STW24")

    def test_a_cookie_for_tls(self):
        sidecar = Sidecar("--auth", "on", "--secure-cookies", "on", environment=self.environment)
        try:
            answer = sidecar.request("POST", "/login", f"token={create('reader')}", {"Content-Type": "application/x-www-form-urlencoded"})
            self.assertTrue(answer.headers["set-cookie"].endswith("; SameSite=Strict; Secure"))
        finally:
            self.assertEqual(sidecar.stop(), 0)

    def test_two_tenants(self):
        """On one URL, and through one connection: nobody sees the other's answer, nor learns from a 304."""
        psql("CREATE ROLE tenant_a NOLOGIN IN ROLE steward_reader; CREATE ROLE tenant_b NOLOGIN IN ROLE steward_reader;"
             "GRANT tenant_a, tenant_b TO steward_login;"
             "UPDATE steward.constitutional_principles SET category = 'a' WHERE principle_id = 1;"
             "UPDATE steward.constitutional_principles SET category = 'b' WHERE principle_id = 2;"
             "ALTER TABLE steward.constitutional_principles ENABLE ROW LEVEL SECURITY;"
             "CREATE POLICY a ON steward.constitutional_principles TO tenant_a USING (category = 'a');"
             "CREATE POLICY b ON steward.constitutional_principles TO tenant_b USING (category = 'b')")
        sidecar = Sidecar("--auth", "on", "--workers", "1", environment=self.environment)
        try:
            texts = {name: create("reader", "--as", f"tenant_{name}") for name in "ab"}
            with sidecar.connect() as client:
                for _ in range(20):
                    for name, number in (("a", 1), ("b", 2)):
                        for principle in (1, 2):
                            answer = client.request("GET", f"{SCORE}?principle_id={principle}", headers=bearer(texts[name]))
                            self.assertEqual(answer.status, 200 if principle == number else 404)
        finally:
            self.assertEqual(sidecar.stop(), 0)
            psql("DROP POLICY a ON steward.constitutional_principles; DROP POLICY b ON steward.constitutional_principles;"
                 "ALTER TABLE steward.constitutional_principles DISABLE ROW LEVEL SECURITY;"
                 "UPDATE steward.constitutional_principles SET category = 'tokens' WHERE principle_id IN (1, 2);"
                 "DROP ROLE tenant_a; DROP ROLE tenant_b")

    def test_a_role_that_the_program_may_not_take(self):
        psql("CREATE ROLE stranger NOLOGIN IN ROLE steward_reader")
        try:
            text = create("reader", "--as", "stranger")
            self.check_problem(self.sidecar.get(f"{SCORE}?principle_id=1", **bearer(text)), 403, "42501")
        finally:
            psql("DROP ROLE stranger")

    def test_rights_end_with_the_request(self):
        sidecar = Sidecar("--auth", "on", "--workers", "1", environment=self.environment)
        try:
            admin, reader = create("admin"), create("reader")
            for _ in range(3):
                self.assertEqual(sidecar.get("/api/v1/session", **bearer(admin)).json()["role"], "steward_admin")
                self.assertEqual(sidecar.get(f"{SCORE}?principle_id=1", **bearer(reader)).status, 200)
            # One of the program that made the tokens may still be ending.
            wait_for(lambda: psql("SELECT count(DISTINCT usename) FROM pg_stat_activity WHERE application_name = 'steward'") == "1", "one role")
        finally:
            self.assertEqual(sidecar.stop(), 0)


class BehindAPooler(Identity):
    """All the same where nothing may be left in a session."""
    options = ("--auth", "on", "--prepared-statements", "off")


class WithoutIdentity(SidecarTest):
    def test_reading_needs_no_token(self):
        self.assertEqual(self.sidecar.score(1).status, 200)
        session = self.sidecar.get("/api/v1/session").json()
        self.assertEqual((session["auth"], session["role"], session["csrf"]), ("off", None, None))

    def test_a_cookie_of_yesterday_does_not_matter(self):
        old = {"Cookie": "steward_session=stw_" + "0" * 16 + "_" + "0" * 64}
        self.assertEqual(self.sidecar.get(f"{SCORE}?principle_id=1", **old).status, 200)


class NamesOfTheMachine(SidecarTest):
    def ask(self, host, path="/api/v1/session"):
        with self.sidecar.connect() as client:
            client.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            return client.read().status

    def test_only_its_own_are_answered_to(self):
        for host in ("localhost", "LocalHost:8001", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:8001"):
            self.assertEqual(self.ask(host), 200, host)
        for host in ("example.com", "127.0.0.1.example.com", "localhost.example.com:8001", "10.0.0.1", "[::2]", "127.a"):
            for path in ("/api/v1/session", "/api/v1/dashboard", "/api/v1/events", f"{SCORE}?principle_id=1", "/metrics"):
                self.assertEqual(self.ask(host, path), 403, (host, path))
        self.assertEqual(self.ask("example.com", "/livez"), 200)


class Page(SidecarTest):
    def test_files(self):
        for path, kind in (("/", "text/html"), ("/page.js", "text/javascript"), ("/page.css", "text/css"),
                           ("/uplot.js", "text/javascript"), ("/uplot.css", "text/css")):
            answer = self.sidecar.get(path)
            self.assertEqual(answer.status, 200)
            self.assertTrue(answer.headers["content-type"].startswith(kind))
            self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
            policy = answer.headers["content-security-policy"]
            for rule in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
                self.assertIn(rule, policy)
            self.assertNotIn("unsafe", policy)
            again = self.sidecar.get(path, **{"If-None-Match": f'"x", W/{answer.headers["etag"]}'})
            self.assertEqual((again.status, again.body), (304, ""))
            self.assertNotIn("content-length", again.headers)

    def test_nothing_comes_from_elsewhere(self):
        page = self.sidecar.get("/").body
        self.assertFalse(re.search(r"https?:|<style|style=|\son\w+=|<script(?![^>]*\ssrc=)", page))


if __name__ == "__main__":
    unittest.main()
