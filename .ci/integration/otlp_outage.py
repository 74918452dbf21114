"""Receivers that are gone for a while, and others that answer badly."""

import os
import re
import time

from exporter import until, until_passes
from otlp_compare import Hearing, dropped, page, stop

# How long receivers are gone, in seconds.
SECONDS = float(os.environ.get("OUTAGE_SECONDS", 15))
ANSWERS = ("400", "429", "503", "garbage", "nothing")
# Moments with metrics, and requests with records, that may wait: more than an outage makes, and fewer.
ENOUGH, FEW = 5000, 8
# Requests of about 1 MB with records that wait before that queue: usually 4 MB, and at most 8 MB.
BEFORE = 9
# Lives with large records that come with each slow one: less than 8 MB in an interval.
LARGE = 20


class Scans:
    """Number and duration of scans since a moment."""

    def __init__(self, pscan):
        self.pscan = pscan
        self.begin = self.read()

    def read(self):
        names = ("pscan_scan_duration_seconds_count", "pscan_scan_duration_seconds_sum")
        text = page(self.pscan)
        return [*(text[name, ()] for name in names), time.monotonic()]

    def end(self):
        """Ends the measurement: sets `rate` in scans/s and `mean` duration in seconds."""
        count, duration, seconds = (after - before for before, after in zip(self.begin, self.read()))
        self.rate, self.mean = count / seconds, duration / max(count, 1)


class Outage:
    """The outage, and what comes of it."""

    def __init__(self, setup):
        self.setup = setup

    def an_outage_begins_and_ends(self):
        serve, receiver, load = self.setup.serve, self.setup.receiver, self.setup.load
        self.enough_receiver, self.few_receiver = receiver(), receiver()
        self.enough = serve(self.enough_receiver.url, queue=ENOUGH)
        # Without execs, all its records are counted in /metrics.
        self.few = serve(self.few_receiver.url, queue=FEW, log_events=["birth", "exit", "failure"])
        # The shortest timeout that is longer than the end of pscan may take.
        self.bad = {}
        for answer in ANSWERS:
            bad = receiver(answer)
            self.bad[answer] = bad, serve(bad.url, timeout_ms=10_000)
        good = serve(receiver("200").url)
        self.hearing = Hearing(self.enough)
        self.children = load.run({}, slow=1)
        until(lambda: self.enough_receiver.records and self.few_receiver.records, "records before the outage")
        # It gets this request twice.
        self.enough_receiver.lose_an_answer()
        self.children += load.run({}, slow=1)
        until(lambda: self.enough_receiver.is_answer_lost, "a lost answer")
        for one in (self.enough_receiver, self.few_receiver):
            one.kill()
        self.begin = time.time_ns()
        self.usual = Scans(good)
        self.scans = {answer: Scans(pscan) for answer, (_, pscan) in self.bad.items()}
        while time.time_ns() < self.begin + SECONDS * 1e9 or self.is_too_short():
            self.children += load.run(dict(ok=2, failed=2, killed=1), slow=1, large=LARGE)
        for scans in (self.usual, *self.scans.values()):
            scans.end()
        waiting = [self.enough.value("pscan_otlp_queue_length", signal=one) for one in ("metrics", "logs")]
        assert min(waiting) > SECONDS / 2, waiting
        self.end = time.time_ns()
        for one in (self.enough_receiver, self.few_receiver):
            one.start()
        memory, usual = (pscan.memory()[0] for pscan in (self.enough, good))
        seconds = (self.end - self.begin) / 1e9
        return f"{seconds:.0f} s, {sum(waiting):.0f} requests wait; {memory:.1f} MB of memory, usual are {usual:.1f}"

    def is_too_short(self):
        """Returns whether the short queue has not dropped a record yet. A busy host makes them more slowly."""
        waited = time.time_ns() - self.begin
        # Large records are those of short lives.
        return not dropped(self.few)[1] and self.hearing.is_exact() and waited < (SECONDS + 60) * 1e9

    def bad_receivers_do_not_slow_scans(self):
        usual = self.usual
        for answer, scans in self.scans.items():
            receiver, pscan = self.bad[answer]
            assert scans.rate > 0.5 * usual.rate, f"{answer}: {scans.rate:.2f} scans/s, usual are {usual.rate:.2f}"
            assert scans.mean < 3 * usual.mean + 0.1, f"{answer}: {scans.mean:.3f} s, usual are {usual.mean:.3f}"
            assert not pscan.value("pscan_scan_consumer_stalls_total"), answer
            assert not pscan.value("pscan_scan_batches_lost_total"), answer
            result = "refused" if answer == "400" else "failed"
            until(lambda: pscan.value("pscan_otlp_requests_total", result=result), f"{answer}: {result}")
            assert not pscan.value("pscan_otlp_requests_total", result="ok"), answer
        until(lambda: sum(dropped(self.bad["400"][1])), "what is refused is counted")
        # Each signal has a connection of its own.
        times = self.bad["429"][0].times.values()
        until(lambda: min(map(len, times)) > 2, "both signals try again after Retry-After")
        waits = [after - before for one in times for before, after in zip(one, one[1:])]
        assert min(waits) >= 4, f"Retry-After is 4 s: {waits}"
        rates = [scans.rate for scans in self.scans.values()]
        means = [scans.mean * 1e3 for scans in self.scans.values()]
        return (
            f"{min(rates):.2f} to {max(rates):.2f} scans/s, usual are {usual.rate:.2f}; "
            f"{min(means):.1f} to {max(means):.1f} ms, usual are {usual.mean * 1e3:.1f}"
        )

    def a_queue_that_suffices_loses_nothing(self):
        receiver = self.enough_receiver
        until(lambda: receiver.since_start, "the next attempt")
        made, _ = until_passes(lambda: account(self.enough, receiver))
        assert dropped(self.enough) == (0, 0), dropped(self.enough)
        is_exact = self.hearing.is_exact()
        result = self.setup.load.check_records(receiver.records, self.children, is_exact)
        assert receiver.repeated == 1, f"{receiver.repeated} requests came twice, the answer to one was lost"
        assert not receiver.errors, receiver.errors[0]
        late = receiver.requests_between(self.begin, self.end)
        return f"{sum(late)} requests of the outage, {made:.0f} records, one request twice; {result}"

    def a_short_queue_counts_what_it_drops(self):
        receiver = self.few_receiver
        until(lambda: receiver.since_start, "the next attempt")
        made, lost = until_passes(lambda: account(self.few, receiver))
        assert not receiver.errors, receiver.errors[0]
        # One more of each is being sent.
        late = receiver.requests_between(self.begin, self.end)
        assert late[0] <= FEW + 1 and late[1] <= FEW + 1 + BEFORE, f"{late} requests of the outage"
        metrics, logs = dropped(self.few)
        assert metrics > 0 and logs >= lost, (metrics, logs, lost)
        assert lost > 0 or not self.hearing.is_exact(), "no record is dropped"
        text = self.few.log.read_text()
        patterns = (r"metrics dropped meanwhile: (\d+) data point", r"logs dropped meanwhile: (\d+) log record")
        sums = [sum(map(int, re.findall(f"answers again after .*; {one}", text))) for one in patterns]
        # Where the receiver is slower than the host, it drops more after that.
        assert 0 < sums[0] <= metrics and (0 < sums[1] or not lost) and sums[1] <= logs, (sums, metrics, logs)
        return (
            f"{sum(late)} requests of the outage; "
            f"{made - lost:.0f} received + {lost:.0f} dropped = {made:.0f} records; "
            f"{metrics:.0f} data points dropped"
        )

    def SIGTERM_ends_it_without_an_answer(self):
        times = []
        for answer in ("nothing", "429"):
            pscan = self.bad[answer][1]
            times.append(stop(pscan))
            text = pscan.log.read_text()
            assert re.search(r"requests are not sent|has not accepted the last \d+", text), text
        return " and ".join(f"{seconds:.2f} s" for seconds in times)


def account(pscan, receiver):
    """Checks that all records that were made are received or dropped. Returns the number of both and of the latter.

    Events go on meanwhile: the page has those until its batch, which was taken at most some seconds before.
    """
    begin = time.time_ns()
    text = page(pscan)
    end = time.time_ns()
    # Metrics and records are sent in turns, and records can arrive with the turn after that of their time.
    until(lambda: len(receiver.metrics_after(end)) >= 3, "metrics")
    made = sum(text["pscan_scan_events_total", (("kind", kind),)] for kind in ("created", "exited"))
    made += text["pscan_scan_total", (("result", "failed"),)]
    lost = text["pscan_otlp_dropped_total", (("signal", "logs"),)], dropped(pscan)[1]
    least, most = (receiver.records_until(at) + count for at, count in zip((begin - 5e9, end), lost))
    assert least <= made <= most, f"{made} made, {least} to {most} received or dropped ({lost})"
    return made, lost[1]
