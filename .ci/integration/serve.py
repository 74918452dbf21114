"""Checks `pscan serve` with Prometheus and promtool.

Usage: serve.py PSCAN FOLDER

Prints one line for each check and ends with status 1 if one failed.
"""

import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import loads
from clients import Clients
from exporter import OPEN_METRICS, Exporter, until
from prometheus import Prometheus
from results import Results
from truth import Truth

# Without a budget, pscan scans a busy host as often as an idle one.
SETTINGS = """
scan = { interval_ms = 500, cpu_budget_percent = "off" }
serve = { listen = "127.0.0.1:0" }
groups = { by = "name" }
"""
RULES = "".join(
    f'[[group]]\nlabel = "{name}"\nname = "^ci{name}"\n'
    for name in ("load", "first", "second", "storm")
)
# A process of a millisecond can end before its name is read, or have the name of its parent until it calls exec.
RULES += '[[group]]\nlabel = "short"\nname = "^cishort"\nchildren = true\n'
CHANGED = RULES + '[[group]]\nlabel = "shells {name}"\nname = "^(sh|bash|dash)$"\n'
# Without the program itself, which is twice as large without optimisation. With it, a release has less than 25.
MAX_HEAP_MB = 15
# Births that make the kernel drop events: some 11,000 fit into the default buffer.
MORE_THAN_A_BUFFER = 40_000


class Checks(Results):
    """Checks of one server."""

    def __init__(self, pscan, folder):
        super().__init__()
        self.pscan, self.folder = pscan, folder
        self.settings = folder / "pscan.toml"
        self.settings.write_text(SETTINGS + RULES)
        self.programs = loads.Programs(folder)
        self.exporter = self.prometheus = None
        # Times at which no scrape can succeed.
        self.stopped = []

    def start(self):
        self.exporter = Exporter(
            [self.pscan, "serve", "--config", self.settings], self.folder / "pscan.log"
        )
        until(lambda: self.exporter.get("/readyz").status == 200, "the first scan")
        self.prometheus = Prometheus(self.folder, self.exporter.address)
        self.prometheus.start()
        self.prometheus.wait_scrapes()
        self.truth = Truth(self.programs, self.prometheus)

    def end(self):
        self.programs.end()
        for server in (self.prometheus, self.exporter):
            if server:
                server.stop()

    # Text and pages.

    def promtool_accepts_the_text(self):
        # A name with all that a label must escape.
        odd = self.programs.start('ci"o\\d\nd{é}', loads.SLEEP)
        loads.is_readable(odd)
        labelled = until(lambda: self.find_label("ci\"o\\\\d"), "the odd name is a label")
        text = self.exporter.get("/metrics").text
        self.programs.finish(odd)
        lint = subprocess.run(
            ["promtool", "check", "metrics"], input=text, capture_output=True, text=True
        )
        remarks = lint.stdout + lint.stderr
        assert lint.returncode == 0 and not remarks, f"{lint.returncode}: {remarks}"
        return f"{len(text.splitlines())} lines, also {labelled!r}"

    def find_label(self, begin):
        text = self.exporter.get("/metrics").text
        at = text.find(f'group="{begin}'.replace('ci"', 'ci\\"'))
        return at >= 0 and text[at + 7 : at + 32]

    def each_format_is_for_those_who_ask(self):
        text = self.exporter.get("/metrics")
        assert text.kind.startswith("text/plain; version=0.0.4"), text.kind
        assert "# EOF" not in text.text
        text = self.exporter.get("/metrics", headers={"Accept": OPEN_METRICS})
        assert text.kind.startswith("application/openmetrics-text; version=1.0.0"), text.kind
        assert text.text.endswith("\n# EOF\n")

    def pages_answer(self):
        for path, begin in [
            ("/", "<!doctype html>"),
            ("/healthz", "ok"),
            ("/readyz", "ready"),
        ]:
            answer = self.exporter.get(path)
            assert answer.status == 200 and answer.text.lower().startswith(begin), (path, answer.text)
        for path in ("/events", "/processes"):
            assert self.exporter.get(path).status == 404, path
        for host, status in [("localhost", 200), ("evil.example", 403)]:
            answer = self.exporter.get("/metrics", headers={"Host": host})
            assert answer.status == status, (host, answer.status)

    # What must not disturb the counters.

    def new_settings_are_taken_over(self):
        found = self.reload(SETTINGS.replace("500", "400") + CHANGED, r"reloaded: .*\n")
        assert "group" in found and "scan.interval_ms" in found, found
        until(
            lambda: self.exporter.value("pscan_scan_interval_asked_seconds") == 0.4,
            "the new interval",
        )
        shell = self.programs.start("bash", loads.SLEEP)
        loads.is_readable(shell)
        until(
            lambda: self.exporter.value("pscan_group_processes", group="shells bash"),
            "the new group",
        )
        self.programs.finish(shell)
        return found

    def bad_settings_change_nothing(self):
        result = []
        for text in ("[scan]\ninterval_ms = 1\n", "[scan\n", "[serve]\nlisten = 1\n", "[new]\n"):
            found = self.reload(text, r"(?s).*the settings stay as they were")
            result.append(found.splitlines()[0].partition("are wrong: ")[2])
        asked = self.exporter.value("pscan_scan_interval_asked_seconds")
        assert asked == 0.4, asked
        assert self.exporter.get("/readyz").status == 200
        self.reload(SETTINGS + RULES, r"reloaded: .*\n")
        assert all(result), result
        return result[0]

    def reload(self, text, pattern):
        self.settings.write_text(text)
        after = self.exporter.log_len()
        self.exporter.child.send_signal(signal.SIGHUP)
        return self.exporter.wait_for(pattern, after)[0].strip()

    def idle_and_slow_clients_keep_nobody_out(self):
        host, _, port = self.exporter.address.rpartition(":")
        slowest = 0
        with Clients((host, int(port)), idle=1000, slow=200) as clients:
            for _ in range(20):
                slowest = max(slowest, self.exporter.get("/metrics").seconds)
                time.sleep(0.1)
            _, most, of_file = self.exporter.memory()
            still_open = clients.open()
        assert slowest < 1, f"a scrape took {slowest} s"
        assert most - of_file < MAX_HEAP_MB, f"{most} MB, {of_file} MB of them the program"
        return f"slowest scrape {slowest * 1e3:.1f} ms, {still_open} stay open, {most:.1f} MB at most"

    def a_restart_of_prometheus_loses_nothing(self):
        self.prometheus.stop()
        self.prometheus.start()
        self.prometheus.wait_scrapes()

    def lost_events_are_reported(self):
        lost = self.exporter.value("pscan_scan_hearing_lost_total")
        storms = [self.programs.start("cistorm", loads.THREADS) for _ in range(2)]
        enough = loads.births() + MORE_THAN_A_BUFFER
        with loads.Stopped(self.exporter.child.pid) as stopped:
            until(lambda: loads.births() > enough, "the storm")
        self.stopped.append((stopped.begin - 1, stopped.end + 2))
        for storm in storms:
            self.programs.finish(storm)
        # It reports the loss when it has read what the kernel still had.
        self.prometheus.wait_scrapes(3)
        until(
            lambda: self.exporter.value("pscan_scan_hearing_state", state="complete")
            or self.exporter.value("pscan_scan_hearing_state", state="off"),
            "it hears all births and exits again",
        )
        lost = self.exporter.value("pscan_scan_hearing_lost_total") - lost
        return f"{lost:.0f} times" if lost else "nothing was lost"

    def births_and_exits_are_exact_after_that(self):
        return self.truth.births_and_exits_are_exact(50, 30, 20)

    # The whole run.

    def no_scrape_failed(self):
        ((_, ups),) = self.prometheus.series("up")
        down = [
            at for at, up in ups
            if up != 1 and not any(begin < at < end for begin, end in self.stopped)
        ]
        assert not down, f"{len(down)} of {len(ups)}"
        (target,) = self.prometheus.api("targets")["activeTargets"]
        assert target["health"] == "up" and not target["lastError"], target
        return f"{len(ups)} scrapes"

    def no_counter_fell(self):
        series = self.prometheus.series('{__name__=~"pscan_.+_(total|sum|count)"}')
        for labels, values in series:
            check_rises(labels, [value for _, value in values])
        sums = defaultdict(Counter)
        for labels, values in series:
            if labels["__name__"].startswith("pscan_group"):
                for at, value in values:
                    sums[labels["__name__"]][at] += value
        for name, values in sums.items():
            # Sums of fractions differ by their order.
            check_rises(f"the sum of {name}", [round(values[at], 6) for at in sorted(values)])
        return f"{len(series)} series"

    def it_ends_in_order(self):
        self.exporter.stop()
        assert self.exporter.child.returncode == 0, self.exporter.child.returncode


def check_rises(name, values):
    for before, after in zip(values, values[1:]):
        assert after >= before, f"{name} fell from {before} to {after}"


def main(pscan, folder):
    checks = Checks(pscan, Path(folder))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        checks.start()
        for check in (
            checks.promtool_accepts_the_text,
            checks.each_format_is_for_those_who_ask,
            checks.pages_answer,
            checks.truth.cpu_time_of_a_load_is_right,
            checks.truth.births_and_exits_are_exact,
            checks.truth.an_exec_moves_what_comes_after_it,
            checks.new_settings_are_taken_over,
            checks.bad_settings_change_nothing,
            checks.idle_and_slow_clients_keep_nobody_out,
            checks.a_restart_of_prometheus_loses_nothing,
            checks.lost_events_are_reported,
            checks.births_and_exits_are_exact_after_that,
            checks.no_scrape_failed,
            checks.no_counter_fell,
            checks.it_ends_in_order,
        ):
            checks.run(check)
        if checks.failures:
            print(checks.exporter.log.read_text(), end="", file=sys.stderr)
    finally:
        checks.end()
    sys.exit(1 if checks.failures else 0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
