// Keeps what the reader chose, and notifies the parts that show it.

const State = (() => {
  const { from, to } = Data.bounds;
  const SHORTEST = 20;
  const state = {
    from,
    to,
    cursor: null,
    moment: null,
    by: null,
    hidden: new Set(),
    words: [],
    outcomes: new Set(),
    printing: false,
  };
  const listeners = new Map();

  // Calls a function whenever one of these changes: range, cursor, moment, by, hidden, filter, theme, print.
  function on(topics, run) {
    for (const topic of topics.split(" ")) listeners.set(topic, [...(listeners.get(topic) || []), run]);
  }

  const notify = (topic) => (listeners.get(topic) || []).forEach((run) => run());

  function setRange(a, b) {
    const span = Math.min(to - from, Math.max(SHORTEST, b - a));
    const start = Math.min(to - span, Math.max(from, a));
    if (start === state.from && start + span === state.to) return;
    state.from = start;
    state.to = start + span;
    notify("range");
  }

  const reset = () => setRange(from, to);

  // Makes the range shorter (factor below 1) or longer, around a time.
  function zoom(factor, around = state.cursor ?? (state.from + state.to) / 2) {
    const share = (around - state.from) / (state.to - state.from);
    const span = Math.max(SHORTEST, (state.to - state.from) * factor);
    setRange(around - span * share, around + span * (1 - share));
  }

  // Moves the range by a share of itself.
  const pan = (share) => {
    const by = (state.to - state.from) * share;
    setRange(state.from + by, state.to + by);
  };

  function setCursor(ms) {
    const within = ms === null ? null : Math.min(to, Math.max(from, ms));
    if (within === state.cursor) return;
    state.cursor = within;
    notify("cursor");
  }

  function setMoment(ms) {
    state.moment = ms === null ? null : Math.min(Data.report.to_ms, Math.max(from, ms));
    notify("moment");
  }

  function change(topic, values) {
    Object.assign(state, values);
    notify(topic);
  }

  const zoomed = () => state.from !== from || state.to !== to;

  return { state, on, notify, setRange, reset, zoom, pan, setCursor, setMoment, change, zoomed };
})();
