"""Starts `pscan serve` with receivers, and the load that it watches, and ends them all."""

import json
import subprocess

import loads
from exporter import Exporter, end, until
from otlp_load import Load
from otlp_receiver import HEADER, Receiver

# Without a budget and a breaker, pscan scans a busy host as often as an idle one.
SETTINGS = """
scan = {{ interval_ms = 500, cpu_budget_percent = "off", overload_wait_ratio = "off" }}
serve = {{ listen = "127.0.0.1:0" }}
{groups}
[[group]]
label = "load"
name = "^{prefix}"
children = true
[otlp]
"""


class Setup:
    """All that runs during the checks."""

    def __init__(self, pscan, folder):
        self.pscan, self.folder = pscan, folder
        self.programs = loads.Programs(folder)
        self.load = Load(self.programs)
        self.ends = []

    def serve(self, endpoint, groups="", **otlp):
        """Starts pscan with a receiver, and waits until it knows the load.

        Without `groups`, all other processes are one group: a host can have hundreds of names.
        """
        # A receiver of a busy host may need much of the timeout.
        otlp = dict(endpoint=endpoint, interval_ms=1000, timeout_ms=60_000) | otlp
        name = f"pscan{len(self.ends)}"
        lines = [f"{key} = {json.dumps(value)}\n" for key, value in otlp.items()]
        lines.append(f'headers = {{ {HEADER[0]} = "{HEADER[1]}" }}\n')
        settings = self.folder / f"{name}.toml"
        settings.write_text(SETTINGS.format(prefix=self.load.prefix, groups=groups) + "".join(lines))
        exporter = Exporter([self.pscan, "serve", "--config", settings], self.folder / f"{name}.log")
        self.ends.append(exporter.stop)
        until(lambda: exporter.get("/readyz").status == 200, "the first scan")
        until(lambda: exporter.value("pscan_group_processes", group="load") == 1, "the load is known")
        return exporter

    def receiver(self, answer=None):
        receiver = Receiver(answer)
        self.ends.append(receiver.kill)
        return receiver

    def program(self, name, *arguments):
        """Starts a receiver that is a program, and returns its log."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as stream:
            child = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, cwd=self.folder
            )
        self.ends.append(lambda: end(child))
        return log

    def end(self):
        self.programs.end()
        for finish in reversed(self.ends):
            finish()
