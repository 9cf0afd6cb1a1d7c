"""Where options come from, and which are refused."""
import os
import subprocess
import tempfile
import unittest

from sidecar import PROGRAM, Sidecar, psql, wait_for


def steward(*arguments, **environment):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=20,
                          env={**os.environ, **environment})


class Options(unittest.TestCase):
    def refused(self, words, *arguments, **environment):
        done = steward("serve", *arguments, **environment)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(words, done.stderr + done.stdout)
        return done

    def test_help_and_version(self):
        self.assertRegex(steward("--version").stdout, r"^steward \d+\.\d+\.\d+\n$")
        for words in (["--help"], ["serve", "--help"], ["doctor", "--help"], ["setup", "--help"]):
            done = steward(*words)
            self.assertEqual(done.returncode, 0)
            self.assertIn("--help", done.stdout)

    def test_defaults(self):
        self.assertIn("127.0.0.1:8001", steward("serve", "--help").stdout)

    def test_wrong_options(self):
        self.refused("--no-such-option", "--no-such-option")
        self.refused("--workers", "--workers", "many")
        self.refused("--workers", "--workers", "-1")
        self.refused("--prepared-statements", "--prepared-statements", "perhaps")
        self.refused("--log-level", "--log-level", "loud")
        self.refused("HOST:PORT", "--listen", "8001")
        for port in ("99999", "65536", "-1", "http", ""):
            self.refused("", "--listen", f"127.0.0.1:{port}")
        self.refused("IPv6", "--listen", "::1:8001")
        self.assertNotEqual(steward().returncode, 0)
        self.assertNotEqual(steward("dance").returncode, 0)

    def test_only_loopback_unless_told(self):
        for host in ("0.0.0.0", "[::]", "0"):
            self.refused("--auth on", "--listen", f"{host}:0")
        sidecar = Sidecar("--listen", "0.0.0.0:0", "--auth", "on")
        self.assertEqual(sidecar.get("/livez").status, 200)
        self.assertEqual(sidecar.stop(), 0)

    def test_port_in_use(self):
        sidecar = Sidecar()
        try:
            self.refused("in use", "--listen", f"127.0.0.1:{sidecar.port}")
        finally:
            self.assertEqual(sidecar.stop(), 0)

    def test_connection_string_is_never_shown(self):
        for wrong in ("postgresql://u:hush@/d?nonsense=hush", "password=hush nonsense"):
            done = self.refused("connection string", "--database", wrong)
            self.assertNotIn("hush", done.stderr + done.stdout)
        sidecar = Sidecar("--database", f"host={os.environ['PGHOST']} password=hush")
        try:
            self.assertEqual(sidecar.score(1).status, 200)
            self.assertIn("host=", sidecar.log_lines()[0]["database"])
            self.assertNotIn("hush", sidecar.log())
        finally:
            self.assertEqual(sidecar.stop(), 0)

    def application_name(self, *options, **environment):
        """The one that wins."""
        sidecar = Sidecar(*options, environment=environment)
        try:
            self.assertEqual(sidecar.score(1).status, 200)
            return psql("SELECT DISTINCT application_name FROM pg_stat_activity WHERE application_name LIKE 'from %'")
        finally:
            self.assertEqual(sidecar.stop(), 0)
            wait_for(lambda: psql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'from %'") == "0",
                     "sessions to end")

    def test_file_then_environment_then_command_line(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write("# a comment\n\napplication_name = \"from file\"\nlog-level = warning\nauth = off\n")
            file.flush()
            config = ("--config", file.name)
            environment = {"STEWARD_APPLICATION_NAME": "from environment"}
            self.assertEqual(self.application_name(*config), "from file")
            self.assertEqual(self.application_name(STEWARD_CONFIG=file.name), "from file")
            self.assertEqual(self.application_name(*config, **environment), "from environment")
            self.assertEqual(self.application_name(*config, "--application-name", "from command", **environment),
                             "from command")

    def test_wrong_files(self):
        self.refused("no-such-file", "--config", "no-such-file")
        for text, words in (("speed = 1\n", 'line 1: unknown key "speed"'), ("\nworkers\n", "line 2: expected key = value"),
                            ("config = x\n", "unknown key"), ("workers = many\n", "workers")):
            with tempfile.NamedTemporaryFile("w") as file:
                file.write(text)
                file.flush()
                self.refused(words, "--config", file.name)

    def test_wrong_environment(self):
        self.refused("--workers", STEWARD_WORKERS="many")

    def test_log_level(self):
        sidecar = Sidecar("--log-level", "warning")
        sidecar.get("/livez")
        self.assertEqual(sidecar.stop(), 0)


if __name__ == "__main__":
    unittest.main()
