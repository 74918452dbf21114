"""Measures what exporters cost.

Usage: serve_cost.py PSCAN FOLDER beside|groups|budget COUNT
"""

import gzip
import math
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import loads
from exporter import Exporter, samples, until

# Groups by name, as pscan does without settings.
RIVAL_CONFIG = "process_names: [{name: '{{.Comm}}', cmdline: ['.+']}]\n"
RIVAL_PORT = 19256
LEAN = ("-threads=false", "-gather-smaps=false")

FORKS = "while :; do for i in 1 2 3 4 5 6 7 8; do : & done; wait; done"


class Idle:
    """Processes that sleep."""

    def __init__(self, count, path_of):
        self.children = [
            subprocess.Popen([path_of(at), "3600"], stdin=subprocess.DEVNULL) for at in range(count)
        ]

    def end(self):
        for child in self.children:
            child.kill()
        for child in self.children:
            child.wait()


class Costs:
    def __init__(self, pscan, folder):
        self.pscan, self.folder = pscan, folder
        self.programs = loads.Programs(folder)
        self.idle = None

    def end(self):
        self.programs.end()
        if self.idle:
            self.idle.end()

    def start_pscan(self):
        exporter = Exporter(
            [self.pscan, "serve", "--listen", "127.0.0.1:0"], self.folder / "pscan.log"
        )
        until(lambda: exporter.get("/readyz").status == 200, "the first scan")
        return exporter

    def start_rival(self, *options):
        config = self.folder / "rival.yml"
        config.write_text(RIVAL_CONFIG)
        program = "prometheus-process-exporter"
        address = f"127.0.0.1:{RIVAL_PORT}"
        arguments = [program, f"-config.path={config}", f"-web.listen-address={address}", *options]
        return Exporter(arguments, self.folder / "rival.log", f"http://{address}")

    # Experiments.

    def beside(self, count):
        self.idle = Idle(count, lambda _: "/bin/sleep")
        for name, start in [
            ("pscan serve", self.start_pscan),
            ("process-exporter, lean", lambda: self.start_rival(*LEAN)),
            ("process-exporter", self.start_rival),
        ]:
            exporter = start()
            time.sleep(2)
            used, calm = scrape_for(exporter, 25, every=5)
            forks = loads.births()
            storm = subprocess.Popen([self.programs.shell("costforks"), "-c", FORKS])
            try:
                used_in_storm, stormy = scrape_for(exporter, 10, every=0.1)
            finally:
                storm.kill()
                storm.wait()
            forks = loads.births() - forks
            report(f"{count} idle, {name}", exporter, used, 25, calm)
            print(f"    storm of {forks / 10:.0f} forks a second: {times(stormy)}; CPU {used_in_storm:.2f} s in 10 s")
            exporter.stop()

    def groups(self, count):
        sleep = "/bin/sleep"
        self.idle = Idle(count, lambda at: self.programs.link(f"group{at}", sleep))
        exporter = self.start_pscan()
        time.sleep(2)
        used, calm = scrape_for(exporter, 30, every=1.1)
        report(f"{count} groups of idle processes", exporter, used, 30, calm)
        request = urllib.request.Request(f"{exporter.url}/metrics", headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request) as answer:
            packed = answer.read()
        text = gzip.decompress(packed).decode()
        known = int(exporter.value("pscan_groups"))
        found = sum(1 for _ in samples(text))
        print(f"    {known} groups: {found} samples, {len(text.encode())} bytes, {len(packed)} after gzip")
        exporter.stop()

    def budget(self, count):
        self.idle = Idle(count, lambda _: "/bin/sleep")
        exporter = self.start_pscan()
        first = exporter.cpu_seconds()
        used, calm = scrape_for(exporter, 120, every=15)
        report(f"{count} idle, a scrape each 15 s", exporter, used, 120, calm)
        interval = exporter.value("pscan_scan_interval_seconds")
        print(f"    first scan and start {first:.3f} s; interval {interval} s")
        exporter.stop()


def scrape_for(exporter, seconds, every):
    """Returns the CPU time that the exporter uses meanwhile, and the time of each scrape."""
    found = []
    begin, before = time.monotonic(), exporter.cpu_seconds()
    while time.monotonic() < begin + seconds:
        next_at = time.monotonic() + every
        answer = exporter.get("/metrics", timeout=60)
        assert answer.status == 200, answer.text
        found.append(answer.seconds * 1e3)
        time.sleep(max(0, min(next_at, begin + seconds) - time.monotonic()))
    return exporter.cpu_seconds() - before, found


def times(found):
    p99 = sorted(found)[math.ceil(len(found) * 0.99) - 1]
    return f"{len(found)} scrapes, median {statistics.median(found):.2f} ms, p99 {p99:.2f} ms"


def report(name, exporter, used, seconds, scrapes):
    now, most, _ = exporter.memory()
    print(
        f"{name}: CPU {used:.3f} s in {seconds} s, {used / seconds:.3%} of a core; "
        f"memory {now:.1f} MB, at most {most:.1f} MB; {times(scrapes)}",
        flush=True,
    )


def main(pscan, folder, experiment, count):
    costs = Costs(pscan, Path(folder))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        getattr(costs, experiment)(int(count))
    finally:
        costs.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
