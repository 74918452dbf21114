"""Exporters as processes of their own, and what they serve."""

import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


class Answer:
    """What a server answered, and how long that took."""

    def __init__(self, url, headers=None, timeout=10):
        begin = time.monotonic()
        try:
            request = urllib.request.Request(url, headers=headers or {})
            with urllib.request.urlopen(request, timeout=timeout) as response:
                self.status, self.kind = response.status, response.headers["Content-Type"]
                self.text = response.read().decode()
        except urllib.error.HTTPError as error:
            self.status, self.kind = error.code, error.headers["Content-Type"]
            self.text = error.read().decode()
        self.seconds = time.monotonic() - begin


class Exporter:
    """A program that serves `/metrics`."""

    def __init__(self, arguments, log, url=None):
        # Its settings can come from the environment too.
        environment = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        self.log = Path(log)
        with self.log.open("wb") as stream:
            self.child = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=environment
            )
        try:
            self.url = url or self.wait_for(r"serving (http://\S+)")[1]
            until(self.answers, f"{arguments[0]} answers")
        except BaseException:
            self.stop()
            raise
        self.address = self.url.removeprefix("http://")

    def answers(self):
        assert self.child.poll() is None, self.log.read_text()
        try:
            return self.get("/metrics").status == 200
        except OSError:
            return False

    def get(self, path, **options):
        return Answer(self.url + path, **options)

    def wait_for(self, pattern, after=0):
        """Waits until the log has a text after that many letters."""
        return until(
            lambda: re.search(pattern, self.log.read_text()[after:]), f"the log has {pattern!r}"
        )

    def log_len(self):
        return len(self.log.read_text())

    def value(self, name, **labels):
        """Returns the sum of the samples that have these labels; `None` without any."""
        found = [
            value for key, of_key, value in samples(self.get("/metrics").text)
            if key == name and labels.items() <= of_key.items()
        ]
        return sum(found) if found else None

    def memory(self):
        """Returns the resident memory now, at most, and what of it is the program's file, in MB (10^6 bytes)."""
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        return [
            int(re.search(rf"{key}:\s+(\d+)", status)[1]) * 1024 / 1e6
            for key in ("VmRSS", "VmHWM", "RssFile")
        ]

    def cpu_seconds(self):
        """Returns the CPU time of all its threads, to the nanosecond: see clock_getcpuclockid(3)."""
        return time.clock_gettime(~self.child.pid << 3 | 2)

    def stop(self):
        end(self.child)


def end(child):
    """Ends a program by SIGTERM, or by SIGKILL if that takes too long."""
    child.terminate()
    try:
        child.wait(timeout=20)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def samples(text):
    """Yields name, labels and value of each sample in a text format."""
    for line in text.splitlines():
        if line and not line.startswith("#"):
            key, value = line.rsplit(" ", 1)
            name, _, labels = key.partition("{")
            labels = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)
            yield name, {key: unescape(text) for key, text in labels}, float(value)


def unescape(text):
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)


def until(check, what, seconds=60):
    """Repeats a check until it returns something, and returns that. A busy host needs the time."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.05)


def until_passes(check, seconds=60, step=0.05):
    """Repeats a check until nothing differs and nothing is missing, and returns its result."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except (AssertionError, LookupError):
            if time.monotonic() > deadline:
                raise
        time.sleep(step)
