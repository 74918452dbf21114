"""Checks the OTLP of `pscan serve` with a strict receiver, VictoriaMetrics and Rotel.

Usage: otlp.py PSCAN FOLDER VICTORIA_METRICS ROTEL

An empty path skips that receiver. OUTAGE_SECONDS is how long a receiver is gone. Prints one line for each check and
ends with status 1 if one failed.
"""

import json
import re
import signal
import sys
import urllib.parse
from collections import Counter
from pathlib import Path

from exporter import Answer, free_port, until, until_passes
from otlp_compare import Hearing, compare_next, dropped, lives, stop
from otlp_load import show
from otlp_outage import Outage
from otlp_setup import Setup
from results import Results

RESULTS = ("ok", "partial", "refused", "failed")


class Checks(Results):
    """Checks of what good receivers get."""

    def __init__(self, setup, victoria, rotel):
        super().__init__()
        self.setup, self.victoria, self.rotel = setup, victoria, rotel
        self.load = setup.load
        self.receiver = setup.receiver()
        self.pscan = setup.serve(self.receiver.url, 'groups = { by = "name" }')
        self.hearing = Hearing(self.pscan)
        self.children = []

    def metrics_equal_those_of_the_page(self):
        self.children += self.load.run(dict(ok=7, failed=5, killed=3))
        until(lambda: lives(self.pscan)["births"] >= 15 or not self.hearing.is_exact(), "the births")
        # It fails as long as the load changes.
        return until_passes(lambda: compare_next(self.pscan, self.receiver))

    def logs_have_all_births_and_exits(self):
        self.children += self.load.run(dict(ok=30, failed=15, killed=10), slow=1, changing=1)
        # It was a shell before, in several scans.
        changed, _ = self.children[-1]
        until(lambda: (changed, "sleep") in self.receiver.execs, "the record of an exec")
        return until_passes(
            lambda: self.load.check_records(self.receiver.records, self.children, self.hearing.is_exact())
        )

    def nothing_is_refused(self):
        errors = self.receiver.errors
        assert not errors, errors[0]
        done = {one: self.pscan.value("pscan_otlp_requests_total", result=one) for one in RESULTS}
        assert done["ok"] and sum(done.values()) == done["ok"], done
        assert dropped(self.pscan) == (0, 0)
        stop(self.pscan)
        return f"{done['ok']:.0f} requests"

    def victoria_metrics_has_the_counters(self):
        address = f"127.0.0.1:{free_port()}"
        log = self.setup.program(
            "victoria", self.victoria, f"-httpListenAddr={address}", f"-storageDataPath={self.setup.folder}/data",
            "-opentelemetry.usePrometheusNaming", "-search.latencyOffset=0s",
        )
        until(lambda: "started server at" in log.read_text(), "VictoriaMetrics is ready")
        pscan = self.setup.serve(f"http://{address}/opentelemetry", logs=False)
        hearing = Hearing(pscan)
        self.load.run(dict(ok=6, failed=4, killed=2))
        query = '{__name__=~"pscan_group_(births|exits)_total",pscan_group="load"}'
        query = urllib.parse.urlencode({"query": query})

        def is_same():
            Answer(f"http://{address}/internal/force_flush")
            found = Counter()
            for one in json.loads(Answer(f"http://{address}/api/v1/query?{query}").text)["data"]["result"]:
                found[one["metric"].get("pscan_exit_outcome", "births")] = float(one["value"][1])
            assert found == lives(pscan), (found, lives(pscan))
            assert found["births"] == 12 or not hearing.is_exact(), found
            return found

        found = until_passes(is_same)
        assert not pscan.value("pscan_otlp_requests_total", result="refused")
        return show(found)

    def rotel_prints_metrics_and_logs(self):
        address = f"127.0.0.1:{free_port()}"
        log = self.setup.program(
            "rotel", self.rotel, "start", "--otlp-http-endpoint", address,
            "--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}", "--exporter", "blackhole",
            "--debug-log", "metrics", "--debug-log", "logs", "--debug-log-verbosity", "detailed",
        )
        until(lambda: "Starting Rotel" in log.read_text(), "Rotel is ready")
        pscan = self.setup.serve(f"http://{address}")
        hearing = Hearing(pscan)
        children = self.load.run(dict(ok=6, failed=4, killed=2))

        def is_same():
            births, records = rotel_log(log.read_text(errors="replace"), self.load.child.pid)
            known = lives(pscan)["births"]
            assert births == f"{known:.0f}", (births, known)
            if hearing.is_exact():
                assert sorted(records["exited"]) == sorted(children), (records["exited"], children)
                assert sorted(records["created"]) == sorted((pid, None) for pid, _ in children), records["created"]
            return f"{births} births, {len(records['exited'])} exits"

        return until_passes(is_same, step=0.5)

    def SIGTERM_sends_what_is_left(self):
        receiver = self.setup.receiver()
        # The first interval is a random part of it: nothing is sent before the end but requests that are full.
        pscan = self.setup.serve(receiver.url, interval_ms=3_600_000)
        hearing = Hearing(pscan)
        children = self.load.run(dict(ok=6, failed=4, killed=2))
        until(lambda: lives(pscan).total() >= 24 or not hearing.is_exact(), "births and exits")
        is_exact = hearing.is_exact()
        seconds = stop(pscan)
        result = self.load.check_records(receiver.records, children, is_exact)
        points = receiver.metrics_after(0)[-1]
        births = [
            value for name, attributes, value in points
            if name == "pscan.group.births" and attributes["pscan.group"] == "load"
        ]
        assert births == [12] or not is_exact, births
        return f"{seconds:.2f} s; {result}"


def rotel_log(text, parent):
    """Returns the last number of births of the load in Rotel's log, and the pids and outcomes of its children."""
    metrics = text.split("Name: pscan.group.births\n")[-1].split("Descriptor:")[0]
    births = re.search(r"Str\(load\)\n.*\n.*\n.*\nValue: (\S+)", metrics)
    records = {"created": [], "exec": [], "exited": []}
    for record in re.findall(r"LogRecord #.*?Trace ID", text, re.DOTALL):
        name = re.search(r"EventName: pscan.process.(\w+)", record)
        pid, found = (re.search(rf" process.{key}: Int\((\d+)", record) for key in ("pid", "parent_pid"))
        if found and int(found[1]) == parent:
            outcome = re.search(r"-> pscan.exit.outcome: Str\((\w+)\)", record)
            records[name[1]].append((int(pid[1]), outcome and outcome[1]))
    return births and births[1], records


def main(pscan, folder, victoria, rotel):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(folder)
    setup = Setup(pscan, folder)
    try:
        checks = Checks(setup, victoria, rotel)
        outage = Outage(setup)
        for check in filter(None, (
            checks.metrics_equal_those_of_the_page,
            checks.logs_have_all_births_and_exits,
            checks.nothing_is_refused,
            victoria and checks.victoria_metrics_has_the_counters,
            rotel and checks.rotel_prints_metrics_and_logs,
            outage.an_outage_begins_and_ends,
            outage.bad_receivers_do_not_slow_scans,
            outage.a_queue_that_suffices_loses_nothing,
            outage.a_short_queue_counts_what_it_drops,
            outage.SIGTERM_ends_it_without_an_answer,
            checks.SIGTERM_sends_what_is_left,
        )):
            checks.run(check)
        if checks.failures:
            for log in sorted(folder.glob("pscan*.log")):
                print(f"{log.name}:\n{log.read_text()}", end="", file=sys.stderr)
    finally:
        setup.end()
    sys.exit(1 if checks.failures else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
