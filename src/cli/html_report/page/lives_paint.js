// Paints the bars of lives.

const LivesPaint = (() => {
  const { lives } = Data;
  const { state } = State;
  const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

  // Fits a canvas to its size on the screen. Returns its context, scaled to CSS pixels.
  function prepare(canvas, width, height, scale) {
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const c = canvas.getContext("2d");
    c.setTransform(scale, 0, 0, scale, 0, 0);
    c.clearRect(0, 0, width, height);
    return c;
  }

  const scaleX = (left, width) => (ms) => left + ((ms - state.from) / (state.to - state.from)) * width;

  function axis(canvas, left, width, right, scale) {
    const c = prepare(canvas, left + width + right, 24, scale);
    const x = scaleX(left, width);
    const marks = Time.marks(state.from, state.to, width);
    c.font = FONT.replace("11px", "12px");
    c.fillStyle = Theme.colors.muted;
    c.textAlign = "center";
    c.textBaseline = "middle";
    for (const ms of marks.at) if (x(ms) < left + width - 22) c.fillText(Time.label(ms, marks.step), x(ms), 12);
  }

  // Traces a bar. An open end is pointed: the life goes on beyond it.
  function shape(c, x1, x2, y, h, openLeft, openRight) {
    const tip = h / 2;
    c.beginPath();
    c.moveTo(x1, y);
    c.lineTo(x2, y);
    if (openRight) c.lineTo(x2 + tip, y + h / 2);
    c.lineTo(x2, y + h);
    c.lineTo(x1, y + h);
    if (openLeft) c.lineTo(x1 - tip, y + h / 2);
    c.closePath();
  }

  function bar(c, i, x, y, h, left, right, scale) {
    const begin = Math.min(Data.begin(i), lives.first_seen_ms[i]);
    const stop = lives.end_ms[i] ?? Data.bounds.to;
    const x1 = Math.max(left - 20, x(Math.max(begin, Data.bounds.from)));
    const x2 = Math.min(right + 20, Math.max(x1 + 2, x(stop)));
    const outcome = lives.outcome[i];
    c.globalAlpha = Filter.matching[i] ? 1 : 0.3;
    // A pattern needs room; the letter beside a short bar is enough.
    c.fillStyle = x2 - x1 < 6 ? Theme.colors[outcome] : Theme.outcome(c, outcome, scale);
    c.save();
    // Patterns are made of canvas pixels.
    shape(c, x1, x2, y, h, Data.openLeft(i), lives.end_ms[i] === null);
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.fill();
    c.restore();
    for (const [at, ] of (lives.programs[i] || []).slice(1)) {
      const mark = x(at);
      if (mark <= x1 + 1 || mark >= x2 - 1) continue;
      c.fillStyle = Theme.colors.page;
      c.fillRect(mark - 1.5, y, 3, h);
      c.fillStyle = Theme.colors.ink;
      c.fillRect(mark - 0.5, y - 2, 1, h + 4);
    }
    if (outcome === "failed" || outcome === "signal" || outcome === "out_of_memory") {
      const text = `${Data.OUTCOME_LETTERS[outcome]} ${lives.exit[i] === null ? "" : Text.cut(lives.exit[i], 24)}`.trim();
      const width = c.measureText(text).width;
      c.fillStyle = Theme.colors.ink;
      if (x2 + 6 + width < right && x2 >= left) c.fillText(text, x2 + 6, y + h / 2 + 0.5);
      else if (x1 - 6 - width > left) c.fillText(text, x1 - 6 - width, y + h / 2 + 0.5);
    }
    c.globalAlpha = 1;
  }

  // Paints rows[first..last]. `view`: {left, width, right, height, row, bar, top, active, hover, scale}.
  function rows(canvas, list, first, last, view) {
    const { left, width, scale } = view;
    const c = prepare(canvas, left + width + view.right, view.height, scale);
    const x = scaleX(left, width);
    c.fillStyle = Theme.colors.grid;
    for (const ms of Time.marks(state.from, state.to, width).at) c.fillRect(Math.round(x(ms)), 0, 1, view.height);
    for (const at of [view.hover, view.active]) {
      if (at === null || at < first || at > last) continue;
      c.globalAlpha = 0.08;
      c.fillStyle = Theme.colors.ink;
      c.fillRect(0, at * view.row - view.top, left + width + view.right, view.row);
      c.globalAlpha = 1;
    }
    c.save();
    c.beginPath();
    c.rect(left - 6, 0, width + 12, view.height);
    c.clip();
    c.font = FONT;
    c.textBaseline = "middle";
    for (let at = first; at <= last; at += 1) {
      bar(c, list[at], x, at * view.row - view.top + view.row - view.bar - view.below, view.bar, left, left + width + 6, scale);
    }
    c.beginPath();
    c.rect(left, 0, width, view.height);
    c.clip();
    Chart.paintGaps(c, x, 0, view.height);
    if (state.moment !== null) {
      c.fillStyle = Theme.colors.accent;
      c.fillRect(Math.round(x(state.moment)) - 0.75, 0, 1.5, view.height);
    }
    c.restore();
  }

  return { rows, axis, scaleX };
})();
