"""Sessions that enqueue jobs while processes of the server die at the points of test/worker/crash_points.cpp. What the
sessions were told is kept here, outside of the database, and compared with what the database has done.

Usage: crashes.py POSTGRES FOLDER WRONG.SQL, with PGHOST and its kin set. Processes are killed, not the machine: what
they have handed to the system survives, so that fsync may be off."""
import argparse
import contextlib
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time

PSQL = ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"]

FAILED = """SELECT string_agg(error_sqlstate || ' ' || n, ', ' ORDER BY error_sqlstate)
    FROM (SELECT error_sqlstate, count(*) AS n FROM steward.job_history WHERE outcome = 'failed' GROUP BY 1) AS f"""

LONG = 500  # so many kills are to hit each point


class Points:
    """The file that the processes of the server share."""

    HEAD = struct.Struct("QQQdQQQQQ")  # seed, begun_ns, quiet_until_ns, rate, what ended() returns, how many points
    POINT = struct.Struct("48sQQ")  # name, passed, killed

    def __init__(self, path):
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)

    def begin(self, seed, rate):
        for offset in range(self.HEAD.size, len(self.memory), self.POINT.size):
            struct.pack_into("QQ", self.memory, offset + 48, 0, 0)
        struct.pack_into("QQ", self.memory, 0, seed, time.monotonic_ns())
        self.rate(rate)

    def rate(self, rate):
        struct.pack_into("d", self.memory, 24, rate)

    def kills(self):
        return self.ended()[0]

    def ended(self):
        """Kills; of these of workers and of the server; and how many sessions were ended in good order."""
        return self.HEAD.unpack_from(self.memory)[4:8]

    def all(self):
        """A name, how often it was passed and how often somebody was killed there, for each point."""
        points = (self.POINT.unpack_from(self.memory, offset)
                  for offset in range(self.HEAD.size, len(self.memory), self.POINT.size))
        return [(name.rstrip(b"\0").decode(), passed, killed) for name, passed, killed in points if name[0]]

    def table(self):
        """A line for each statement, with passed/killed at each of its points."""
        lines = {}
        for name, passed, killed in self.all():
            statement, stage = name.split(", ")
            lines.setdefault(statement, []).append(f"{stage} {passed}/{killed}")
        return "".join(f"   {statement + ':':18}{', '.join(stages)}\n" for statement, stages in lines.items())


class Server:
    """The server, which is started again when it was killed."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.process = None
        self.is_stopping = False
        self.keeper = threading.Thread(target=self.keep, daemon=True)
        self.keeper.start()

    def start(self):
        # Its own interlock waits for the orphans of a server that was killed: then it ends at once, and is tried again.
        owner = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        with open(os.path.join(self.folder, "server.log"), "ab") as log:
            self.process = subprocess.Popen([self.program, "-D", os.path.join(self.folder, "data")], cwd="/",
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                            **owner)

    def keep(self):
        while not self.is_stopping:
            if self.process is None or self.process.poll() is not None:
                self.start()
            time.sleep(0.02)

    def stop(self):
        self.is_stopping = True
        self.keeper.join()
        self.process.send_signal(signal.SIGINT)
        self.process.wait()


class Session:
    """A psql that is started again when its session has died. Whatever else ended it is a complaint."""

    def __init__(self, role, complaints):
        self.role = role
        self.complaints = complaints
        self.psql = None

    def connect(self):
        self.psql = subprocess.Popen([*PSQL, "--username", self.role], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, text=True)

    def close(self):
        if self.psql is not None:
            with contextlib.suppress(BrokenPipeError):
                self.psql.stdin.close()
            errors = self.psql.stderr.read()
            self.psql.stdout.close()
            self.psql.stderr.close()
            status = self.psql.wait()
            self.psql = None
            return errors if status == 3 and "terminating connection" not in errors else ""
        return ""

    def ask(self, sql):
        """What was answered when the transaction had ended; None if the session died, or if it never lived."""
        if self.psql is None:
            self.connect()
        with contextlib.suppress(BrokenPipeError):
            self.psql.stdin.write(sql.rstrip(";\n ") + ";\n\\echo .\n")
            self.psql.stdin.flush()
            lines = []
            for line in self.psql.stdout:
                if line == ".\n":
                    return "".join(lines).strip()
                lines.append(line)
        errors = self.close()
        if errors:
            self.complaints.append(f"{sql[:60]}: {errors.strip().splitlines()[0]}")
        time.sleep(0.02)
        return None


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
    drained = test.drain(60)
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
