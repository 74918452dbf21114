"""Log records of `pscan serve`, in a table such as the collector's ClickHouse exporter has."""

import gzip
import http.server
import json
import threading
from collections import Counter

from exporter import Exporter, until
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from otlp_compare import Hearing

# As in otlp_setup.py.
SETTINGS = """
scan = {{ interval_ms = 200, cpu_budget_percent = "off", overload_wait_ratio = "off" }}
serve = {{ listen = "127.0.0.1:0" }}
otlp = {{ endpoint = "http://127.0.0.1:{}", interval_ms = 1000, metrics = false }}
"""
# The columns that the queries need. All attributes are text there.
TABLE = """
CREATE TABLE otel_logs
(
    Timestamp DateTime64(9),
    ServiceName LowCardinality(String),
    EventName LowCardinality(String),
    ResourceAttributes Map(LowCardinality(String), String),
    LogAttributes Map(LowCardinality(String), String)
)
ENGINE = MergeTree ORDER BY Timestamp
"""


class Records:
    """What a receiver got while programs ran."""

    def __init__(self, pscan, folder):
        rows = self.rows = []

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Content-Encoding"] == "gzip":
                    body = gzip.decompress(body)
                rows.extend(rows_of(ExportLogsServiceRequest.FromString(body)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        settings = folder / "serve.toml"
        settings.write_text(SETTINGS.format(self.server.server_port))
        self.path = folder / "otel_logs.ndjson"
        self.exporter = Exporter([pscan, "serve", "--config", settings], folder / "serve.log")

    def __enter__(self):
        try:
            until(lambda: self.exporter.get("/readyz").status == 200, "the first scan")
            self.hearing = Hearing(self.exporter)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.exporter.stop()
        self.server.shutdown()

    def have_exit(self, pid):
        """Waits for a record of an exit. Returns whether that pscan has heard all births and exits."""
        until(
            lambda: any(is_exit(row, pid) for row in list(self.rows)) or not self.hearing.is_exact(),
            f"a record of the exit of {pid}",
        )
        return self.hearing.is_exact()

    def check(self, session, queries, run, begin, end):
        """Compares the queries of the document with how programs ended."""
        self.path.write_text("".join(json.dumps(row) + "\n" for row in self.rows))
        session.query(TABLE)
        columns = ", ".join(self.rows[0])
        session.query(
            f"INSERT INTO otel_logs SELECT fromUnixTimestamp64Nano(Timestamp), {columns.partition(', ')[2]}"
            f" FROM file('{self.path}', 'JSONEachRow', 'Timestamp Int64, ServiceName String, EventName String,"
            " ResourceAttributes Map(String, String), LogAttributes Map(String, String)')"
        )
        host = self.rows[0]["ResourceAttributes"]["host.name"]
        by_outcome, failed = (
            rows(session.query(query, "JSONEachRow", params=values))
            for query, values in zip(queries, ({"from": begin, "to": end}, {"host": host}))
        )
        expected = Counter(outcome for _, outcome in run.outcomes)
        found = Counter()
        for row in by_outcome:
            # A process of a millisecond can exit before its name is read.
            if row["name"] in ("", *(f"ch{outcome}" for outcome in expected)):
                found[row["outcome"]] += row["exits"]
        missing = expected - found
        assert not missing, f"records are missing: {missing} of {expected}"
        pids = {int(row["pid"]) for row in failed}
        last = [pid for pid, outcome in run.outcomes if outcome != "ok"][-10:]
        assert pids.issuperset(last), (failed, last)
        print(f"ok    {len(self.rows)} records of OTLP: {dict(found)}, {len(failed)} failed exits")


def is_exit(row, pid):
    return row["EventName"] == "pscan.process.exited" and row["LogAttributes"]["process.pid"] == str(pid)


def rows(result):
    return [json.loads(line) for line in str(result).splitlines() if line]


def rows_of(request):
    """Yields the rows of a request."""
    for of_resource in request.resource_logs:
        resource = texts(of_resource.resource.attributes)
        for scope in of_resource.scope_logs:
            for record in scope.log_records:
                yield {
                    "Timestamp": record.time_unix_nano or record.observed_time_unix_nano,
                    "ServiceName": resource.get("service.name", ""),
                    "EventName": record.event_name,
                    "ResourceAttributes": resource,
                    "LogAttributes": texts(record.attributes),
                }


def texts(attributes):
    return {one.key: text(one.value) for one in attributes}


def text(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return json.dumps([text(one) for one in value.array_value.values])
    found = getattr(value, kind)
    return str(found).lower() if kind == "bool_value" else str(found)
