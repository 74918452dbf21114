"""A private node_exporter that reads the textfile of pscan."""

from exporter import Exporter, free_port, samples, until


class NodeExporter(Exporter):
    """A server with the metrics of a folder of textfiles, and its own."""

    def __init__(self, program, folder):
        self.textfiles = folder / "textfiles"
        self.textfiles.mkdir()
        address = f"127.0.0.1:{free_port()}"
        arguments = [
            program,
            f"--web.listen-address={address}",
            "--collector.disable-defaults",
            "--collector.textfile",
            f"--collector.textfile.directory={self.textfiles}",
        ]
        super().__init__(arguments, folder / "node_exporter.log", f"http://{address}")
        # Before pscan writes its file.
        self.own = self.names()

    def names(self):
        return {name for name, _, _ in samples(self.get("/metrics").text)}

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
