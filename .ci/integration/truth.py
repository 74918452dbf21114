"""Compares the counters in Prometheus with what processes did."""

import json
from collections import Counter

import loads
from exporter import until


class Truth:
    """Checks of one Prometheus, with processes whose groups begin with the name of a rule."""

    def __init__(self, programs, prometheus):
        self.programs, self.prometheus = programs, prometheus

    def total(self, name, group, outcome=None):
        more = f',outcome="{outcome}"' if outcome else ""
        return self.prometheus.total(f'pscan_group_{name}_total{{group="{group}",kind="named"{more}}}')

    def cpu_time_of_a_load_is_right(self):
        before = self.total("cpu_seconds", "load")
        children = [
            self.programs.start("ciload", loads.BURN + loads.WAIT, "2.5") for _ in range(2)
        ]
        for child in children:
            loads.is_readable(child)
        self.prometheus.wait_scrapes()
        used = sum(self.programs.finish(child) for child in children)
        self.prometheus.wait_scrapes()
        return near(self.total("cpu_seconds", "load") - before, used)

    def births_and_exits_are_exact(self, ok=170, failed=90, killed=40):
        shell = self.programs.shell("cishort")
        exits = dict(ok=ok, failed=failed, killed=killed)
        plan = [(shell, loads.EXITS[outcome], count) for outcome, count in exits.items()]
        parent = self.programs.start("cishort_parent", loads.START, json.dumps(plan))
        loads.is_readable(parent)
        processes = 'pscan_group_processes{group="short"}'
        until(lambda: self.prometheus.total(processes) == 1, "the parent is in the group")
        state, before = self.hearing(), self.lives()
        parent.stdin.write(b".")
        parent.stdin.flush()
        loads.is_readable(parent)
        self.prometheus.wait_scrapes(3)
        found, heard = self.lives(), self.hearing()
        self.programs.finish(parent)
        found.subtract(before)
        expected = dict(births=sum(exits.values()), **exits)
        if (state, heard) != ("complete", "complete"):
            assert all(found[key] <= expected[key] for key in expected), (found, expected)
            return f"at most, since hearing is {state} and {heard}: {dict(found)} of {expected}"
        assert found == Counter(expected, unknown=0), (dict(found), expected)
        return ", ".join(f"{found[key]:.0f} {key}" for key in expected)

    def lives(self):
        outcomes = ("ok", "failed", "killed", "unknown")
        found = Counter({one: self.total("exits", "short", one) for one in outcomes})
        found["births"] = self.total("births", "short")
        return found

    def hearing(self):
        """Returns what the scanner hears of births and exits."""
        states = {
            labels["state"]: values[-1][1]
            for labels, values in self.prometheus.series("pscan_scan_hearing_state")
        }
        (state,) = [state for state, value in states.items() if value]
        return state

    def an_exec_moves_what_comes_after_it(self):
        second = self.programs.python("cisecond")
        code = loads.BURN + f"os.execv({second!r}, [{second!r}, '-c', {loads.BURN + loads.WAIT!r}, '2'])"
        groups = ("first", "second")
        before = [self.total("cpu_seconds", group) for group in groups]
        child = self.programs.start("cifirst", code, "1")
        loads.is_readable(child)
        self.prometheus.wait_scrapes()
        used = self.programs.finish(child)
        self.prometheus.wait_scrapes()
        parts = [self.total("cpu_seconds", group) - was for group, was in zip(groups, before)]
        assert min(parts) > 0.4, parts
        return near(sum(parts), used)


def near(found, expected):
    """Checks that a value is within 3 %."""
    assert abs(found / expected - 1) <= 0.03, f"{found:.3f} s of {expected:.3f} s"
    return f"{found:.3f} s of {expected:.3f} s"
