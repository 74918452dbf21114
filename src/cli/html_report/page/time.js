// Writes times and chooses the marks of the time axis, in the local time of the report's writer.

const Time = (() => {
  const SECOND = 1000;
  const MINUTE = 60 * SECOND;
  const HOUR = 60 * MINUTE;
  const DAY = 24 * HOUR;
  const STEPS = [
    ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
    ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
    ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
    ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
    ...[1, 2, 7, 14, 28, 91, 182, 364].map((n) => n * DAY),
  ];
  const MONTHS = "January February March April May June July August September October November December".split(" ");
  let offset = 0;

  const setOffset = (minutes) => (offset = minutes * MINUTE);
  const two = (n) => String(n).padStart(2, "0");
  const local = (ms) => new Date(ms + offset);

  const date = (ms) => {
    const d = local(ms);
    return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()}`;
  };
  const minute = (ms) => `${two(local(ms).getUTCHours())}:${two(local(ms).getUTCMinutes())}`;
  const second = (ms) => `${minute(ms)}:${two(local(ms).getUTCSeconds())}`;
  const milli = (ms) => `${second(ms)}.${String(local(ms).getUTCMilliseconds()).padStart(3, "0")}`;
  const sameDay = (a, b) => Math.floor((a + offset) / DAY) === Math.floor((b + offset) / DAY);

  // A time of the clock, as exact as a range of `span` milliseconds needs.
  const clock = (ms, span) => (span < 10 * SECOND ? milli(ms) : second(ms));

  // A time of the clock, with its date if that is not clear.
  function moment(ms, span) {
    const { from, to } = Data.bounds;
    const day = local(ms);
    return (sameDay(from, to) && sameDay(from, ms) ? "" : `${day.getUTCDate()} ${MONTHS[day.getUTCMonth()].slice(0, 3)} `) + clock(ms, span);
  }

  function zone() {
    const minutes = Math.abs(offset / MINUTE);
    const rest = minutes % 60 ? `:${two(minutes % 60)}` : "";
    return offset === 0 ? "UTC" : `UTC${offset < 0 ? "−" : "+"}${Math.floor(minutes / 60)}${rest}`;
  }

  // Chooses marks at round local times. `room`: pixels for one label.
  function marks(from, to, width, room = 84) {
    const most = Math.max(2, Math.floor(width / room));
    const step = STEPS.find((s) => (to - from) / s <= most) || STEPS[STEPS.length - 1];
    const result = [];
    for (let at = Math.ceil((from + offset) / step) * step - offset; at <= to; at += step) result.push(at);
    return { step, at: result };
  }

  function label(ms, step) {
    const d = local(ms);
    if (step >= DAY || (d - 0) % DAY === 0) return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()].slice(0, 3)}`;
    if (step >= MINUTE) return minute(ms);
    return step >= SECOND ? second(ms) : `${two(d.getUTCSeconds())}.${String(d.getUTCMilliseconds()).padStart(3, "0")}`;
  }

  return { setOffset, date, second, clock, moment, sameDay, zone, marks, label };
})();
