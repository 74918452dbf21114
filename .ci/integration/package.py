"""Checks a Debian package of pscan on a private copy of this host, with a systemd of its own.

Usage: package.py PACKAGE FOLDER CGROUPS

CGROUPS is where cgroup2 is mounted. Prints one line for each check and ends with status 1 if one failed.
"""

import os
import re
import signal
import sys
import time
from pathlib import Path

from exporter import until
from private_host import PrivateHost
from results import Results

PACKAGE = "/pscan.deb"
SETTINGS = "/etc/pscan/pscan.toml"
DROP_INS = "/run/systemd/system/pscan.service.d"
# A busy host must not miss it.
WATCHDOG_SECONDS = 6
CAP_NET_ADMIN = 1 << 12


class Checks(Results):
    """Checks from installation to removal, in this order."""

    def __init__(self, host):
        super().__init__()
        self.host, self.do = host, host.do

    def show(self, name):
        return self.do("systemctl", "show", "--value", "--property", name, "pscan").strip()

    def is_active(self):
        return self.show("ActiveState") == "active"

    def pid(self):
        return int(self.show("MainPID"))

    def status(self):
        """Returns what proc_pid_status(5) has of the service."""
        text = self.do("cat", f"/proc/{self.pid()}/status")
        return dict(re.findall(r"^(\w+):\s+(.*)$", text, re.MULTILINE))

    def ready(self):
        address = "http://127.0.0.1:9257/readyz"
        return until(lambda: self.host.run("curl", "--silent", "--fail", address).returncode == 0, "it is ready")

    def journal(self):
        return self.do("journalctl", "--no-pager", "--output=cat", "--unit=pscan")

    def drop_in(self, name, text):
        self.do("mkdir", "-p", DROP_INS)
        self.host.path(f"{DROP_INS}/{name}.conf").write_text(text)
        self.do("systemctl", "daemon-reload")

    def files(self):
        """Returns files with the name of pscan that are not the host's."""
        found = self.do("find", "/etc", "/usr", "/var/lib", "/lib/systemd", "-xdev", "-name", "*pscan*")
        return set(found.split()) - self.before

    def it_installs_and_starts_nothing(self):
        self.before = set()
        self.before = self.files()
        self.do("dpkg", "--install", PACKAGE)
        assert self.do("dpkg-query", "--show", "--showformat=${db:Status-Status}", "pscan") == "installed"
        conffiles = self.do("dpkg-query", "--show", "--showformat=${Conffiles}", "pscan").split()
        assert conffiles[::2] == [SETTINGS], conffiles
        enabled = self.host.run("systemctl", "is-enabled", "pscan").stdout.strip()
        assert enabled == "disabled", enabled
        assert not self.is_active()
        self.do("pscan", "serve", "--check", SETTINGS)
        self.do("test", "-e", "/usr/share/man/man1/pscan.1.gz")
        return self.do("pscan", "--version").strip()

    def it_starts_when_it_serves(self):
        begin = time.monotonic()
        self.do("systemctl", "start", "pscan")
        seconds = time.monotonic() - begin
        assert self.is_active() and self.show("Type") == "notify"
        assert "serving http" in self.journal(), self.journal()
        self.ready()
        return f"{seconds:.2f} s"

    def it_has_no_rights(self):
        status = self.status()
        user = int(status["Uid"].split()[0])
        assert user >= 61184, f"it runs as {user}, not as a dynamic user"
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0, status
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"), status
        return self.exposure()

    def exposure(self):
        # In tenths: it is below 2.5.
        text = self.do("systemd-analyze", "security", "--no-pager", "--threshold=25", "pscan")
        return re.search(r"exposure level for .*: (\S+)", text)[0]

    def a_reload_changes_the_settings(self):
        pid = self.pid()
        self.host.path(SETTINGS).write_text("[scan]\ninterval_ms = 700\n")
        self.do("systemctl", "reload", "pscan")
        until(lambda: "reloaded: changed scan.interval_ms" in self.journal(), "the reload is reported")
        self.host.path(SETTINGS).write_text("[scan]\ninterval_ms = 1\n")
        self.host.run("systemctl", "reload", "pscan")
        until(lambda: "the settings stay as they were" in self.journal(), "the fault is reported")
        self.host.path(SETTINGS).write_text("[scan]\ninterval_ms = 700\n")
        assert self.is_active() and self.pid() == pid

    def an_upgrade_restarts_it_and_keeps_the_settings(self):
        pid = self.pid()
        self.do("dpkg", "--install", PACKAGE)
        assert self.is_active() and self.pid() != pid, "it was not restarted"
        assert "700" in self.host.path(SETTINGS).read_text()

    def a_drop_in_gives_it_one_capability(self):
        source = "/usr/share/doc/pscan/docs/deploy/systemd/taskstats.conf"
        self.drop_in("taskstats", self.host.path(source).read_text())
        self.do("systemctl", "restart", "pscan")
        status = self.status()
        assert int(status["CapEff"], 16) == CAP_NET_ADMIN, status
        self.ready()
        return self.exposure()

    def the_watchdog_ends_it_when_it_hangs(self):
        self.drop_in("watchdog", f"[Service]\nWatchdogSec={WATCHDOG_SECONDS}\nRestartSec=100ms\n")
        self.do("systemctl", "restart", "pscan")
        pid, begin = self.pid(), self.pinged()
        # Longer than the time within which a ping must come.
        until(lambda: self.pinged() > begin + 1.5 * WATCHDOG_SECONDS * 1e6, "pings")
        state = self.pid(), self.show("NRestarts")
        assert state == (pid, "0"), f"{state} instead of {(pid, '0')}"
        os.kill(self.host_pid(), signal.SIGSTOP)
        until(lambda: self.is_active() and self.show("NRestarts") == "1", "a restart")
        assert self.pid() != pid, pid
        text = self.do("journalctl", "--no-pager", "--output=cat", "UNIT=pscan.service")
        assert "Watchdog timeout" in text, text
        self.ready()

    def pinged(self):
        """Returns when it last pinged, in microseconds."""
        return int(self.show("WatchdogTimestampMonotonic"))

    def host_pid(self):
        (pid,) = (self.host.cgroup / "system.slice/pscan.service/cgroup.procs").read_text().split()
        return int(pid)

    def it_stops(self):
        begin = time.monotonic()
        self.do("systemctl", "stop", "pscan")
        seconds = time.monotonic() - begin
        ended = [self.show(name) for name in ("ActiveState", "Result", "ExecMainStatus")]
        assert ended == ["inactive", "success", "0"], ended
        assert "\x1b" not in self.journal()
        return f"{seconds:.2f} s"

    def a_removal_stops_it_and_keeps_the_settings(self):
        self.do("systemctl", "start", "pscan")
        self.do("dpkg", "--remove", "pscan")
        assert not self.is_active()
        assert self.do("dpkg-query", "--show", "--showformat=${db:Status-Status}", "pscan") == "config-files"
        assert self.host.run("test", "-e", "/usr/bin/pscan").returncode == 1
        self.do("dpkg", "--install", PACKAGE)
        assert "700" in self.host.path(SETTINGS).read_text()
        assert self.host.run("systemctl", "is-enabled", "pscan").stdout.strip() == "disabled"

    def a_purge_leaves_nothing(self):
        self.do("dpkg", "--purge", "pscan")
        left = self.files()
        assert not left, left


def main(package, folder, cgroups):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    host = PrivateHost(Path(folder), cgroups, package)
    try:
        host.wait()
        checks = Checks(host)
        for check in (
            checks.it_installs_and_starts_nothing,
            checks.it_starts_when_it_serves,
            checks.it_has_no_rights,
            checks.a_reload_changes_the_settings,
            checks.an_upgrade_restarts_it_and_keeps_the_settings,
            checks.a_drop_in_gives_it_one_capability,
            checks.the_watchdog_ends_it_when_it_hangs,
            checks.it_stops,
            checks.a_removal_stops_it_and_keeps_the_settings,
            checks.a_purge_leaves_nothing,
        ):
            checks.run(check)
        if checks.failures:
            print(checks.journal(), end="", file=sys.stderr)
    finally:
        host.end()
    sys.exit(1 if checks.failures else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
