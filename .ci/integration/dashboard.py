"""Runs the queries of a Grafana dashboard and of alert rules in a real Prometheus that scrapes `pscan serve`.

Usage: dashboard.py PSCAN FOLDER DASHBOARD RULES [NODE_EXPORTER]

With node_exporter, it also reads the textfile of pscan, and is a host of the dashboard.

Prints one line for each kind of query and ends with status 1 if one failed.
"""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import loads
from exporter import Exporter, until
from node_exporter import NodeExporter
from otlp_text import Receiver
from prometheus import Prometheus

SETTINGS = """
scan = { interval_ms = 500, cpu_budget_percent = "off" }
serve = { listen = "127.0.0.1:0", textfile = "TEXTFILE" }
groups = { by = "name" }
otlp = { endpoint = "RECEIVER", interval_ms = 1000 }
"""
# A target of another program, which is down.
OTHER = "- {job_name: web, static_configs: [{targets: ['127.0.0.1:1']}]}\n"
# What Grafana puts in place of its variables: `All`, and ranges of some scrapes.
VARIABLES = {
    "$job": ".*",
    "$instance": ".*",
    "$group": ".*",
    "$__rate_interval": "10s",
    "$__range": "1m",
}
GROUP = "cidaemon"
# Metrics and labels of other programs, and those that are there only in some states.
NOT_OURS = {"up", "node_textfile_mtime_seconds", "node_exporter_build_info", "file"}


def main(pscan, folder, dashboard, rules, node_exporter=None):
    folder = Path(folder) / "dashboard"
    folder.mkdir()
    path, rules = Path(dashboard), Path(rules)
    dashboard = json.loads(path.read_text())
    receiver = Receiver()
    programs = loads.Programs(folder)
    node = exporter = prometheus = by_otlp = None
    failures = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        if node_exporter:
            node = NodeExporter(node_exporter, folder)
        settings = folder / "pscan.toml"
        textfile = (node.textfiles if node else folder) / "pscan.prom"
        endpoint = f"http://{receiver.address}"
        settings.write_text(SETTINGS.replace("TEXTFILE", str(textfile)).replace("RECEIVER", endpoint))
        exporter = Exporter([pscan, "serve", "--config", settings], folder / "pscan.log")
        until(lambda: exporter.get("/readyz").status == 200, "the first scan")
        prometheus = Prometheus(folder, exporter.address)
        with prometheus.config.open("a") as config:
            config.write(OTHER)
            if node:
                config.write(f"- {{job_name: node, static_configs: [{{targets: ['{node.address}']}}]}}\n")
        prometheus.start()
        if receiver.can_read:
            until(lambda: receiver.text, "metrics by OTLP")
            (folder / "otlp").mkdir()
            by_otlp = Prometheus(folder / "otlp", receiver.address)
            by_otlp.start()
        work(programs, exporter, prometheus)
        failures += faults_of(prometheus, dashboard, rules.read_text())
        for title, value in (("Hosts", 2 if node else 1), ("Blind hosts", 0), ("Values not current", 0)):
            found = one_value(prometheus, dashboard, title)
            if found != value:
                failures.append(f"{title}: {found}, not {value}")
        if node:
            faults = node.faults()
            print(f"the textfile in node_exporter, {len(faults)} faults", flush=True)
            failures += faults
        if by_otlp:
            print("the same by OTLP:", flush=True)
            by_otlp.wait_scrapes(3)
            QUIET.update(NOT_BY_OTLP)
            by_name = folder / "otlp/alerts.yml"
            by_name.write_text(rewritten(rules))
            subprocess.run(["promtool", "check", "rules", by_name], check=True)
            failures += faults_of(by_otlp, json.loads(rewritten(path)), by_name.read_text())
        else:
            print("skipped: names by OTLP, since opentelemetry-proto is not installed", flush=True)
    finally:
        programs.end()
        for server in (by_otlp, prometheus, exporter, node):
            if server:
                server.stop()
        receiver.stop()
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


# Panels that have no data on this host, and what is not sent by OTLP.
QUIET = set()
NOT_BY_OTLP = {
    "Time of a scan",
    "pscan_scan_duration_seconds",
    "Requests by status",
    "pscan_serve_requests_total",
    "pscan_serve_reload_successful",
    "quantile",
    "code",
}
# Where queries, legends and rules name labels; a group can be a list.
LABELS = (
    r'[{,]\s*(\w+)(?:=~|!~|!=|=)"',
    r"\$labels\.(\w+)",
    r"\{\{\s*(\w+)\s*\}\}",
    r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)",
)


def rewritten(path):
    """Returns a file for names by OTLP."""
    script = path.parent.parent / "prometheus/otlp.sed"
    return subprocess.run(
        ["sed", "-E", "-f", script, path], stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def faults_of(prometheus, dashboard, rules):
    """Runs all queries of a dashboard, and looks for the metrics and labels that queries and rules name."""
    faults, texts = [], [rules]
    for title, query, is_range in queries(dashboard):
        texts.append(query)
        faults += failure(prometheus, title, query, is_range)
    print(f"{len(texts) - 1} queries of the dashboard, {len(faults)} failed", flush=True)
    names = set(prometheus.api("label/__name__/values")) | set(prometheus.api("labels")) | NOT_OURS | QUIET
    texts += legends(dashboard)
    used = {name for text in texts for name in re.findall(r"\b(?:pscan|process|node|system)_\w+", text)}
    used |= labels_in(texts)
    unknown = sorted(used - names)
    print(f"{len(used)} names in queries and rules, {len(unknown)} unknown", flush=True)
    return faults + [f"no metric or label has this name: {name}" for name in unknown]


def labels_in(texts):
    """Returns the labels that texts name."""
    found = (names for text in texts for pattern in LABELS for names in re.findall(pattern, text))
    return {name for names in found for name in re.findall(r"\w+", names)}


def legends(dashboard):
    return [target.get("legendFormat", "") for panel in dashboard["panels"] for target in panel.get("targets", ())]


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


def one_value(prometheus, dashboard, title):
    """Returns what a panel of one number shows."""
    (query,) = (query for of, query, is_range in queries(dashboard) if of == title and not is_range)
    (found,) = prometheus.api("query", query=filled(query, VARIABLES))["result"]
    return float(found["value"][1])


def filled(query, variables):
    """Returns a query with values in place of Grafana's variables."""
    for name, value in variables.items():
        query = query.replace(name, value)
    return query


def failure(prometheus, title, query, is_range):
    query = filled(query, VARIABLES)
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


if __name__ == "__main__":
    main(*sys.argv[1:])
