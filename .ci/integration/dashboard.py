"""Runs the queries of a Grafana dashboard and of alert rules in a real Prometheus that scrapes `pscan serve`.

Usage: dashboard.py PSCAN FOLDER DASHBOARD RULES

Prints one line for each kind of query and ends with status 1 if one failed.
"""

import json
import re
import signal
import sys
import time
from pathlib import Path

import loads
from exporter import Exporter, until
from prometheus import Prometheus

SETTINGS = """
scan = { interval_ms = 500, cpu_budget_percent = "off" }
serve = { listen = "127.0.0.1:0" }
groups = { by = "name" }
"""
# What Grafana puts in place of its variables: `All`, and ranges of some scrapes.
VARIABLES = {
    "$job": ".*",
    "$instance": ".*",
    "$group": ".*",
    "$__rate_interval": "10s",
    "$__range": "1m",
}
GROUP = "cidaemon"
# Metrics of other programs, and those that are there only in some states.
NOT_OURS = {"up", "node_textfile_mtime_seconds"}


def main(pscan, folder, dashboard, rules):
    folder = Path(folder) / "dashboard"
    folder.mkdir()
    dashboard = json.loads(Path(dashboard).read_text())
    settings = folder / "pscan.toml"
    settings.write_text(SETTINGS)
    programs = loads.Programs(folder)
    exporter = prometheus = None
    failures = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        exporter = Exporter([pscan, "serve", "--config", settings], folder / "pscan.log")
        until(lambda: exporter.get("/readyz").status == 200, "the first scan")
        prometheus = Prometheus(folder, exporter.url.removeprefix("http://"))
        prometheus.start()
        work(programs, exporter, prometheus)
        count = 0
        for title, query, is_range in queries(dashboard):
            count += 1
            failures += failure(prometheus, title, query, is_range)
        print(f"{count} queries of the dashboard, {len(failures)} failed", flush=True)
        names = known(prometheus) | NOT_OURS
        used = set(re.findall(r"\b(?:pscan|process|node)_\w+", Path(rules).read_text()))
        used |= {name for _, query, _ in queries(dashboard) for name in re.findall(r"\bpscan_\w+", query)}
        unknown = sorted(used - names)
        failures += [f"no metric has this name: {name}" for name in unknown]
        print(f"{len(used)} metrics in queries and rules, {len(unknown)} unknown", flush=True)
    finally:
        programs.end()
        for server in (prometheus, exporter):
            if server:
                server.stop()
    for text in failures:
        print(f"FAIL  {text}", flush=True)
    sys.exit(1 if failures else 0)


def work(programs, exporter, prometheus):
    """Restarts a daemon, whose first end is a failure, and reloads the settings."""
    prometheus.wait_scrapes()
    for code in (loads.SLEEP + "os._exit(3)\n", loads.SLEEP):
        daemon = programs.start(GROUP, code)
        loads.is_readable(daemon)
        until(
            lambda: exporter.value("pscan_group_processes", group=GROUP) == 1,
            "the daemon is in its group",
        )
        prometheus.wait_scrapes()
        if code != loads.SLEEP:
            daemon.stdin.close()
            assert daemon.wait() == 3
            daemon.stdout.close()
            programs.children.remove(daemon)
            until(
                lambda: exporter.value("pscan_group_exits_total", group=GROUP) == 1,
                "its exit is counted",
            )
    exporter.child.send_signal(signal.SIGHUP)
    exporter.wait_for("reloaded")
    prometheus.wait_scrapes(3)
    if not exporter.value("pscan_group_exits_total", group=GROUP, outcome="failed"):
        # Where no exit status is heard there are no failed exits.
        print("skipped: failed exits, since no exit status is heard", flush=True)
        QUIET.add("Failed exits in the range")


# Panels that have no data on this host.
QUIET = set()


def queries(dashboard):
    """Yields each query of the dashboard: where it is, its text, and whether it is about a range."""
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            # Grafana's own function.
            series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"]).groups()
            yield variable["label"], f"count by ({label}) ({series})", False
    for panel in dashboard["panels"]:
        assert panel["type"] == "row" or panel["targets"], panel["title"]
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"], not target.get("instant")


def failure(prometheus, title, query, is_range):
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    if "$" in query:
        return [f"{title}: a variable is left: {query}"]
    now = time.time()
    try:
        if is_range:
            found = prometheus.api("query_range", query=query, start=now - 5, end=now, step=1)
        else:
            found = prometheus.api("query", query=query)
    except AssertionError as error:
        return [f"{title}: {error}"]
    return [] if found["result"] or title in QUIET else [f"{title}: no data: {query}"]


def known(prometheus):
    return set(prometheus.api("label/__name__/values"))


if __name__ == "__main__":
    main(*sys.argv[1:])
