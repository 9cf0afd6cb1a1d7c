"""A server that is killed, the points at which that happens (test/worker/crash_points.cpp), and sessions that live as long
as it does."""
import contextlib
import mmap
import os
import signal
import struct
import subprocess
import threading
import time

PSQL = ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"]


class Points:
    """The file that the processes of the server share."""

    # seed, begun_ns, quiet_until_ns, rate, what ended() returns, how many points, which is wanted, if of the server
    HEAD = struct.Struct("QQQdQQQQQQQ")
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

    def want(self, place, is_server):
        """The next process that passes that point is killed, or its server."""
        struct.pack_into("Q", self.memory, self.HEAD.size - 8, is_server)
        struct.pack_into("Q", self.memory, self.HEAD.size - 16, place + 1)

    def places(self):
        """Where the points are, which have a name."""
        count = (len(self.memory) - self.HEAD.size) // self.POINT.size
        return [i for i in range(count) if self.memory[self.HEAD.size + i * self.POINT.size]]

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
