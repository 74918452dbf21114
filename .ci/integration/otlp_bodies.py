"""Rebuilds the sentences of log records from their attributes."""

import re
import signal

PLAIN = re.compile(r"[A-Za-z0-9_./:+()@ -]*")
# Larger numbers have no name: that of a real-time signal depends on the C library.
NAMES = {int(one): one.name for one in signal.Signals if one < 32}
DURATION = r"(\d+(\.\d\d?)?ms|\d+\.\ds|\d+m\d\ds|\d+h\d\dm|\d+d\d\dh)"


def check_body(event, body, attributes):
    """Compares the body of a record with its attributes."""
    assert body, event
    if not event.startswith("pscan.process."):
        return
    name, pid = attributes.get("pscan.process.name"), attributes["process.pid"]
    if name is not None and not PLAIN.fullmatch(name):
        # It is escaped in the sentence.
        assert str(pid) in body and "\x1b" not in body, body
        return
    subject = re.escape(f"process {pid}" if name is None else f"{name} ({pid})")
    if event.endswith("exec"):
        expected = re.escape(f"process {pid} is {name or 'another program'} now")
    elif event.endswith("created"):
        parent = attributes.get("process.parent_pid")
        expected = f"{subject} began" + ("" if parent is None else f", child of {parent}")
    else:
        expected = f"{subject}: {end(attributes)}{lifetime(attributes)}"
    assert re.fullmatch(expected, body), (body, expected)


def end(attributes):
    """Returns how a process ended, as it can be written: no attribute has core dumps."""
    code, number = (attributes.get(key) for key in ("process.exit.code", "pscan.process.exit.signal"))
    if code is not None:
        return f"exit {code}"
    if number is None:
        return "exited"
    name = NAMES.get(number, f"signal {number}")
    more = r" \(out of memory\?\)" if attributes.get("pscan.process.likely_oom") else "(, core dumped)?"
    return f"killed by {name}{more}"


def lifetime(attributes):
    """Returns how long a process lived, as it can be written: without the time of its end, that can be a limit."""
    if "pscan.process.lived_ms" not in attributes:
        return ""
    limit = "" if "process.exit.time" in attributes else "(at most )?"
    return f" after {limit}{DURATION}"
