"""Sessions that enqueue jobs while processes of the server die at the points of test/worker/crash_points.cpp. What the
sessions were told is kept here, outside of the database, and compared with what the database has done.

Usage: crashes.py POSTGRES FOLDER WRONG.SQL, with PGHOST and its kin set. Processes are killed, not the machine: what
they have handed to the system survives, so that fsync may be off."""
import argparse
import os
import random
import sys
import threading
import time

from server import Points, Server, Session

FAILED = """SELECT string_agg(error_sqlstate || ' ' || n, ', ' ORDER BY error_sqlstate)
    FROM (SELECT error_sqlstate, count(*) AS n FROM steward.job_history WHERE outcome = 'failed' GROUP BY 1) AS f"""

LONG = 500  # so many kills are to hit each point


class Test:
    def __init__(self, server, points, seed):
        self.server = server
        self.points = points
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.ledger = []  # token, what, id or None
        self.complaints = []
        self.tokens = 0
        self.backlog = 0
        self.is_over = False
        self.is_drained = False
        self.watcher = Session("postgres", self.complaints)

    def call(self, role, token):
        """Something that a session enqueues, and what it is called in the ledger."""
        if role == "third":
            command = f'{{"command": "CALL work.alone({token})"}}'
            return ("statement", f"SELECT steward.job_enqueue('statement', '{command}', 'alone', max_attempts => 1000)")
        payload = f'{{"token": {token}}}'
        flaky = f'{{"token": {token}, "flaky": true}}'
        key = f"{role} {self.random.randrange(5)}"
        many = ", ".join([f"'{payload}'"] * 5)
        return self.random.choice([
            ("one", f"SELECT steward.job_enqueue('one', '{payload}')"),
            ("ten", f"SELECT steward.job_enqueue('ten', '{payload}', 'ten')"),
            ("many", f"SELECT (steward.job_enqueue_many('ten', ARRAY[{many}]::jsonb[], 'ten'))[5]"),
            ("flaky", f"SELECT steward.job_enqueue('flaky', '{flaky}', 'flaky')"),
            ("later", f"SELECT steward.job_enqueue('one', '{payload}',"
                      " run_at => now() + interval '0.5 s' * random())"),
            ("chain", f"SELECT work.chain({token})"),
            ("unique", f"SELECT steward.job_enqueue('one', '{payload}', unique_key => '{key}')"),
            ("unique for", f"SELECT steward.job_enqueue('one', '{payload}', unique_key => 'for {key}',"
                           " unique_for => '1 s')"),
            ("client", f"SELECT steward.job_enqueue('client', '{payload}', 'client')"),
        ])

    def enqueue(self, role):
        session = Session(role, self.complaints)
        while not self.is_over:
            if self.backlog > (400 if role == "third" else 200):
                time.sleep(0.05)
                continue
            with self.lock:
                self.tokens += 1
                token = self.tokens
                what, sql = self.call(role, token)
            answer = session.ask(sql)
            with self.lock:
                self.ledger.append((token, what, answer))
            time.sleep(0.05 if role == "third" else 0.01)
        session.close()

    def repeat(self, role, sql):
        session = Session(role, self.complaints)
        while not self.is_drained:
            session.ask(sql)
            time.sleep(0.1)
        session.close()

    def watch(self):
        answer = self.watcher.ask("SELECT count(*) FROM steward.job")
        self.backlog = int(answer) if answer else self.backlog
        return answer

    def sql(self, sql):
        """What must be answered, however often it has to be asked."""
        deadline = time.monotonic() + 30
        while (answer := self.watcher.ask(sql)) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(sql)
        return answer

    def begin(self):
        self.sql("SELECT count(*) FROM steward.job")
        self.sql("SET ROLE app; SELECT steward.schedule_create('beat', '* * * * * *', kind => 'one', queue => 'beat',"
                 " payload => '{\"beat\": true}', missed => 'catch_up'); RESET ROLE")
        roles = ("app", "other")
        calls = [(role, sql) for role in roles for sql in ("CALL work.client()", "CALL steward.jobs_run(20)")]
        self.enqueuers = [threading.Thread(target=self.enqueue, args=(role,), daemon=True)
                          for role in (*roles * 2, "third")]
        self.callers = [threading.Thread(target=self.repeat, args=call, daemon=True) for call in calls]
        for thread in self.enqueuers + self.callers:
            thread.start()

    def run(self, kills, seconds):
        """Until there were so many kills and each point was passed, in a long run also hit; how long the kills took."""
        begun = time.monotonic()
        took = None
        while time.monotonic() < begun + seconds:
            points = self.points.all()
            if self.points.kills() >= kills and (kills < LONG or all(killed for _, _, killed in points)):
                took = took or time.monotonic() - begun
                self.points.rate(0)
                if all(passed for _, passed, _ in points):
                    break
            self.watch()
            time.sleep(0.1)
        self.points.rate(0)
        self.is_over = True
        for thread in self.enqueuers:
            thread.join()
        return took if took is not None else seconds

    def drain(self, seconds):
        """How long it takes until everything is done; None if that is too long."""
        begun = time.monotonic()
        self.sql("SELECT steward.schedule_alter('beat', active => false)")
        while time.monotonic() < begun + seconds and not self.is_drained:
            self.is_drained = self.watch() == "0" and self.sql("SELECT count(*) FROM steward.job_run") == "0"
            time.sleep(0.1)
        is_drained, self.is_drained = self.is_drained, True
        for thread in self.callers:
            thread.join()
        return time.monotonic() - begun if is_drained else None


def compare(test, file_name):
    """What is wrong, a line each: the ledger goes to the database, which knows the rest."""
    rows = "".join(f"({token}, '{what}', {answer if answer else 'NULL'})," for token, what, answer in test.ledger)
    test.sql(f"INSERT INTO work.ledger VALUES {rows[:-1]}; SELECT 1")
    with open(file_name, encoding="utf-8") as file:
        return [line for line in test.sql(file.read()).splitlines() if line]


def report(test, arguments, took):
    """Prints what was done and what is wrong."""
    drained = test.drain(300)
    wrong = test.complaints + compare(test, arguments.wrong)
    points = test.points.all()
    kills, workers, servers, terminations = test.points.ended()
    known = sum(answer is not None for _, _, answer in test.ledger)
    effects = test.sql("SELECT count(*) FROM work.effect")
    statements = test.sql("SELECT count(*) FROM work.alone_done WHERE half = 2")
    print(f"{test.points.table()}   seed {arguments.seed}: {kills} kills in {took:.1f} s ({kills / took:.1f}/s):"
          f" {workers} of workers, {kills - servers - workers} of sessions, {servers} of the server;"
          f" {terminations} sessions terminated\n"
          f"   {known} calls acknowledged, {len(test.ledger) - known} not; {effects} effects, {statements} statements;"
          f" failed attempts: {test.sql(FAILED)};" + (f" drained in {drained:.1f} s" if drained else " not drained"))
    wrong += [f"not passed: {name}" for name, passed, _ in points if not passed]
    if arguments.kills >= LONG:
        wrong += [f"nobody was killed: {name}" for name, passed, killed in points if passed and not killed]
    if kills < arguments.kills:
        wrong.append(f"only {kills} kills")
    print("".join(f"   {line}\n" for line in wrong[:60]), end="")
    return 1 if wrong or drained is None else 0


def main():
    options = argparse.ArgumentParser()
    options.add_argument("server")
    options.add_argument("folder")
    options.add_argument("wrong")
    options.add_argument("--kills", type=int, default=40)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--rate", type=float, default=8)
    options.add_argument("--seed", type=int, default=1)
    arguments = options.parse_args()
    path = os.path.join(arguments.folder, "points")
    server = Server(arguments.server, arguments.folder)
    try:
        while not os.path.exists(path) or os.path.getsize(path) == 0:
            time.sleep(0.02)
        test = Test(server, Points(path), arguments.seed)
        test.begin()
        test.points.begin(arguments.seed, arguments.rate)
        return report(test, arguments, test.run(arguments.kills, arguments.seconds))
    finally:
        server.stop()


sys.exit(main())
