"""Processes whose births, exits and CPU time are known."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

# Uses the CPU until the process has used that many seconds.
BURN = "import os, sys, time\nwhile time.process_time() < float(sys.argv[1]): pass\n"
# Reports that, and waits until it may end. What it used is in a scan by then, also where exits have no usage.
WAIT = "os.write(1, b'.'); os.read(0, 1)\n"
SLEEP = "import os\n" + WAIT

# Scripts of shells by the outcome of their exit.
EXITS = {"ok": "exit 0", "failed": "exit 3", "killed": "kill -9 $$"}

# When it may, starts one program after another: its arguments, and how often.
START = (
    "import json, os, sys\n"
    + WAIT
    + """
for program, script, count in json.loads(sys.argv[1]):
    for _ in range(count):
        os.waitpid(os.posix_spawn(program, [program, '-c', script], {}), 0)
"""
    + WAIT
)

# Starts threads until its stdin ends.
THREADS = """
import select, sys, threading
while not select.select([sys.stdin], [], [], 0)[0]:
    for _ in range(100):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
"""


class Programs:
    """Programs under names of their own: the kernel takes the name from the path, also of a link."""

    def __init__(self, folder):
        self.folder = folder / "programs"
        self.folder.mkdir()
        self.children = []

    def link(self, name, program):
        path = self.folder / name
        if not path.exists():
            path.symlink_to(program)
        return str(path)

    def shell(self, name):
        return self.link(name, os.path.realpath(shutil.which("sh")))

    def python(self, name):
        return self.link(name, os.path.realpath(sys.executable))

    def start(self, name, code, *arguments):
        """Starts Python code. It ends when its stdin does, if it reads that."""
        child = subprocess.Popen(
            [self.python(name), "-c", code, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.children.append(child)
        return child

    def finish(self, child):
        """Lets a process end, and returns its CPU time in seconds."""
        child.stdin.close()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        child.stdout.close()
        self.children.remove(child)
        assert child.returncode == 0, child.args
        return usage.ru_utime + usage.ru_stime

    def end(self):
        for child in self.children:
            child.kill()
            child.wait()
        self.children.clear()


def is_readable(child):
    """Waits for a byte of a process."""
    return child.stdout.read(1)


def births():
    """Returns the births of processes and threads on the host so far: proc(5)."""
    lines = Path("/proc/stat").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("processes "))


class Stopped:
    """Stops a process, and lets it go on."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        self.begin = time.time()
        os.kill(self.pid, signal.SIGSTOP)
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGCONT)
        self.end = time.time()
