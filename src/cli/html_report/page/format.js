// Writes numbers with their units. Unknown values never get here.

const Format = (() => {
  const NBSP = "\u00a0";
  const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

  const count = (n) => whole.format(n);

  // Three significant digits, without zeros at the end.
  function short(n) {
    const size = Math.abs(n);
    if (size >= 1000) return whole.format(n);
    const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
    return String(Number(n.toFixed(digits)));
  }

  function bytes(n) {
    const units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let size = Math.abs(n);
    let unit = 0;
    while (size >= 999.5 && unit < units.length - 1) {
      size /= 1000;
      unit += 1;
    }
    return `${n < 0 ? "−" : ""}${short(size)}${NBSP}${units[unit]}`;
  }

  const percent = (n) => `${n !== 0 && Math.abs(n) < 0.01 ? "<0.01" : short(n)}${NBSP}%`;

  function duration(ms) {
    if (ms < 0) return `−${duration(-ms)}`;
    if (ms < 999.5) return `${Math.round(ms)}${NBSP}ms`;
    const seconds = ms / 1000;
    if (seconds < 59.95) return `${short(seconds)}${NBSP}s`;
    const join = (a, unitA, b, unitB) => `${a}${NBSP}${unitA}` + (b ? ` ${b}${NBSP}${unitB}` : "");
    const minutes = Math.round(seconds / 60);
    if (seconds < 3599.5) return join(Math.floor(Math.round(seconds) / 60), "min", Math.round(seconds) % 60, "s");
    if (minutes < 48 * 60) return join(Math.floor(minutes / 60), "h", minutes % 60, "min");
    const hours = Math.round(minutes / 60);
    return join(Math.floor(hours / 24), "d", hours % 24, "h");
  }

  const number = (n) => (n !== 0 && Math.abs(n) < 0.005 ? "<0.01" : short(n));

  // Chooses the unit in which a rate, given per millisecond, is easy to read.
  const UNITS = [["second", 1000], ["minute", 60_000], ["hour", 3_600_000]];
  const rateUnit = (perMs) => UNITS.find(([, ms]) => perMs * ms >= 0.2) || UNITS[perMs > 0 ? 2 : 0];

  function rate(n, ms) {
    const [unit, length] = rateUnit(n / ms);
    return `${number((n / ms) * length)} per ${unit}`;
  }

  return { rateUnit, rate, count, bytes, percent, duration, number };
})();
