"""Runs the queries of a Grafana dashboard and of alert rules in a real Prometheus that scrapes `pscan serve`.

Usage: dashboard.py PSCAN FOLDER DASHBOARD RULES [NODE_EXPORTER]

With node_exporter, it also reads the textfile of pscan, and is a host of the dashboard.

Prints one line for each kind of query and ends with status 1 if one failed.
"""

import http.server
import json
import re
import signal
import sys
import threading
import time
from pathlib import Path

import loads
from exporter import Exporter, until
from node_exporter import NodeExporter
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
# Metrics of other programs, and those that are there only in some states.
NOT_OURS = {"up", "node_textfile_mtime_seconds", "node_exporter_build_info"}


class Receiver(http.server.BaseHTTPRequestHandler):
    """A receiver of OTLP that accepts everything. An empty answer is that of full success."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main(pscan, folder, dashboard, rules, node_exporter=None):
    folder = Path(folder) / "dashboard"
    folder.mkdir()
    dashboard = json.loads(Path(dashboard).read_text())
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    programs = loads.Programs(folder)
    node = exporter = prometheus = None
    failures = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        if node_exporter:
            node = NodeExporter(node_exporter, folder)
        settings = folder / "pscan.toml"
        textfile = (node.textfiles if node else folder) / "pscan.prom"
        endpoint = "http://127.0.0.1:%d" % receiver.server_port
        settings.write_text(SETTINGS.replace("TEXTFILE", str(textfile)).replace("RECEIVER", endpoint))
        exporter = Exporter([pscan, "serve", "--config", settings], folder / "pscan.log")
        until(lambda: exporter.get("/readyz").status == 200, "the first scan")
        prometheus = Prometheus(folder, exporter.url.removeprefix("http://"))
        with prometheus.config.open("a") as config:
            config.write(OTHER)
            if node:
                config.write(f"- {{job_name: node, static_configs: [{{targets: ['{node.address}']}}]}}\n")
        prometheus.start()
        work(programs, exporter, prometheus)
        count = 0
        for title, query, is_range in queries(dashboard):
            count += 1
            failures += failure(prometheus, title, query, is_range)
        print(f"{count} queries of the dashboard, {len(failures)} failed", flush=True)
        for title, value in (("Hosts", 2 if node else 1), ("Blind hosts", 0), ("Values not current", 0)):
            found = one_value(prometheus, dashboard, title)
            if found != value:
                failures.append(f"{title}: {found}, not {value}")
        if node:
            faults = node.faults()
            print(f"the textfile in node_exporter, {len(faults)} faults", flush=True)
            failures += faults
        names = known(prometheus) | NOT_OURS
        used = set(re.findall(r"\b(?:pscan|process|node)_\w+", Path(rules).read_text()))
        used |= {name for _, query, _ in queries(dashboard) for name in re.findall(r"\bpscan_\w+", query)}
        unknown = sorted(used - names)
        failures += [f"no metric has this name: {name}" for name in unknown]
        print(f"{len(used)} metrics in queries and rules, {len(unknown)} unknown", flush=True)
    finally:
        programs.end()
        for server in (prometheus, exporter, node):
            if server:
                server.stop()
        receiver.shutdown()
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


def one_value(prometheus, dashboard, title):
    """Returns what a panel of one number shows."""
    (query,) = (query for of, query, is_range in queries(dashboard) if of == title and not is_range)
    (found,) = prometheus.api("query", query=filled(query))["result"]
    return float(found["value"][1])


def filled(query):
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return query


def failure(prometheus, title, query, is_range):
    query = filled(query)
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
