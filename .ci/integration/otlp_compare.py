"""What `pscan serve` has in /metrics, and comparisons of that with what it sends."""

import signal
import time
from collections import Counter

from exporter import samples, until
from otlp_load import PLAN

# The names in /metrics of those in OTLP.
NAMES = {
    "process.cpu.time": "pscan_group_cpu_seconds_total",
    "process.memory.usage": "pscan_group_resident_memory_bytes",
    "process.thread.count": "pscan_group_threads",
    "pscan.group.processes": "pscan_group_processes",
    "pscan.group.births": "pscan_group_births_total",
    "pscan.group.exits": "pscan_group_exits_total",
    "pscan.group.exits_unmeasured": "pscan_group_exits_unmeasured_total",
    "pscan.group.oldest_start_time": "pscan_group_oldest_start_time_seconds",
    "pscan.group.unknown_processes": "pscan_group_unknown_processes",
}
SCANS = {
    "pscan.scan.count": "pscan_scan_total",
    "pscan.scan.cpu.time": "pscan_scan_cpu_seconds_total",
    "pscan.scan.unseen_births_at_most": "pscan_scan_unseen_births_at_most_total",
    "pscan.scan.hearing_lost": "pscan_scan_hearing_lost_total",
    "pscan.scan.batches_lost": "pscan_scan_batches_lost_total",
}
UNKNOWN = "pscan.group.unknown_processes"
ATTRIBUTES = {"pscan.group": "group", "pscan.group.kind": "kind"}
GOOD = "pscan_scan_total", (("result", "good"),)
# pscan ends within 2 s of SIGTERM; a busy host may need more. A request may take longer than this.
LONGEST_END = 8


def page(pscan):
    """Returns the samples of /metrics by name and labels."""
    text = pscan.get("/metrics").text
    return {(name, tuple(sorted(labels.items()))): value for name, labels, value in samples(text)}


def compare_next(pscan, receiver):
    """Compares a request that is made between two pages with both."""
    before = page(pscan)
    # Values are read shortly before the time that a request has, so the next one can be older than the page.
    at = time.time_ns()
    until(lambda: len(receiver.metrics_after(at)) > 1, "metrics")
    points = receiver.metrics_after(at)[1]
    scans = sum(value for name, _, value in points if name == "pscan.scan.count")
    # A page is as old as its batch.
    until(lambda: page(pscan)[GOOD] > scans, "the next scan")
    return compare(before, points, page(pscan))


def compare(before, points, after):
    """Compares data points with what the page had before and after."""
    groups, unsettled = {}, set()
    for name, labels in before.keys() | after.keys():
        if name in NAMES.values():
            group = dict(labels)["group"], dict(labels)["kind"]
            groups.setdefault(group, {})[name, labels] = before.get((name, labels))
            if before.get((name, labels)) != after.get((name, labels)):
                unsettled.add(group)
    assert ("load", "named") not in unsettled, "the load is not settled"
    found, scan_points = {}, 0
    for name, attributes, value in points:
        labels = tuple(sorted((ATTRIBUTES.get(key, key), text) for key, text in attributes.items()))
        if name in NAMES:
            group = attributes["pscan.group"], attributes["pscan.group.kind"]
            found.setdefault(group, {})[NAMES[name], labels] = value
        elif name in SCANS:
            key = SCANS[name], labels
            assert before[key] - 1e-6 <= value <= after[key] + 1e-6, (key, before[key], value, after[key])
            scan_points += 1
        else:
            assert name == "system.process.count" and value > 0, name
    settled = groups.keys() - unsettled
    count = 0
    for group in settled:
        sent = found.get(group, {})
        # The page also has the number of unknown processes where that is 0.
        shown = {key: value for key, value in groups[group].items() if value or key in sent or key[0] != NAMES[UNKNOWN]}
        assert shown.keys() == sent.keys(), (group, shown.keys() ^ sent.keys())
        for key, value in shown.items():
            assert abs(value - sent[key]) < 1e-6 * max(1, abs(value)), (key, value, sent[key])
            count += 1
    return f"{count} values of {len(settled)} settled groups, {scan_points} of the scans"


def lives(pscan):
    """Returns births, and exits by outcome, of the load."""
    text = page(pscan)
    group = (("group", "load"), ("kind", "named"))
    exits = ((one, text["pscan_group_exits_total", (*group, ("outcome", one))]) for one in (*PLAN, "unknown"))
    found = Counter(dict(exits))
    found["births"] = text["pscan_group_births_total", group]
    return found


class Hearing:
    """Whether the scanner hears all births and exits from now on."""

    def __init__(self, pscan):
        self.pscan = pscan
        self.before = self.lost()

    def lost(self):
        return self.pscan.value("pscan_scan_hearing_lost_total")

    def is_exact(self):
        is_complete = self.pscan.value("pscan_scan_hearing_state", state="complete") == 1
        return is_complete and self.lost() == self.before


def dropped(pscan):
    """Returns how many data points and records no receiver has taken."""
    return tuple(pscan.value("pscan_otlp_dropped_total", signal=one) for one in ("metrics", "logs"))


def stop(pscan):
    """Ends pscan, and returns how long that took, in seconds."""
    begin = time.monotonic()
    pscan.child.send_signal(signal.SIGTERM)
    status = pscan.child.wait(timeout=30)
    seconds = time.monotonic() - begin
    assert status == 0 and seconds < LONGEST_END, (status, seconds, pscan.log.read_text())
    return seconds
