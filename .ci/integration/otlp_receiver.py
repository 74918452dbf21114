"""A strict receiver of OTLP over HTTP, which can be killed and can answer badly."""

import gzip
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from otlp_bodies import check_body
from otlp_metrics import METRICS, attribute_names

HEADER = ("X-Scope-OrgID", "ci")
RESOURCE = {"host.name", "host.arch", "os.type", "service.instance.id", "service.name", "service.version"}
EVENTS = {
    "pscan.process.created": "INFO",
    "pscan.process.exec": "INFO",
    "pscan.process.exited": "INFO",
    "pscan.scan.failed": "ERROR",
    "pscan.events.lost": "WARN",
}
# Bytes of the data points or records in a request are about 2^20, and the rest is small.
MOST_BYTES = 1.2 * 2**20
MOST_RECORDS = 512


class Receiver:
    """Decodes requests and keeps them, or answers all in one bad way: a status, `garbage` or `nothing`."""

    def __init__(self, answer=None):
        self.answer = answer
        # The time of each moment, and the data points of all its requests: name, attributes and value.
        self.metrics = {}
        self.descriptions = {}
        # Event, pid, parent, outcome, exit code and signal of births, execs and exits; pid and new name of execs.
        self.records, self.execs = [], set()
        # When each record, of any event but an exec, was observed.
        self.observed = []
        self.lives = set()
        # By path: the newest time in each request that was taken, and the arrival of all requests.
        self.requests, self.times = ({"/v1/metrics": [], "/v1/logs": []} for _ in range(2))
        self.bodies = set()
        self.errors = []
        self.repeated = 0
        self.loses_answer = self.is_answer_lost = False
        self.lock = threading.Lock()
        self.server, self.port = None, 0
        self.reserved = None
        self.start()

    def start(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # A connection that is left open ends with it.
            timeout = 60

            def do_POST(self):
                receiver.handle(self)

            def log_message(self, *_):
                pass

        self.is_up, self.since_start = True, 0
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        if self.reserved:
            self.reserved.close()
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def kill(self):
        with self.lock:
            self.is_up = False
            server, self.server = self.server, None
        if server:
            server.shutdown()
            server.server_close()
            # Refuses connections, and no other program gets the port.
            self.reserved = socket.socket()
            self.reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.reserved.bind(("127.0.0.1", self.port))

    def lose_an_answer(self):
        self.loses_answer = True

    def handle(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"] or 0))
        with self.lock:
            self.times[handler.path].append(time.monotonic())
            if not self.is_up:
                handler.close_connection = True
                return
            if not self.answer:
                try:
                    self.take(handler.path, handler.headers, body)
                except Exception as error:  # whatever is wrong with a request
                    self.errors.append(f"{handler.path}: {type(error).__name__}: {error}")
                    self.reply(handler, 400)
                    return
                self.since_start += 1
                if self.loses_answer and handler.path == "/v1/logs":
                    self.loses_answer, self.is_answer_lost = False, True
                    handler.close_connection = True
                    # Nothing is taken between this and the kill.
                    self.is_up = False
                    return
        if self.answer == "nothing":
            time.sleep(60)
        elif self.answer == "garbage":
            handler.wfile.write(b"\x00\xff\x16 no HTTP\r\n\r\n" * 100)
            handler.close_connection = True
        else:
            self.reply(handler, int(self.answer or 200))

    def reply(self, handler, status):
        handler.send_response(status)
        handler.send_header("Content-Type", "application/x-protobuf")
        handler.send_header("Content-Length", "0")
        if status == 429:
            handler.send_header("Retry-After", "4")
        handler.end_headers()

    def take(self, path, headers, body):
        assert headers["Content-Type"] == "application/x-protobuf", headers["Content-Type"]
        assert headers["Content-Encoding"] == "gzip", headers["Content-Encoding"]
        assert headers[HEADER[0]] == HEADER[1], headers[HEADER[0]]
        kind = {"/v1/metrics": ExportMetricsServiceRequest, "/v1/logs": ExportLogsServiceRequest}[path]
        text = gzip.decompress(body)
        assert len(text) < MOST_BYTES, f"{len(text)} bytes"
        message = kind.FromString(text)
        check_known(message)
        if body in self.bodies:
            self.repeated += 1
            return
        self.bodies.add(body)
        (self.take_metrics if path == "/v1/metrics" else self.take_logs)(message)

    def take_metrics(self, message):
        points = list(data_points(message, self.descriptions))
        (at,) = {at for at, *_ in points}
        # A moment can have several requests.
        moment = self.metrics.setdefault(at, [])
        known = {(name, *sorted(attributes.items())) for name, attributes, _ in moment}
        for _, *point in points:
            key = (point[0], *sorted(point[1].items()))
            assert key not in known, f"{key} came twice"
            known.add(key)
            moment.append(point)
        self.requests["/v1/metrics"].append(at)

    def take_logs(self, message):
        records = list(log_records(message))
        assert len(records) <= MOST_RECORDS, len(records)
        self.requests["/v1/logs"].append(max(at for at, *_ in records))
        for at, began, name, record in records:
            is_exec = record and record[0] == "pscan.process.exec"
            if is_exec:
                self.execs.add((record[1], name))
            else:
                self.observed.append(at)
            if record:
                # A pid comes again; two short lives can both have no known start. A life can have several execs.
                life = (*record[:2], began)
                assert is_exec or began is None or life not in self.lives, f"{life} came in two requests"
                self.lives.add(life)
                self.records.append(record)

    def metrics_after(self, at):
        """Returns the data points of each moment that is later, in nanoseconds. The last can be incomplete."""
        return [points for one, points in sorted(list(self.metrics.items())) if one > at]

    def records_until(self, at):
        return sum(one <= at for one in list(self.observed))

    def requests_between(self, begin, end):
        """Returns the number of moments with metrics, and that of requests with records."""
        return [len({at for at in list(times) if begin < at <= end}) for times in self.requests.values()]


def check_known(message):
    """Refuses fields that the protocol does not have, in the message and all in it."""
    assert not len(UnknownFieldSet(message)), f"unknown fields in {message.DESCRIPTOR.full_name}"
    for field, value in message.ListFields():
        if field.message_type:
            for one in [value] if isinstance(value, Message) else value:
                check_known(one)


def values(attributes):
    """Returns attributes as a dictionary; none can come twice or be empty."""
    result = {}
    for one in attributes:
        assert one.key and one.key not in result and one.value.WhichOneof("value"), one
        result[one.key] = getattr(one.value, one.value.WhichOneof("value"))
    return result


def scope(holders, name):
    """Returns what a request has, below its one resource and scope."""
    (holder,) = holders
    resource = values(holder.resource.attributes)
    assert RESOURCE <= resource.keys() <= RESOURCE | {"host.id"} and resource["service.name"] == "pscan", resource
    assert resource["service.instance.id"] == resource.get("host.id", resource["host.name"]), resource
    (scoped,) = getattr(holder, f"scope_{name}")
    assert (scoped.scope.name, scoped.scope.version) == ("pscan", resource["service.version"]), scoped.scope
    return scoped


def data_points(message, descriptions):
    """Yields the time, name, attributes and value of each data point, and notes descriptions."""
    now, seen = time.time_ns(), set()
    for metric in scope(message.resource_metrics, "metrics").metrics:
        kind, unit, *_ = METRICS[metric.name]
        data = getattr(metric, metric.WhichOneof("data"))
        assert metric.name not in seen and metric.unit == unit and metric.description and data.data_points, metric
        seen.add(metric.name)
        assert descriptions.setdefault(metric.name, metric.description) == metric.description, metric
        assert metric.WhichOneof("data") == ("gauge" if kind == "gauge" else "sum"), metric.name
        if kind != "gauge":
            assert data.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
            assert data.is_monotonic == (kind == "counter"), metric.name
        all_attributes = set()
        for point in data.data_points:
            attributes = values(point.attributes)
            assert attributes.keys() == attribute_names(metric.name), (metric.name, attributes)
            key = tuple(sorted(attributes.items()))
            assert key not in all_attributes, f"{metric.name} has {key} twice"
            all_attributes.add(key)
            assert now - 300e9 < point.time_unix_nano <= now, point.time_unix_nano
            if kind == "gauge":
                assert point.start_time_unix_nano == 0, point
            else:
                assert 0 < point.start_time_unix_nano <= point.time_unix_nano, point
            yield point.time_unix_nano, metric.name, attributes, getattr(point, point.WhichOneof("value"))


def log_records(message):
    """Yields when each record was observed, and for events of processes the birth, the name and what else they have."""
    for record in scope(message.resource_logs, "logs").log_records:
        attributes = values(record.attributes)
        expected = EVENTS[record.event_name]
        is_oom = attributes.get("pscan.process.likely_oom")
        assert record.severity_text == ("WARN" if is_oom else expected), record
        assert record.time_unix_nano and record.observed_time_unix_nano, record
        check_body(record.event_name, record.body.string_value, attributes)
        if not record.event_name.startswith("pscan.process."):
            yield record.observed_time_unix_nano, None, None, None
            continue
        end = [attributes.get(key) for key in ("pscan.exit.outcome", "process.exit.code", "pscan.process.exit.signal")]
        assert (end[0] is not None) == record.event_name.endswith("exited"), record
        lived = [record.event_name, attributes["process.pid"], attributes.get("process.parent_pid"), *end]
        began, program = (attributes.get(key) for key in ("process.creation.time", "pscan.process.name"))
        yield record.observed_time_unix_nano, began, program, lived
