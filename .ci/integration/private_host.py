"""A systemd of its own on a copy of this host: see private_host.sh."""

import os
import subprocess
from pathlib import Path

from exporter import until

NAMESPACES = ("--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup")


class PrivateHost:
    """The copy, from boot to end."""

    def __init__(self, folder, cgroups, package):
        self.root = folder / "host"
        self.root.mkdir()
        self.log = folder / "host.log"
        # systemd gets a group of its own, and takes it for the root.
        self.cgroup = Path(cgroups) / f"pscan-check-{os.getpid()}"
        self.cgroup.mkdir()
        boot = Path(__file__).with_name("private_host.sh")
        with self.log.open("wb") as stream:
            self.unshare = subprocess.Popen(
                [
                    "sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', self.cgroup,
                    "unshare", *NAMESPACES, "--fork", "--kill-child", "bash", boot, self.root, package,
                ],
                stdin=subprocess.DEVNULL, stdout=stream, stderr=stream,
            )
        self.first = None

    def wait(self):
        """Waits until systemd has booted."""
        self.first = until(self.first_process, "the first process")
        states = ("running", "degraded")
        until(lambda: self.run("systemctl", "is-system-running").stdout.strip() in states, "systemd has booted")

    def first_process(self):
        assert self.unshare.poll() is None, self.log.read_text()
        path = Path(f"/proc/{self.unshare.pid}/task/{self.unshare.pid}/children")
        found = path.read_text().split()
        # Before that it is the script.
        return found and Path(f"/proc/{found[0]}/comm").read_text() == "systemd\n" and int(found[0])

    def run(self, *command):
        """Runs a command there, and returns what it printed and its status."""
        enter = ["nsenter", "--target", str(self.first), "--all", "--root", "--wd"]
        return subprocess.run(
            [*enter, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
        )

    def do(self, *command):
        """Runs a command there that must succeed, and returns what it printed."""
        done = self.run(*command)
        assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}: {done.stdout}"
        return done.stdout

    def path(self, path):
        """Returns where a file of the copy is found from here."""
        return Path(f"/proc/{self.first}/root{path}")

    def end(self):
        if self.first:
            self.run("systemctl", "poweroff")
        try:
            self.unshare.wait(timeout=30 if self.first else 0)
        except subprocess.TimeoutExpired:
            # `--kill-child` ends all others.
            self.unshare.kill()
            self.unshare.wait()
        until(self.is_empty, "the last process has ended")
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            os.rmdir(folder)

    def is_empty(self):
        return "populated 0" in (self.cgroup / "cgroup.events").read_text()
