// Reads the data of the report and derives what several parts need.

const Data = (() => {
  const report = JSON.parse(document.getElementById("report-data").textContent);
  const OUTCOMES = ["ok", "failed", "signal", "out_of_memory", "unknown"];
  const OUTCOME_NAMES = {
    ok: "ok",
    failed: "failed",
    signal: "by a signal",
    out_of_memory: "out of memory",
    unknown: "unknown outcome",
    running: "still running",
  };
  const OUTCOME_LETTERS = { ok: "✓", failed: "F", signal: "S", out_of_memory: "M", unknown: "?", running: "›" };

  const from = report.from_ms;
  const to = report.to_ms > from ? report.to_ms : from + 60_000; // one scan has no length
  const bounds = { from, to };

  // Bucket i covers (edges[i], edges[i + 1]].
  const edges = [from, ...report.times_ms];
  if (edges.length > 1 && edges[edges.length - 1] <= from) edges[edges.length - 1] = to;
  const buckets = edges.length - 1;

  // Returns the bucket that contains a time, or -1.
  function bucketAt(ms) {
    if (buckets === 0 || ms < edges[0] || ms > edges[buckets]) return -1;
    let low = 0;
    let high = buckets - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (edges[middle + 1] < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  const lives = report.lives;
  const lifeCount = lives.pid.length;
  const parents = lives.parent;
  const depth = new Array(lifeCount).fill(0);
  for (let i = 0; i < lifeCount; i += 1) {
    if (parents[i] !== null && parents[i] < i) depth[i] = depth[parents[i]] + 1;
  }

  const begin = (i) => lives.start_ms[i] ?? lives.first_seen_ms[i];
  const end = (i) => lives.end_ms[i] ?? Infinity;
  const openLeft = (i) => lives.start_ms[i] === null || lives.start_ms[i] < from;
  const livesAt = (i, ms) => Math.min(begin(i), lives.first_seen_ms[i]) <= ms && end(i) > ms;

  const seconds = Math.max(0, report.to_ms - from) / 1000;

  return {
    report, bounds, edges, buckets, bucketAt, lives, lifeCount, parents, depth, begin, end, openLeft, livesAt, seconds,
    OUTCOMES, OUTCOME_NAMES, OUTCOME_LETTERS,
  };
})();
