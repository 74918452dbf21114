"""A private Prometheus, and its raw data."""

import json
import subprocess
import time
import urllib.parse

from exporter import Answer, free_port, until


class Prometheus:
    """A server that scrapes one target each second."""

    def __init__(self, folder, target):
        self.folder = folder
        self.config = folder / "prometheus.yml"
        self.config.write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            "scrape_configs:\n"
            f"- {{job_name: pscan, static_configs: [{{targets: ['{target}']}}]}}\n"
        )
        self.address = f"127.0.0.1:{free_port()}"
        self.child = None

    def start(self):
        with (self.folder / "prometheus.log").open("ab") as log:
            self.child = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self.config}",
                    f"--storage.tsdb.path={self.folder / 'data'}",
                    f"--web.listen-address={self.address}",
                    "--log.level=warn",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        until(self.is_ready, "Prometheus is ready", 30)

    def is_ready(self):
        assert self.child.poll() is None, (self.folder / "prometheus.log").read_text()
        try:
            return Answer(f"http://{self.address}/-/ready").status == 200
        except OSError:
            return False

    def stop(self):
        if self.child:
            self.child.terminate()
            self.child.wait()
            self.child = None

    def api(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        answer = Answer(f"http://{self.address}/api/v1/{path}?{query}")
        assert answer.status == 200, answer.text
        return json.loads(answer.text)["data"]

    def series(self, selector):
        """Returns the raw samples of each series: its labels, and times with values."""
        found = self.api("query", query=f"{selector}[1h]")["result"]
        return [
            (one["metric"], [(at, float(value)) for at, value in one["values"]]) for one in found
        ]

    def total(self, selector):
        """Returns the sum of the last raw samples; 0 where there is no series yet."""
        return sum(values[-1][1] for _, values in self.series(selector))

    def wait_scrapes(self, count=2):
        """Waits for that many scrapes that begin after this call."""
        begin = time.time()

        def is_done():
            found = self.series("up")
            return found and sum(at > begin for at, _ in found[0][1]) >= count

        until(is_done, f"{count} scrapes")
