"""A load whose births and exits are known."""

import json
import os
from collections import Counter

from loads import EXITS

# When it may, runs each script in a shell, and prints the pids.
RUN = """
import json, os, sys
for line in sys.stdin:
    pids = []
    for script in json.loads(line):
        pid = os.posix_spawn(sys.argv[1], [sys.argv[1], '-c', script], {})
        os.waitpid(pid, 0)
        pids.append(pid)
    print(json.dumps(pids), flush=True)
"""
# Exit code and signal.
ENDS = {"ok": (0, None), "failed": (3, None), "killed": (None, 9)}
# A life that scans find too, where the kernel reports no births.
SLOW = "exec sleep 1"
# A life in which scans find a shell, and another program then.
CHANGING = "sleep 1.5; exec sleep 1.5"
# A life with records of this size.
LARGE = EXITS["ok"] + " #" + "x" * 60_000


class Load:
    """A process with children whose births and exits are known."""

    def __init__(self, programs):
        # Another check on the same host has a load too.
        self.prefix = f"ci{os.getpid()}"
        self.child = programs.start(f"{self.prefix}load", RUN, programs.shell(f"{self.prefix}child"))
        self.run({"ok": 1})

    def run(self, plan, slow=0, large=0, changing=0):
        """Runs so many children by outcome, and others that succeed, in this order. Returns their pids and outcomes."""
        outcomes = [outcome for outcome, count in plan.items() for _ in range(count)]
        scripts = [EXITS[one] for one in outcomes] + [SLOW] * slow + [LARGE] * large + [CHANGING] * changing
        outcomes += ["ok"] * (slow + large + changing)
        self.child.stdin.write(json.dumps(scripts).encode() + b"\n")
        self.child.stdin.flush()
        return list(zip(json.loads(self.child.stdout.readline()), outcomes))

    def check_records(self, records, children, is_exact):
        """Checks the records of these children of the load. Others can have had their pids, but not their parent."""
        pids = {pid for pid, _ in children}
        births, execs, exits = Counter(), Counter(), Counter()
        for name, pid, parent, *end in records:
            if pid in pids and parent == self.child.pid:
                if name == "pscan.process.created":
                    births[pid] += 1
                elif name == "pscan.process.exec":
                    execs[pid] += 1
                else:
                    exits[pid, *end] += 1
        if not is_exact:
            assert sum(births.values()) <= len(children) >= sum(exits.values()), (births, exits)
            return f"not all are reported here: {births.total()} births of {len(pids)}"
        expected = Counter(pid for pid, _ in children)
        assert births == expected, f"births: {births - expected} instead of {expected - births}"
        # One becomes a shell, and another program then. A short life can be over before its exec is reported.
        assert max(execs.values(), default=0) <= 2, execs.most_common(3)
        expected = Counter((pid, outcome, *ENDS[outcome]) for pid, outcome in children)
        assert exits == expected, f"exits: {exits - expected} instead of {expected - exits}"
        return show(Counter(births=len(children)) + Counter(outcome for _, outcome in children))


def show(counts):
    return ", ".join(f"{count:.0f} {key}" for key, count in sorted(counts.items()) if count)
