// One picture over time: uPlot makes the axes, the cursor and the selection; this file paints the data.

const Chart = (() => {
  const { state } = State;
  const { edges, buckets } = Data;
  const RIGHT = 12;
  const all = [];

  const layout = { gutter: 0, axis: 56, right: RIGHT, width: 0 };
  const font = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

  // Totals of the visible series by bucket, with the first repeated: bucket i ends at edges[i + 1].
  function totals(chart) {
    const shown = chart.series.filter((s) => !s.hidden);
    const top = new Array(buckets).fill(null);
    for (let i = 0; i < buckets; i += 1) {
      for (const s of shown) {
        const v = s.values[i];
        if (v !== null) top[i] = chart.stacked ? (top[i] ?? 0) + v : Math.max(top[i] ?? 0, v);
      }
    }
    return [edges, [top[0] ?? null, ...top]];
  }

  // Traces the steps of buckets from `first` to `last`, forwards along `upper` and back along `lower`.
  function trace(c, x, y, first, last, upper, lower) {
    c.beginPath();
    c.moveTo(x(edges[first]), y(upper(first)));
    for (let i = first; i <= last; i += 1) {
      c.lineTo(x(edges[i]), y(upper(i)));
      c.lineTo(x(edges[i + 1]), y(upper(i)));
    }
    if (!lower) return;
    for (let i = last; i >= first; i -= 1) {
      c.lineTo(x(edges[i + 1]), y(lower(i)));
      c.lineTo(x(edges[i]), y(lower(i)));
    }
    c.closePath();
  }

  // Calls `run` with every range of buckets where something is known.
  function known(values, run) {
    for (let i = 0; i < buckets; i += 1) {
      if (values[i] === null) continue;
      const first = i;
      while (i + 1 < buckets && values[i + 1] !== null) i += 1;
      run(first, i);
    }
  }

  function paintStack(chart, c, x, y) {
    const base = new Array(buckets).fill(0);
    const scale = devicePixelRatio;
    for (const s of chart.series) {
      if (s.hidden) continue;
      const upper = base.map((b, i) => b + (s.values[i] ?? 0));
      c.fillStyle = s.fill(c, scale);
      c.globalAlpha = chart.focus && chart.focus !== s.key ? 0.25 : 1;
      known(s.values, (first, last) => {
        trace(c, x, y, first, last, (i) => upper[i], (i) => base[i]);
        c.fill();
        if (!s.separate) return;
        c.strokeStyle = Theme.colors.page;
        c.lineWidth = 0.4 * scale;
        trace(c, x, y, first, last, (i) => upper[i]);
        c.stroke();
      });
      for (let i = 0; i < buckets; i += 1) base[i] = upper[i];
    }
    c.globalAlpha = 1;
  }

  function paintLines(chart, c, x, y) {
    for (const s of chart.series) {
      if (s.hidden) continue;
      c.strokeStyle = s.fill(c, 1);
      c.fillStyle = c.strokeStyle;
      c.lineWidth = (chart.mirrored ? 0.75 : 1.5) * devicePixelRatio;
      const value = (i) => (s.below ? -s.values[i] : s.values[i]);
      known(s.values, (first, last) => {
        if (s.area) {
          c.globalAlpha = chart.mirrored ? 0.6 : 0.16;
          trace(c, x, y, first, last, value, () => 0);
          c.fill();
        }
        c.globalAlpha = chart.focus && chart.focus !== s.key ? 0.3 : 1;
        trace(c, x, y, first, last, value);
        c.stroke();
        c.globalAlpha = 1;
      });
    }
  }

  // Marks the times in which nothing was recorded.
  function paintGaps(c, x, top, height) {
    for (const [a, b] of Data.report.gaps) {
      if (b < state.from || a > state.to) continue;
      c.fillStyle = Theme.colors.gap;
      c.fillRect(x(a), top, Math.max(1, x(b) - x(a)), height);
    }
  }

  function paintMoment(c, x, top, height) {
    if (state.moment === null) return;
    const at = Math.round(x(state.moment));
    c.fillStyle = Theme.colors.accent;
    c.fillRect(at - devicePixelRatio / 2, top, Math.max(1, 1.5 * devicePixelRatio), height);
  }

  function paint(chart) {
    return (u) => {
      const c = u.ctx;
      const { left, top, width, height } = u.bbox;
      const x = (ms) => u.valToPos(Math.max(-1e15, ms), "x", true);
      const y = (v) => u.valToPos(v, "y", true);
      c.save();
      c.beginPath();
      c.rect(left, top, width, height);
      c.clip();
      (chart.stacked ? paintStack : paintLines)(chart, c, x, y);
      paintGaps(c, x, top, height);
      paintMoment(c, x, top, height);
      c.restore();
      chart.node.dataset.from = u.scales.x.min;
      chart.node.dataset.to = u.scales.x.max;
    };
  }

  function axes(chart) {
    const grid = { stroke: () => Theme.colors.grid, width: 1 };
    const ticks = { show: false };
    const common = { stroke: () => Theme.colors.muted, font, grid, ticks };
    let marks = { step: 1, at: [] };
    return [
      {
        ...common,
        size: 24,
        gap: 6,
        splits: (u, _, min, max) => (marks = Time.marks(min, max, layout.width)).at,
        values: (u, at) =>
          at.map((ms) => {
            const place = u.valToPos(ms, "x");
            return place > layout.width - 22 || place < 0 ? "" : Time.label(ms, marks.step);
          }),
      },
      {
        ...common,
        size: () => layout.axis,
        gap: 6,
        space: chart.height < 200 ? 24 : 36,
        values: (u, at) => at.map((v) => chart.format(Math.abs(v))),
      },
    ];
  }

  // Connects the cursor, the selection and the clicks of a uPlot with the state of the page.
  function connect(chart, u) {
    let before = null;
    u.over.addEventListener("click", (event) => {
      const ms = u.posToVal(event.offsetX, "x");
      if (event.detail === 1) before = state.moment;
      State.setMoment(event.detail === 1 ? ms : before);
    });
    u.over.addEventListener("mouseleave", () => State.setCursor(null));
  }

  function height(chart) {
    if (state.printing) return Math.min(chart.height, chart.narrowHeight ? 210 : 115);
    return layout.gutter === 0 && chart.narrowHeight ? chart.narrowHeight : chart.height;
  }

  // Makes a chart in `chart.node`: {key, node, title, height, stacked, series, format}.
  function make(chart) {
    const place = chart.node.querySelector(".plot");
    const options = {
      width: layout.width + layout.axis + layout.right,
      height: height(chart),
      padding: [8, layout.right, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: false, min: state.from, max: state.to },
        y: { range: (u, min, max) => [chart.mirrored && max > 0 ? -max * 1.05 : 0, max > 0 ? max * 1.05 : 1] },
      },
      series: [{}, { paths: () => null, points: { show: false } }],
      axes: axes(chart),
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => () => State.reset() },
      },
      hooks: {
        draw: [paint(chart)],
        setCursor: [
          (u) => {
            if (u.cursor.event && u.cursor.left >= 0) State.setCursor(u.posToVal(u.cursor.left, "x"));
          },
        ],
        setSelect: [
          (u) => {
            if (u.select.width < 4) return;
            const [a, b] = [u.select.left, u.select.left + u.select.width].map((p) => u.posToVal(p, "x"));
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            State.setRange(a, b);
          },
        ],
      },
    };
    chart.plot = new uPlot(options, totals(chart), place);
    connect(chart, chart.plot);
    all.push(chart);
    return chart;
  }

  function setRange() {
    for (const { plot } of all) plot.setScale("x", { min: state.from, max: state.to });
  }

  // Moves the cursor of all charts except the one under the pointer.
  function setCursor() {
    for (const { plot, node } of all) {
      if (node.matches(":hover") && state.cursor !== null) continue;
      const left = state.cursor === null ? -10 : plot.valToPos(state.cursor, "x");
      plot.cursor.event = null;
      plot.setCursor({ left, top: left < 0 ? -10 : 0 }, false);
    }
  }

  const redraw = () => all.forEach(({ plot }) => plot.redraw(false, true));

  function refresh(chart) {
    chart.plot.setData(totals(chart), false);
    chart.plot.setScale("x", { min: state.from, max: state.to });
  }

  // Fits the charts to the width that `layout` has.
  function resize() {
    const width = layout.width + layout.axis + layout.right;
    for (const chart of all) chart.plot.setSize({ width, height: height(chart) });
  }

  return { layout, make, setRange, setCursor, redraw, refresh, resize, paintGaps, paintMoment, all };
})();
