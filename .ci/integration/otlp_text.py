"""A receiver of OTLP that serves the last metrics as text, under the names that Prometheus gives them.

The rules are those of OpenTelemetry's specification, "Prometheus and OpenMetrics Compatibility".
"""

import gzip
import http.server
import re
import threading

try:
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
except ImportError:
    ExportMetricsServiceRequest = None

UNITS = {"s": "seconds", "By": "bytes"}


class Receiver:
    """Accepts everything, and serves `/metrics`."""

    can_read = ExportMetricsServiceRequest is not None

    def __init__(self):
        self.text = ""
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.endswith("/metrics"):
                    receiver.take(gzip.decompress(body))
                self.answer("application/x-protobuf", b"")

            def do_GET(self):
                self.answer("text/plain; version=0.0.4", receiver.text.encode())

            def answer(self, kind, body):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, body):
        if not self.can_read:
            return
        request = ExportMetricsServiceRequest.FromString(body)
        metrics = [
            metric
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]
        self.text = "".join(line for metric in metrics for line in lines(metric))

    def stop(self):
        self.server.shutdown()


def lines(metric):
    """Yields the samples of a metric."""
    kind = metric.WhichOneof("data")
    data = getattr(metric, kind)
    is_counter = kind == "sum" and data.is_monotonic
    name = plain(metric.name)
    parts = name.split("_")
    unit = UNITS.get(metric.unit) or ("ratio" if metric.unit == "1" and kind == "gauge" else None)
    if unit and unit not in parts:
        name += f"_{unit}"
    if is_counter:
        name = name.removesuffix("_total") + "_total"
    yield f"# TYPE {name} {'counter' if is_counter else 'gauge'}\n"
    for point in data.data_points:
        labels = ",".join(f'{plain(one.key)}="{escape(one.value.string_value)}"' for one in point.attributes)
        value = getattr(point, point.WhichOneof("value"))
        yield f"{name}{{{labels}}} {value!r}\n"


def plain(name):
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


def escape(text):
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
