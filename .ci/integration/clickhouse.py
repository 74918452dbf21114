"""Loads events of a real run and of recordings into ClickHouse, and checks the queries of docs/fleet.md.

Usage: clickhouse.py PSCAN FOLDER RECORDING...
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

import loads
import otel_logs
from chdb import session
from exporter import until

HOST = "ci-host"
PLAN = {"ok": 40, "failed": 30, "killed": 20}
CPU_SECONDS = 0.5
# Of the program that burns CPU, beside what wait4(2) reports: the end of a process itself.
CPU_TOLERANCE = 0.02
# Two lives of one pid with the same start, or without any, are one to the queries: docs/fleet.md says so.
WITHOUT_IDENTITY = {"a_pid_is_used_again_within_one_second", "a_start_time_is_unknown"}
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def text(ms):
    """Returns a time as ClickHouse writes it."""
    if ms is None:
        return None
    return (EPOCH + timedelta(milliseconds=ms)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


class Run:
    """Events of a real run, in which known programs are born and exit."""

    def __init__(self, pscan, folder):
        self.path = folder / "events.ndjson"
        self.programs = loads.Programs(folder)
        self.outcomes = []
        arguments = [pscan, "watch", "--json", "--interval", "200ms", "--cpu-budget", "off"]
        with self.path.open("wb") as stream, (folder / "watch.log").open("wb") as log:
            watch = subprocess.Popen(arguments, stdout=stream, stderr=log)
        try:
            until(lambda: b'"existing"' in self.path.read_bytes(), "the first scan")
            self.do()
            until(self.has_all_exits, "all exits are reported")
            watch.send_signal(signal.SIGTERM)
            assert watch.wait(timeout=20) == 0, (folder / "watch.log").read_text()
        finally:
            self.programs.end()
            if watch.poll() is None:
                watch.kill()
                watch.wait()
        self.lines = [json.loads(line) for line in self.path.read_bytes().splitlines()]
        assert self.lines, "no events"

    def do(self):
        sleeper = self.programs.start("chsleeper", loads.SLEEP)
        burner = self.programs.start("chburner", loads.BURN + loads.WAIT, str(CPU_SECONDS))
        changing = self.start_changing()
        loads.is_readable(burner)
        self.moment = round(time.time() * 1000)
        self.sleeper, self.burner, self.changing = sleeper.pid, burner.pid, changing.pid
        self.cpu_seconds = self.programs.finish(burner)
        for name, count in PLAN.items():
            shell = self.programs.shell(f"ch{name}")
            for _ in range(count):
                child = subprocess.Popen([shell, "-c", loads.EXITS[name]])
                child.wait()
                self.outcomes.append((child.pid, name))
        self.last = subprocess.Popen([self.programs.shell("chlast"), "-c", "exit 0"])
        self.last.wait()
        changing.communicate()
        sleeper.kill()
        sleeper.wait()

    def start_changing(self):
        """Starts a program that becomes another one after its name is reported."""
        before, after = self.programs.shell("chbefore"), self.programs.shell("chafter")
        child = subprocess.Popen(
            [before, "-c", "read _; exec \"$0\" -c 'read _'", after], stdin=subprocess.PIPE
        )
        self.programs.children.append(child)
        until(lambda: b'"name":"chbefore"' in self.path.read_bytes(), "the first name")
        child.stdin.write(b"\n")
        child.stdin.flush()
        until(lambda: b'"name":"chafter"' in self.path.read_bytes(), "the second name")
        return child

    def has_all_exits(self):
        # A line that is half written is none yet.
        lines = self.path.read_bytes().rpartition(b"\n")[0].splitlines()
        exits = (line["process"] for line in map(json.loads, lines) if line["event"] == "exited")
        # It ends last, and it lives long enough for a scan to find it.
        return any(one["pid"] == self.sleeper and one["parent_pid"] == os.getpid() for one in exits)

    def hears_all(self):
        """Returns whether each birth and exit is there, with its outcome."""
        gaps = {"not_listening", "resync", "scan_failed", "hearing_changed", "listening_changed"}
        return not any(line["event"] in gaps for line in self.lines)


class Fold:
    """What the events add up to, one after the other."""

    def __init__(self, lines):
        self.exits = [line for line in lines if line["event"] == "exited"]
        self.lives, running = [], {}
        for line in lines:
            process = line.get("process")
            if not process:
                continue
            key = process["pid"], process["start_time_ms"]
            life = running.get(key)
            if life is None:
                life = running[key] = {
                    "pid": key[0],
                    "began": line["at_ms"] if key[1] is None else key[1],
                    "ended": None,
                    "names": set(),
                }
                self.lives.append(life)
            if process["name"] is not None:
                life["names"].add(process["name"])
            if line["event"] == "exited":
                ended = line["ended_at_ms"]
                life["ended"] = line["at_ms"] if ended is None else ended
                del running[key]

    def between(self, begin, end):
        return [line for line in self.exits if begin <= line["at_ms"] < end]

    def outcomes(self, begin, end):
        counts = Counter(
            (line["process"]["name"], outcome(line["exit"])) for line in self.between(begin, end)
        )
        rows = [dict(name=name, outcome=of, exits=count) for (name, of), count in counts.items()]
        return sorted(rows, key=lambda row: (-row["exits"], name_order(row), row["outcome"]))

    def cpu_times(self, begin, end):
        used = defaultdict(list)
        for line in self.between(begin, end):
            used[line["process"]["name"]].append((line["usage"] or {}).get("cpu_time_ns"))
        rows = []
        for name, values in used.items():
            known = [value for value in values if value is not None]
            rows.append(
                dict(
                    name=name,
                    cpu_time_ns=sum(known) if known else None,
                    exits=len(values),
                    unmeasured=len(values) - len(known),
                )
            )
        return sorted(rows, key=cpu_time_order)[:20]

    def running(self, moment):
        rows = [
            life
            for life in self.lives
            if life["began"] <= moment and (life["ended"] is None or life["ended"] > moment)
        ]
        return self.rows(sorted(rows, key=lambda life: (life["pid"], life["began"])))

    def lives_of(self, pid):
        rows = [life for life in self.lives if life["pid"] == pid]
        return self.rows(sorted(rows, key=lambda life: life["began"]))

    @staticmethod
    def rows(lives):
        return [
            {
                "pid": life["pid"],
                "began": text(life["began"]),
                "ended": text(life["ended"]),
                "names": sorted(life["names"]),
            }
            for life in lives
        ]


def name_order(row):
    """Orders unknown names last, as ClickHouse does."""
    return row["name"] is None, row["name"] or ""


def cpu_time_order(row):
    """Orders the most CPU time first, and unknown ones last."""
    return row["cpu_time_ns"] is None, -(row["cpu_time_ns"] or 0), name_order(row)


def outcome(status):
    if status is None:
        return "unknown"
    if status["code"] is None:
        return "killed"
    return "failed" if status["code"] else "ok"


class Documented:
    """The table and the queries of the document, in a database of their own."""

    def __init__(self, folder):
        blocks = re.findall(r"```sql\n(.*?)```", Path("docs/fleet.md").read_text(), re.DOTALL)
        *tables, self.insert = blocks[:4]
        self.queries, self.of_records = blocks[4:8], blocks[8:]
        assert len(self.of_records) == 2, "the document has other queries"
        self.session = session.Session(str(folder / "database"))
        for table in tables:
            self.session.query(table)
        # Which would remove old events.
        self.session.query("SYSTEM STOP MERGES")

    def load(self, path):
        """Replaces all rows with the events of a file."""
        insert = self.insert.replace("'events.ndjson'", f"'{path}'")
        assert insert != self.insert, "the INSERT has no file"
        self.session.query("TRUNCATE TABLE process_events")
        self.session.query(insert, params={"host": HOST})

    def __call__(self, number, **values):
        return otel_logs.rows(self.session.query(self.queries[number], "JSONEachRow", params=values))


def same(name, found, expected):
    assert found == expected, f"{name}\n found    {found}\n expected {expected}"
    assert found, f"{name}: no rows"
    print(f"ok    {name}: {len(found)} rows")


def check_exits(run, fold, outcomes):
    """Compares results with how the programs ended."""
    # Pids can come again, also for other programs.
    found = Counter(
        (line["process"]["pid"], outcome(line["exit"]))
        for line in fold.exits
        if line["process"]["parent_pid"] == os.getpid()
    )
    missing = Counter(run.outcomes) - found
    assert not missing, missing
    # A process of a millisecond can exit before its name is read.
    exits = {(row["name"], row["outcome"]): row["exits"] for row in outcomes}
    unnamed = 0
    for name, count in PLAN.items():
        missing = count - exits[f"ch{name}", name]
        assert 0 <= missing <= exits.get((None, name), 0), (name, exits)
        assert sum(of == f"ch{name}" for of, _ in exits) == 1, exits
        unnamed += missing
    assert exits["chsleeper", "killed"] == 1, exits
    print(f"ok    truth: {len(run.outcomes)} exits, {unnamed} without a name")


def check_cpu_time(run, cpu_times):
    (burner,) = (row for row in cpu_times if row["name"] == "chburner")
    if burner["unmeasured"]:
        print("CPU time is not compared with wait4(2): this host does not report that of exits")
        return
    seconds = burner["cpu_time_ns"] / 1e9
    assert abs(seconds - run.cpu_seconds) < CPU_TOLERANCE, (seconds, run.cpu_seconds)
    print(f"ok    truth: CPU time {seconds:.3f} s, by wait4(2) {run.cpu_seconds:.3f} s")


def check_run(run, clickhouse):
    fold = Fold(run.lines)
    clickhouse.load(run.path)
    begin, end = run.lines[0]["at_ms"], run.lines[-1]["at_ms"] + 1
    parts = {"all": (begin, end)}
    # A part that begins and ends with an exit. Where scans find exits, all can be in one batch.
    times = sorted({line["at_ms"] for line in fold.exits})
    if len(times) > 2:
        parts["a part"] = times[1], times[-1]
    results = {}
    for part, (first, last) in parts.items():
        span = {"from": text(first), "to": text(last)}
        for number, query in enumerate((fold.outcomes, fold.cpu_times)):
            name = f"{query.__name__}, {part}"
            results[name] = clickhouse(number, **span)
            same(name, results[name], query(first, last))
    at_moment = clickhouse(2, host=HOST, moment=text(run.moment))
    same("running", at_moment, fold.running(run.moment))
    same("running at the end", clickhouse(2, host=HOST, moment=text(end)), fold.running(end))
    for pid in (run.sleeper, run.burner, run.changing):
        lives = clickhouse(3, host=HOST, pid=pid)
        same("lives", lives, fold.lives_of(pid))
    assert {"chafter", "chbefore"} <= set(lives[-1]["names"]), lives
    running = {row["pid"] for row in at_moment}
    assert {run.sleeper, run.burner, run.changing} <= running, "a program that ran is missing"
    if run.hears_all():
        check_exits(run, fold, results["outcomes, all"])
    else:
        print("exits are not compared with what programs did: this host does not hear all")
    check_cpu_time(run, results["cpu_times, all"])


def check_recording(pscan, folder, recording, clickhouse):
    """Compares the queries with a fold; exits without status and hostile names are in recordings."""
    path = folder / "replay.ndjson"
    with path.open("wb") as stream:
        subprocess.run([pscan, "replay", "--json", recording], stdout=stream, check=True)
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    clickhouse.load(path)
    fold = Fold(lines)
    times = [line["at_ms"] for line in lines]
    begin, end = min(times), max(times) + 1
    span = {"from": text(begin), "to": text(end)}
    pairs = [
        (clickhouse(0, **span), fold.outcomes(begin, end)),
        (clickhouse(1, **span), fold.cpu_times(begin, end)),
    ]
    for moment in (begin, (begin + end) // 2, end):
        found = clickhouse(2, host=HOST, moment=text(moment))
        pairs.append((found, fold.running(moment)))
    for pid in {life["pid"] for life in fold.lives[:20]}:
        pairs.append((clickhouse(3, host=HOST, pid=pid), fold.lives_of(pid)))
    for found, expected in pairs:
        assert found == expected, f"{recording}\n found    {found}\n expected {expected}"


def main(pscan, folder, recordings):
    folder = Path(folder)
    with otel_logs.Records(pscan, folder) as records:
        run = Run(pscan, folder)
        is_exact = records.have_exit(run.last.pid)
    clickhouse = Documented(folder)
    check_run(run, clickhouse)
    if is_exact:
        span = text(run.lines[0]["at_ms"] - 60_000), text(run.lines[-1]["at_ms"] + 60_000)
        records.check(clickhouse.session, clickhouse.of_records, run, *span)
    else:
        print("records of OTLP are not compared: this host does not hear all")
    recordings = [path for path in recordings if Path(path).stem not in WITHOUT_IDENTITY]
    for recording in recordings:
        check_recording(pscan, folder, recording, clickhouse)
    print(f"ok    queries of {len(recordings)} recordings")
    clickhouse.session.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
