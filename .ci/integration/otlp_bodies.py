"""The sentences of log records, made anew of their attributes."""

import re

PLAIN = re.compile(r"[A-Za-z0-9_./:+()@ -]*")


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
    subject = f"process {pid}" if name is None else f"{name} ({pid})"
    if event.endswith("exec"):
        expected = [f"process {pid} is {name or 'another program'} now"]
    elif event.endswith("created"):
        parent = attributes.get("process.parent_pid")
        expected = [f"{subject} began" + ("" if parent is None else f", child of {parent}")]
    else:
        expected = [f"{subject} {end(attributes)}{one}" for one in lifetimes(attributes)]
    assert body in expected, (body, expected)


def end(attributes):
    """Returns how a process ended."""
    code, signal = (attributes.get(key) for key in ("process.exit.code", "pscan.process.exit.signal"))
    if signal is not None:
        text = f"was killed by signal {signal}"
    else:
        text = "ended" if code is None else f"exited {code}"
    return text + (", probably for lack of memory," if attributes.get("pscan.process.likely_oom") else "")


def lifetimes(attributes):
    """Returns how long a process lived, as it can be written: where its end is not known, that can be a limit."""
    ms = attributes.get("pscan.process.lived_ms")
    if ms is None:
        return [""]
    if ms < 10_000:
        text = f"{ms} ms"
    else:
        text = f"{ms // 1000} s" if ms < 600_000 else f"{ms // 60_000} min"
    return [f" after {text}"] + ([] if "process.exit.time" in attributes else [f" after at most {text}"])
