"""`steward setup` and `steward doctor`."""
import os
import subprocess
import unittest

from sidecar import PROGRAM, Double, psql


def steward(*arguments, **environment):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=60,
                          env={**os.environ, **environment})


class Doctor(unittest.TestCase):
    def table(self, database, *rows):
        values = ", ".join(rows)
        double = Double(database, "CREATE SCHEMA steward; CREATE FUNCTION steward.doctor() RETURNS TABLE"
                        " (name text, state text, detail text, hint text, command text)"
                        f" LANGUAGE sql AS $$ VALUES {values} $$")
        try:
            return steward("doctor", PGDATABASE=database)
        finally:
            double.drop()

    def test_errors_and_warnings(self):
        fine = "('a', 'ok', 'größer', NULL, NULL)"
        warning = "('longer name', 'warning', E'two\\nlines', 'Do it.', 'SELECT 1')"
        done = self.table("steward_fine", fine, warning)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "name         state    detail     hint    command\n"
                                      "a            ok       größer\n"
                                      "longer name  warning  two lines  Do it.  SELECT 1\n")
        self.assertEqual(self.table("steward_ill", fine, "('b', 'error', 'c', 'd', 'e')").returncode, 1)

    def test_table(self):
        done = steward("doctor")
        self.assertIn(done.returncode, (0, 1), done.stderr)
        head, *rows = done.stdout.splitlines()
        self.assertEqual(head.split(), ["name", "state", "detail", "hint", "command"])
        column = head.index("state")
        self.assertTrue(rows)
        states = [row[column:].split()[0] for row in rows]
        self.assertLessEqual(set(states), {"ok", "warning", "error"})
        self.assertEqual(done.returncode, int("error" in states))

    def test_extension_is_missing(self):
        done = steward("doctor", PGDATABASE="template1")
        self.assertEqual(done.returncode, 2)
        self.assertIn("steward setup", done.stderr)

    def test_no_database(self):
        done = steward("doctor", "--database", "host=/nonexistent password=hush")
        self.assertEqual(done.returncode, 2)
        self.assertNotIn("hush", done.stderr)


class Setup(unittest.TestCase):
    database = "steward_setup"

    def setUp(self):
        psql(f"CREATE DATABASE {self.database}")

    def tearDown(self):
        psql(f"DROP DATABASE {self.database} WITH (FORCE)")

    def extensions(self):
        return psql("SELECT count(*) FROM pg_extension WHERE extname = 'pg_steward'", PGDATABASE=self.database)

    def connection(self):
        return f"host={os.environ['PGHOST']} user=postgres dbname={self.database}"

    def test_dry_run_only_prints(self):
        done = steward("setup", "--dry-run", "--database", self.connection())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("CREATE EXTENSION IF NOT EXISTS pg_steward;", done.stdout)
        self.assertIn("sqitch deploy", done.stdout)
        for statement in ("CREATE TABLE steward.constitutional_principles (", "GRANT SELECT ON"):
            self.assertIn(statement, done.stdout)
        self.assertEqual(self.extensions(), "0")

    def test_twice(self):
        for first in (True, False):
            done = steward("setup", "--database", self.connection())
            self.assertIn("sqitch deploy", done.stdout)
            # Each statement is printed before it runs, what is deployed already is not run again.
            self.assertEqual("CREATE TABLE steward.constitutional_principles (" in done.stdout, first)
            self.assertIn("GRANT CONNECT ON DATABASE", done.stdout)
            self.assertNotIn("sqitch failed", done.stderr)
            self.assertEqual(self.extensions(), "1")
            self.assertEqual(psql("SELECT to_regclass('steward.constitutional_principles')",
                                  PGDATABASE=self.database), "steward.constitutional_principles")

    def test_what_is_missing_is_named(self):
        done = steward("setup", "--database", self.connection(), PATH="/nonexistent")
        self.assertEqual(done.returncode, 2)
        self.assertIn("apt-get install sqitch", done.stderr)
        done = steward("setup", "--migrations", "/nonexistent")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--migrations", done.stderr)


if __name__ == "__main__":
    unittest.main()
