"""`steward top`: the values of the page in a terminal."""
import os
import subprocess
import unittest

from sidecar import PROGRAM, psql


def top(*options):
    return subprocess.run([PROGRAM, "top", "--database", "", *options], capture_output=True, text=True, timeout=30, check=False)


class Top(unittest.TestCase):
    def test_a_look(self):
        for _ in range(2): # from the first round on, what is new is counted
            psql("SELECT count(steward.ambiguity(i::text)) FROM generate_series(1, 100) AS i")
            psql("SELECT steward.monitor_run(force => true)")
        shown = top("--once")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        parts = [line for line in shown.stdout.splitlines() if line.isupper()]
        self.assertEqual(parts, ["ALERTS", "OBJECTIVES", "COMPONENTS", "CACHES", "QUEUES"])
        self.assertRegex(shown.stdout, r"(?m)^total duration [\d.]+ (us|ms|s|min), components \d+, slowest \w+ \(.*s\), cache hit rate .*, memory [\d.]+ MB$")
        self.assertRegex(shown.stdout, r"(?m)^score +\d")
        self.assertRegex(shown.stdout, r"(?m)^recovery +0 ")
        self.assertNotIn("\x1b", shown.stdout)

    def test_where_it_is_no_terminal_it_ends(self):
        self.assertEqual(top("--window", "15 minutes").stdout.count("QUEUES"), 1)

    def test_what_cannot_be_asked(self):
        failed = top("--once", "--window", "an hour or so")
        self.assertEqual((failed.returncode, failed.stdout), (2, ""))
        self.assertIn("invalid input syntax for type interval", failed.stderr)
        gone = subprocess.run([PROGRAM, "top", "--once", "--database", "port=1"], capture_output=True, text=True, timeout=30, check=False,
                              env={**os.environ})
        self.assertEqual(gone.returncode, 2)


if __name__ == "__main__":
    unittest.main()
