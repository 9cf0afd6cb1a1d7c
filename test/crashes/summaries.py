"""Sessions that change the tables of summaries and refresh these, while one of their processes, or the server, is killed at
each point of test/worker/crash_points.cpp. Whatever was committed, the summaries are to show it.

Usage: summaries.py POSTGRES FOLDER, with PGHOST and its kin set, and the tables of test/summary_oracle there."""
import argparse
import os
import random
import sys
import threading
import time

from server import Points, Server, Session

NAMES = "SELECT name FROM definition ORDER BY place"
COMPARE = """BEGIN ISOLATION LEVEL REPEATABLE READ;
    SELECT c.* FROM definition AS d, compare(d) AS c WHERE d.name = '{}';
    COMMIT"""


class Test:
    def __init__(self, points, seed):
        self.points = points
        self.random = random.Random(seed)
        self.wrong = []
        self.is_over = False
        self.is_left_to_worker = False
        self.acknowledged = 0
        self.checks = 0
        self.watcher = Session("postgres", self.wrong)
        self.names = self.sql(NAMES).split()

    def sql(self, sql):
        """What must be answered, however often it has to be asked."""
        deadline = time.monotonic() + 30
        while (answer := self.watcher.ask(sql)) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(sql)
        return answer

    def write(self):
        session = Session("postgres", self.wrong)
        while not self.is_over:
            sql = self.random.choice([
                "SELECT change(), change() /* write */",
                "BEGIN; SELECT change(); SAVEPOINT a; SELECT change() /* write */; SELECT steward.summary_flush();"
                " ROLLBACK TO a; SELECT change() /* write */; COMMIT"])
            if session.ask(sql) is not None:
                self.acknowledged += 1
            time.sleep(0.002)
        session.close()

    def prepare(self):
        """What was prepared when its session died is committed, or rolled back, by another one."""
        session = Session("postgres", self.wrong)
        while not self.is_over:
            prepared = session.ask("BEGIN; SELECT change(), change() /* prepared write */; PREPARE TRANSACTION 'change'")
            if prepared is None or session.ask("COMMIT PREPARED 'change'") is None:
                way = self.random.choice(["COMMIT", "ROLLBACK"])
                while not self.is_over and session.ask(
                        f"SELECT format('{way} PREPARED %L', gid) FROM pg_prepared_xacts \\gexec\nSELECT 1") is None:
                    pass
            time.sleep(0.005)
        session.close()

    def refresh(self):
        session = Session("postgres", self.wrong)
        while not self.is_over:
            if self.is_left_to_worker:
                time.sleep(0.05)
                continue
            mode = self.random.choice(["keyed", "keyed", "keyed", "full"])
            session.ask(f"SELECT steward.summary_refresh('{self.random.choice(self.names)}', '{mode}')")
            time.sleep(0.002)
        session.close()

    def compare(self, name):
        """Until no other refresh comes between."""
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            differing, _, example = self.sql(COMPARE.format(name)).partition("|")
            if differing:
                self.checks += 1
                if differing != "0":
                    self.wrong.append(f"{differing} rows differ: {example}")
                return
        self.wrong.append(f"{name} could not be compared")

    def kill(self, place, is_server):
        before = self.points.kills()
        self.points.want(place, is_server)
        deadline = time.monotonic() + 240
        while self.points.kills() == before:
            if time.monotonic() > deadline:
                self.wrong.append("nobody has passed a point")
                return
            time.sleep(0.005)
        if not self.is_left_to_worker:
            self.compare(self.random.choice(self.names))

    def run(self, rounds):
        threads = [threading.Thread(target=target, daemon=True)
                   for target in (self.write, self.write, self.prepare, self.refresh, self.refresh)]
        for thread in threads:
            thread.start()
        for _ in range(rounds):
            wanted = [(place, is_server) for place in self.points.places() for is_server in (False, True)]
            self.random.shuffle(wanted)
            for place, is_server in wanted:
                self.kill(place, is_server)
        self.is_left_to_worker = True
        for place, (name, _, _) in zip(self.points.places(), self.points.all()):
            if name.startswith("refresh,"):
                self.kill(place, False)
        self.is_over = True
        for thread in threads:
            thread.join()
        self.sql("SELECT format('COMMIT PREPARED %L', gid) FROM pg_prepared_xacts \\gexec\nSELECT 1")
        self.sql("CALL settle(); SELECT 1")
        left = self.sql("SELECT what, sum(n), max(example) FROM outcome GROUP BY what HAVING sum(n) > 0")
        self.wrong += left.splitlines()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("server")
    options.add_argument("folder")
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--seed", type=int, default=1)
    arguments = options.parse_args()
    path = os.path.join(arguments.folder, "points")
    server = Server(arguments.server, arguments.folder)
    try:
        while not os.path.exists(path) or os.path.getsize(path) == 0:
            time.sleep(0.02)
        points = Points(path)
        test = Test(points, arguments.seed)
        points.begin(arguments.seed, 0)
        begun = time.monotonic()
        test.run(arguments.rounds)
        took = time.monotonic() - begun
        kills, workers, servers, _ = points.ended()
        print(f"{points.table()}   {kills} kills in {took:.1f} s: {workers} of workers, {kills - servers - workers} of"
              f" sessions, {servers} of the server; {test.acknowledged} writes acknowledged, {test.checks} checks")
        test.wrong += [f"nobody was killed: {name}" for name, _, killed in points.all() if not killed]
        print("".join(f"   {line}\n" for line in test.wrong[:30]), end="")
        return 1 if test.wrong else 0
    finally:
        server.stop()


sys.exit(main())
