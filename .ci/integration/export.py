"""Compares exports with a fold of `pscan replay --json`, by DuckDB and by Perfetto.

Usage: export.py PSCAN FOLDER RECORDING...
"""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as schema
from perfetto.trace_processor import TraceProcessor

FAILURES = ("failed", "signal", "out_of_memory")


def fold(lines):
    """Returns what the lines of a replay add up to."""
    sums = Counter(lives=0, births=0, exits=0, failures=0, programs=0)
    living, cpu_ms = {}, 0.0
    for line in map(json.loads, lines):
        process = line.get("process")
        if not process:
            continue
        key = process["pid"], process["start_time_ms"]
        sums["lives"] += key not in living
        living[key] = process["cpu_time_ms"] or 0.0
        if line["event"] == "created":
            sums["births"] += 1
        elif line["event"] == "exited":
            sums["exits"] += 1
            sums["failures"] += bool(line["exit"]) and line["exit"]["code"] != 0
            cpu_ms += living.pop(key)
    del sums["programs"]
    return dict(sums, cpu_ms=round(cpu_ms + sum(living.values())))


def by_duckdb(folder):
    """Returns the sums of the tables, with the types that DuckDB detects."""
    ((lives, births, exits, failures, cpu_ms),) = duckdb.sql(
        f"""
        SELECT count(*), count(*) FILTER (born), count(*) FILTER (outcome <> 'running'),
               count(*) FILTER (outcome IN {FAILURES}), coalesce(sum(cpu_time_ms::DOUBLE), 0)
        FROM read_csv('{folder}/lives.csv')
        """
    ).fetchall()
    (totals,) = duckdb.sql(
        f"SELECT sum(created), sum(exited), sum(failed) FROM read_csv('{folder}/scans.csv')"
    ).fetchall()
    assert tuple(totals) in [(births, exits, failures), (None, None, None)], totals
    ((lost,),) = duckdb.sql(
        f"""
        SELECT count(*) FROM read_csv('{folder}/samples.csv') samples
        ANTI JOIN read_csv('{folder}/lives.csv') lives USING (life)
        """
    ).fetchall()
    assert lost == 0, lost
    return dict(
        lives=lives, births=births, exits=exits, failures=failures, cpu_ms=round(cpu_ms)
    )


def run_documented_queries(folder):
    """Runs the queries of docs/export.md for DuckDB."""
    blocks = re.findall(r"```sql\n(.*?)```", Path("docs/export.md").read_text(), re.DOTALL)
    queries = [query for block in blocks for query in block.split(";\n") if "read_csv" in query]
    assert len(queries) == 2, queries
    return [duckdb.sql(query.replace("build/", f"{folder}/")).fetchall() for query in queries]


def by_schema(path):
    """Returns the sums of a trace, decoded with Perfetto's own schema."""
    trace = schema.Trace.FromString(path.read_bytes())
    assert trace.IsInitialized()
    again = trace.SerializeToString()
    trace.DiscardUnknownFields()
    assert trace.SerializeToString() == again, "a field is unknown to Perfetto"
    categories, annotations = {}, {}
    tracks, depths, counts, cpu_ms = {}, Counter(), Counter(), 0.0
    for packet in trace.packet:
        new = packet.interned_data
        categories |= {text.iid: text.name for text in new.event_categories}
        annotations |= {text.iid: text.name for text in new.debug_annotation_names}
        if packet.HasField("track_descriptor"):
            track = packet.track_descriptor
            assert track.parent_uuid == 0 or track.parent_uuid in tracks
            tracks[track.uuid] = track
        event = packet.track_event
        if event.type == schema.TrackEvent.TYPE_SLICE_BEGIN:
            assert event.track_uuid in tracks
            depths[event.track_uuid] += 1
            (category,) = (categories[iid] for iid in event.category_iids)
            counts[category] += 1
            if depths[event.track_uuid] == 1:
                values = {annotations[note.name_iid]: note for note in event.debug_annotations}
                if "cpu_time_ms" in values:
                    cpu_ms += values["cpu_time_ms"].double_value
        elif event.type == schema.TrackEvent.TYPE_SLICE_END:
            depths[event.track_uuid] -= 1
            assert depths[event.track_uuid] >= 0
    assert not any(depths.values()), "a slice has no end"
    programs = counts.pop("program", 0)
    lives = sum(counts.values())
    assert programs >= lives
    return dict(
        lives=lives,
        exits=lives - counts["running"],
        failures=sum(counts[outcome] for outcome in FAILURES),
        cpu_ms=round(cpu_ms),
    )


def by_trace_processor(path):
    """Returns the sums of a trace as trace_processor has them."""
    with TraceProcessor(trace=str(path)) as processor:
        errors = processor.query(
            "SELECT name, value FROM stats WHERE severity IN ('error', 'data_loss') AND value > 0"
        )
        errors = [(row.name, row.value) for row in errors]
        assert not errors, errors
        (sums,) = processor.query(
            f"""
            SELECT count(*) AS lives, sum(category <> 'running') AS exits,
                   sum(category IN {FAILURES}) AS failures,
                   sum(coalesce(extract_arg(arg_set_id, 'debug.cpu_time_ms'), 0)) AS cpu_ms
            FROM slice WHERE depth = 0
            """
        )
        return dict(
            lives=sums.lives,
            exits=sums.exits or 0,
            failures=sums.failures or 0,
            cpu_ms=round(sums.cpu_ms or 0),
        )


def has_trace_processor(path):
    """Returns whether the package could get the program, which it downloads at first use."""
    try:
        TraceProcessor(trace=str(path)).close()
        return True
    except Exception as error:  # noqa: BLE001: the package raises several kinds
        reason = type(error).__name__
        print(f"skipped: cannot get trace_processor ({reason}); only its schema was checked")
        return False


def main(pscan, folder, recordings):
    folder = Path(folder)
    trace, tables = folder / "trace", folder / "tables"
    has_processor = None
    for recording in recordings:
        subprocess.run(
            [pscan, "export", recording, "--force", "--perfetto", trace, "--csv", tables],
            stderr=subprocess.DEVNULL,
            check=False,
        )
        replay = subprocess.run(
            [pscan, "replay", "--json", recording], capture_output=True, check=False
        )
        expected = fold(replay.stdout.decode().splitlines())
        found = by_duckdb(tables)
        assert found == expected, (recording, found, expected)
        run_documented_queries(tables)
        del expected["births"]
        found = by_schema(trace)
        assert found == expected, (recording, found, expected)
        if has_processor is None:
            has_processor = has_trace_processor(trace)
        if has_processor:
            found = by_trace_processor(trace)
            assert found == expected, (recording, found, expected)
    print(f"{len(recordings)} exports equal their replays")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
