"""A private node_exporter that reads the textfile of pscan."""

import socket
import subprocess

from exporter import Answer, samples, until


class NodeExporter:
    """A server with the metrics of a folder of textfiles, and its own."""

    def __init__(self, program, folder):
        self.textfiles = folder / "textfiles"
        self.textfiles.mkdir()
        self.log = folder / "node_exporter.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % free.getsockname()[1]
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(
                [
                    program,
                    f"--web.listen-address={self.address}",
                    "--collector.disable-defaults",
                    "--collector.textfile",
                    f"--collector.textfile.directory={self.textfiles}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self.answers, "node_exporter answers")
        # Before pscan writes its file.
        self.own = self.names()

    def answers(self):
        assert self.child.poll() is None, self.log.read_text()
        try:
            return Answer(f"http://{self.address}/metrics").status == 200
        except OSError:
            return False

    def names(self):
        return {name for name, _, _ in samples(Answer(f"http://{self.address}/metrics").text)}

    def faults(self):
        """Returns what is wrong with the textfile: names that are taken, and metrics that are missing."""
        text = until(self.read, "pscan writes its textfile")
        written = {name for name, _, _ in samples(text)}
        faults = [f"both have this metric: {name}" for name in sorted(written & self.own)]
        missing = written - self.names()
        faults += [f"node_exporter does not serve this metric: {name}" for name in sorted(missing)]
        errors = [line for line in self.log.read_text().splitlines() if "error gathering" in line]
        return faults + [f"node_exporter complains: {line}" for line in errors[:1]]

    def read(self):
        path = self.textfiles / "pscan.prom"
        return path.exists() and path.read_text()

    def stop(self):
        self.child.terminate()
        self.child.wait()
