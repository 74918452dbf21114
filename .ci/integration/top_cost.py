"""Measures the live view on a pseudoterminal: how fast it answers keys, and its memory.

Usage: top_cost.py PSCAN keys|memory COUNT
"""

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import termios
import threading
import time

KEYS = 200
MINUTES = 60


class View:
    """A program on a terminal of its own."""

    def __init__(self, command):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            environment = dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8")
            os.execvpe(command[0], command, environment)
        size = struct.pack("HHHH", 24, 80, 0, 0)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, size)

    def read(self, seconds):
        """Returns its next output, or nothing after that many seconds."""
        if not select.select([self.terminal], [], [], seconds)[0]:
            return b""
        return os.read(self.terminal, 65536)

    def read_for(self, seconds):
        """Reads its output for a time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.read(left)

    def wait_for(self, text, seconds=10):
        end, found = time.monotonic() + seconds, b""
        while text not in found:
            if time.monotonic() > end:
                raise TimeoutError(f"no {text!r} in {found[-200:]!r}")
            found += self.read(0.05)

    def press(self, keys):
        os.write(self.terminal, keys)

    def rss_mb(self, key="VmRSS"):
        """Returns its resident memory, or a part of that, in MB (10^6 bytes): see proc_pid_status(5)."""
        with open(f"/proc/{self.pid}/status") as status:
            (line,) = (line for line in status if line.startswith(f"{key}:"))
        return int(line.split()[1]) * 1024 / 1e6

    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        try:
            self.read_for(5)
        except OSError:
            # EIO: no process has the terminal open any more.
            pass
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


class Storm:
    """Starts programs at a rate in forks a second, until the `with` statement ends."""

    def __init__(self, rate):
        self.asked, self.forks = rate, 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.begin = time.monotonic()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def run(self):
        while not self.ended.is_set():
            pid = os.posix_spawn("/bin/true", ["true"], os.environ)
            os.waitpid(pid, 0)
            self.forks += 1
            self.ended.wait(max(0, self.begin + self.forks / self.asked - time.monotonic()))

    def rate(self):
        """Returns the forks a second until now."""
        return self.forks / (time.monotonic() - self.begin)


def start_top(pscan):
    view = View([pscan, "top", "--interval", "500ms"])
    try:
        view.wait_for(b"COMMAND")
    except BaseException:
        view.end()
        raise
    return view


def keys(pscan, rate):
    view = start_top(pscan)
    times = []
    try:
        with Storm(rate) as storm:
            for at in range(KEYS):
                while view.read(0):
                    pass
                pressed = time.monotonic()
                # It begins a search, whose prompt is the answer.
                view.press(b"/")
                view.wait_for(b"earch")
                times.append((time.monotonic() - pressed) * 1000)
                view.press(b"\r")
                # At all moments between two scans.
                view.read_for(0.05 + 0.037 * (at % 7))
            forks = storm.rate()
    finally:
        view.end()
    times.sort()
    print(f"{KEYS} keys, {forks:.0f} forks a second")
    late = times[KEYS * 99 // 100 - 1]
    print(f"median {statistics.median(times):.1f} ms, 99th percentile {late:.1f} ms, slowest {times[-1]:.1f} ms")


def memory(pscan, rate):
    view = start_top(pscan)
    try:
        with Storm(rate) as storm:
            for minute in range(MINUTES + 1):
                if minute:
                    view.read_for(60)
                all_of_it, of_file = view.rss_mb(), view.rss_mb("RssFile")
                print(f"minute {minute}: {all_of_it:.1f} MB resident, {of_file:.1f} MB of them files", flush=True)
            print(f"{storm.rate():.0f} forks a second")
    finally:
        view.end()


def main():
    pscan, experiment, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    measure = {"keys": keys, "memory": memory}[experiment]
    measure(pscan, count)


main()
