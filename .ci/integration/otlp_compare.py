"""What `pscan serve` has in /metrics, and comparisons of that with what it sends."""

import re
import signal
import time
from collections import Counter

from exporter import samples, until
from loads import EXITS
from otlp_metrics import GROUPS, LABELS, METRICS, ONLY_AS_TEXT, SCANNER

GOOD = "pscan_scan_total", (("result", "good"),)
# pscan ends within 2 s of SIGTERM; a busy host may need more. A request may take longer than this.
LONGEST_END = 8
# What other processes and requests change between two pages.
UNSETTLED = {"pscan_groups", "pscan_scan_processes", "pscan_scan_table_bytes", "pscan_otlp_queue_length"}
# A page lacks it while there are none.
PASSING = {"pscan_group_unknown_processes"}


def page(pscan):
    """Returns the samples of /metrics by name and labels."""
    text = pscan.get("/metrics").text
    return {(name, tuple(sorted(labels.items()))): value for name, labels, value in samples(text)}


def compare_next(pscan, receiver):
    """Compares the requests of a moment between two pages with both."""
    before = page(pscan)
    # Values are read shortly before the time that a moment has, so the next one can be older than the page. The one
    # after it is complete when another one begins.
    at = time.time_ns()
    until(lambda: len(receiver.metrics_after(at)) > 2, "metrics")
    points = receiver.metrics_after(at)[1]
    scans = sum(value for name, _, value in points if name == "pscan.scan.count")
    # A page is as old as its batch.
    until(lambda: page(pscan)[GOOD] > scans, "the next scan")
    compare_helps(pscan, receiver)
    return compare(before, points, page(pscan))


def compare_helps(pscan, receiver):
    """Compares descriptions, and looks for families that neither are sent nor need not be."""
    helps = dict(re.findall(r"^# HELP (\S+) (.*)$", pscan.get("/metrics").text, re.MULTILINE))
    sent = {family for *_, family in METRICS.values()}
    assert helps.keys() <= sent | ONLY_AS_TEXT, helps.keys() - sent - ONLY_AS_TEXT
    for name, description in receiver.descriptions.items():
        family = METRICS[name][3]
        if family in helps or family not in PASSING:
            assert description == helps[family], (name, description)


def compare(before, points, after):
    """Compares data points with what the page had before and after."""
    found, scanner = {}, {}
    for name, attributes, value in points:
        labels = tuple(sorted((LABELS[key], text) for key, text in attributes.items()))
        key = METRICS[name][3], labels
        if name in GROUPS:
            group = attributes["pscan.group"], attributes["pscan.group.kind"]
            found.setdefault(group, {})[key] = value
        else:
            scanner[key] = value
    groups = compare_groups(before, found, after)
    return f"{groups}, {compare_scanner(before, scanner, after)}"


def compare_groups(before, found, after):
    families = {family for *_, family in GROUPS.values()}
    groups, unsettled = {}, set()
    for name, labels in before.keys() | after.keys():
        if name in families:
            group = dict(labels)["group"], dict(labels)["kind"]
            groups.setdefault(group, {})[name, labels] = before.get((name, labels))
            if before.get((name, labels)) != after.get((name, labels)):
                unsettled.add(group)
    assert ("load", "named") not in unsettled, "the load is not settled"
    settled = groups.keys() - unsettled
    count = 0
    for group in settled:
        shown, sent = groups[group], found.get(group, {})
        assert shown.keys() == sent.keys(), (group, shown.keys() ^ sent.keys())
        for key, value in shown.items():
            assert is_same(value, sent[key]), (key, value, sent[key])
            count += 1
    return f"{count} values of {len(settled)} settled groups"


def compare_scanner(before, sent, after):
    """Compares counters with both pages, and other values with the page where that has the same twice."""
    kinds = {family: kind for kind, _, _, family in SCANNER.values()}
    missing = {key for key in before if key[0] in kinds} - sent.keys()
    assert not missing, f"not sent: {missing}"
    settled = 0
    for key, value in sent.items():
        # A class of errors or a field can be new.
        least, most = before.get(key, 0), after[key]
        if least == most:
            assert is_same(value, most), (key, value, most)
            settled += 1
        elif kinds[key[0]] == "counter" or key[0] == "pscan_scan_last_timestamp_seconds":
            assert least - 1e-6 <= value <= most + 1e-6, (key, least, value, most)
        else:
            assert key[0] in UNSETTLED and value >= 0, (key, least, value, most)
    return f"{len(sent)} of the scanner, {settled} of them settled"


def is_same(one, other):
    return abs(one - other) < 1e-6 * max(1, abs(one))


def lives(pscan):
    """Returns births, and exits by outcome, of the load."""
    text = page(pscan)
    group = (("group", "load"), ("kind", "named"))
    exits = ((one, text["pscan_group_exits_total", (*group, ("outcome", one))]) for one in (*EXITS, "unknown"))
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
