"""Checks values of a Grafana dashboard with `promtool test rules`, which knows the time of each sample.

Usage: panel_values.py FOLDER DASHBOARD
"""

import json
import subprocess
import sys
from pathlib import Path

from dashboard import filled

# What Grafana puts in place of its variables if `All` is chosen.
VARIABLES = {"$job": ".*", "$instance": ".*", "$__rate_interval": "5m"}
HOST = 'job="pscan", instance="a:9257"'
OTHER = 'job="pscan", instance="b:9257"'


def host(labels, last, interval="1x40", up="1x40"):
    """Returns series of a host: one sample every minute."""
    return {
        f"up{{{labels}}}": up,
        f"pscan_build_info{{{labels}}}": "1x40",
        f"pscan_scan_last_timestamp_seconds{{{labels}}}": last,
        f"pscan_scan_interval_seconds{{{labels}}}": interval,
    }


# Series, the seconds of a query, and what panels show then.
CASES = {
    # The last sample is up to a minute old, and the scan was half a second before it.
    "a host that is scanned is current between two scrapes": (
        host(HOST, "0 59.5+60x40"),
        (600, 630, 659),
        {"Blind hosts": 0, "Values not current": 0, "Hosts": 1},
    ),
    "the last scan was 20 s before each scrape": (
        host(HOST, "-20+60x40"),
        (600, 659),
        {"Blind hosts": 0, "Values not current": 1},
    ),
    "a long interval": (
        host(HOST, "-40+60x40", interval="15x40"),
        (600, 659),
        {"Blind hosts": 0, "Values not current": 0},
    ),
    "scans ended, and scrapes did not": (
        host(HOST, "0 60x40"),
        (600,),
        {"Blind hosts": 1, "Values not current": 1},
    ),
    # Prometheus ends the series of a target that does not answer.
    "one of two hosts is down": (
        host(HOST, "0 59.5+60x40")
        | host(OTHER, "0 59.5+60x5 stale", up="1x5 0x40")
        | {
            f"pscan_build_info{{{OTHER}}}": "1x5 stale",
            f"pscan_scan_interval_seconds{{{OTHER}}}": "1x5 stale",
        },
        (1200,),
        {"Blind hosts": 1, "Values not current": 0, "Hosts": 1},
    ),
    "a target of another program is down": (
        host(HOST, "0 59.5+60x40") | {'up{job="web", instance="c:80"}': "0x40"},
        (1200,),
        {"Blind hosts": 0, "Hosts": 1},
    ),
    # 0.3 s and 0.9 s of a minute.
    "CPU time of hosts": (
        {
            f'pscan_scan_cpu_seconds_total{{{HOST}, thread="scan"}}': "0+0.3x40",
            f'pscan_scan_cpu_seconds_total{{{OTHER}, thread="scan"}}': "0+0.9x40",
        },
        (1200,),
        {("CPU of scanning", "A"): 0.01, ("CPU of scanning", "B"): 0.015},
    ),
    "memory of node_exporter is not that of pscan": (
        {
            f"process_resident_memory_bytes{{{HOST}}}": "7x40",
            f"pscan_build_info{{{HOST}}}": "1x40",
            'process_resident_memory_bytes{job="node", instance="a:9100"}': "9x40",
            'node_exporter_build_info{job="node", instance="a:9100"}': "1x40",
            'pscan_build_info{job="node", instance="a:9100"}': "1x40",
        },
        (1200,),
        {"Memory of pscan": 7},
    ),
}


def main(folder, dashboard):
    panels = {
        (panel["title"], target["refId"]): filled(target["expr"], VARIABLES)
        for panel in json.loads(Path(dashboard).read_text())["panels"]
        for target in panel.get("targets", ())
    }
    tests, count = [], 0
    for name, (series, times, shown) in CASES.items():
        checks = []
        for panel, value in shown.items():
            query = panels[panel if isinstance(panel, tuple) else (panel, "A")]
            # Rounded, and a sum, so that it has no labels: two series where one should be are too much.
            query = f"round(sum({query}), 0.0001)"
            checks += [
                {"expr": query, "eval_time": f"{at}s", "exp_samples": [{"labels": "{}", "value": value}]}
                for at in times
            ]
        count += len(checks)
        inputs = [{"series": key, "values": values} for key, values in series.items()]
        tests.append(
            {"name": name, "interval": "1m", "input_series": inputs, "promql_expr_test": checks}
        )
    # YAML can be JSON.
    path = Path(folder) / "panel_values.yml"
    path.write_text(json.dumps({"rule_files": [], "evaluation_interval": "1m", "tests": tests}))
    tested = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True)
    if tested.returncode:
        sys.exit(tested.stdout + tested.stderr)
    print(f"ok    {count} values of panels", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
