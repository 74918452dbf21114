// The charts of the page: CPU, memory, processes, births and exits, outcomes; with their legends.

const Charts = (() => {
  const { report, buckets, edges } = Data;
  const { state } = State;
  const place = Dom.byId("charts");
  const charts = [];

  // Counts are shown per second, per minute or per hour, so that the numbers are easy to read.
  const busiest = Math.max(0, ...report.births.map((n, i) => (n ?? 0) / Math.max(1, edges[i + 1] - edges[i])));
  const [unit, unitMs] = Format.rateUnit(busiest);
  const rate = (counts) => counts.map((n, i) => (n === null ? null : (n / Math.max(1, edges[i + 1] - edges[i])) * unitMs));

  const sum = (lists) => Array.from({ length: buckets }, (_, i) => {
    let total = null;
    for (const list of lists) if (list[i] !== null) total = (total ?? 0) + list[i];
    return total;
  });

  function grouped(field) {
    const grouping = report.groupings.find(({ by }) => by === state.by);
    let named = 0;
    return (grouping ? grouping.groups : []).map((group, i) => {
      const place = group.kind === "named" ? named++ : 0;
      return {
        key: `group ${i}`,
        name: Text.name(group.name, 120),
        raw: group.name,
        values: group[field],
        separate: true,
        fill: () => Theme.group(group.kind, place),
      };
    });
  }

  const byGroup = () => `by ${state.by}`;

  const DEFINITIONS = [
    {
      key: "cpu", title: "CPU", unit: () => `percent of one core, ${byGroup()}`, height: 310, narrowHeight: 230, stacked: true, grouped: true,
      series: () => grouped("cpu_percent"), format: Format.percent, missing: "CPU is unknown in this recording.",
    },
    {
      key: "memory", title: "Memory", unit: () => `resident, ${byGroup()}`, height: 310, narrowHeight: 230, stacked: true, grouped: true,
      series: () => grouped("rss_bytes"), format: Format.bytes, missing: "Memory is unknown in this recording.",
    },
    {
      key: "processes", title: "Processes", unit: () => "living", height: 110,
      series: () => [{ key: "processes", name: "processes", values: report.processes, area: true, fill: () => Theme.colors.births }],
      format: Format.number, missing: "The number of processes is unknown.",
    },
    {
      key: "rates", title: "Births and exits", unit: () => `births up, exits down, per ${unit}`, height: 150, mirrored: true,
      series: () => [
        { key: "births", name: "births", values: rate(report.births), area: true, fill: () => Theme.colors.births },
        { key: "exits", name: "exits", values: rate(sum(Data.OUTCOMES.map((o) => report.exits[o]))), area: true, below: true, fill: () => Theme.colors.exits },
      ],
      format: Format.number, missing: "No births or exits.",
    },
    {
      key: "outcomes", title: "Exit outcomes", unit: () => `per ${unit}`, height: 130, stacked: true,
      // Failures are at the bottom, where small values are easiest to see.
      series: () => ["out_of_memory", "signal", "failed", "unknown", "ok"]
        .filter((o) => report.totals.outcomes[o] > 0)
        .map((o) => ({ key: o, name: Data.OUTCOME_NAMES[o], swatch: () => Theme.swatch(o), values: rate(report.exits[o]), fill: (c, scale) => Theme.outcome(c, o, scale) })),
      format: Format.number, missing: "No process exited.",
    },
  ];

  function mean(values) {
    let weight = 0;
    let total = 0;
    for (let i = 0; i < buckets; i += 1) {
      const overlap = Math.min(edges[i + 1], state.to) - Math.max(edges[i], state.from);
      if (values[i] === null || overlap <= 0) continue;
      weight += overlap;
      total += values[i] * overlap;
    }
    return weight > 0 ? total / weight : null;
  }

  // Writes the values of the legend: at the cursor, or the mean of the visible range.
  function readOut() {
    const bucket = state.cursor === null ? -1 : Data.bucketAt(state.cursor);
    for (const chart of charts) {
      const at = bucket < 0 ? "mean of the range" : `at ${Time.moment(edges[bucket + 1], state.to - state.from)}`;
      chart.when.textContent = chart.empty ? "" : at;
      let total = null;
      for (const s of chart.series) {
        const v = bucket < 0 ? mean(s.values) : s.values[bucket];
        if (v !== null && !s.hidden) total = (total ?? 0) + v;
        if (v === null) s.button.removeAttribute("data-value");
        else s.button.dataset.value = v;
        Dom.set(s.output, Dom.value(v, chart.format));
      }
      if (chart.sum) Dom.set(chart.sum, Dom.value(total, chart.format));
    }
  }

  // Describes a chart in words.
  function describe(chart) {
    const totals = sum(chart.series.map((s) => s.values));
    if (totals.every((v) => v === null)) return `${chart.title}: ${chart.missing}`;
    if (!chart.stacked) {
      const lines = chart.series.map((s) => `${s.name} ${mean(s.values) === null ? "unknown" : chart.format(mean(s.values))}`);
      return `${chart.title}, ${chart.unit()}. Mean: ${lines.join(", ")}.`;
    }
    const most = totals.reduce((best, v, i) => (v !== null && v > (totals[best] ?? -1) ? i : best), 0);
    const largest = chart.series
      .map((s) => [s.name, mean(s.values)])
      .filter(([, v]) => v !== null)
      .sort((a, b) => b[1] - a[1])
      .slice(0, 5)
      .map(([name, v]) => `${Text.cut(name, 40)} ${chart.format(v)}`);
    return (
      `${chart.title}, ${chart.unit()}. Mean ${chart.format(mean(totals) ?? 0)}, ` +
      `highest ${chart.format(totals[most])} at ${Time.moment(edges[most + 1], 1e6)}. Largest: ${largest.join(", ")}.`
    );
  }

  function focus(chart, key) {
    for (const other of charts) {
      if (other !== chart && !(other.grouped && chart.grouped)) continue;
      other.focus = key;
      other.plot.redraw(false, true);
    }
  }

  function toggle(chart, key) {
    const id = chart.grouped ? key : `${chart.key} ${key}`;
    if (!state.hidden.delete(id)) state.hidden.add(id);
    State.notify("hidden");
  }

  function legend(chart) {
    const items = chart.series.map((s) => {
      s.output = Dom.el("span", { class: "legend-value" });
      const mark = s.swatch ? s.swatch() : Dom.el("span", { class: "swatch", "aria-hidden": "true" });
      if (!s.swatch) mark.style.setProperty("--swatch", s.fill());
      s.mark = s.swatch ? null : mark;
      s.button = Dom.el(
        "button",
        {
          type: "button", "data-group": s.raw ?? s.key, "aria-pressed": "true", title: s.name,
          onclick: () => toggle(chart, s.key),
          onmouseenter: () => focus(chart, s.key), onmouseleave: () => focus(chart, null),
          onfocus: () => focus(chart, s.key), onblur: () => focus(chart, null),
        },
        mark,
        Dom.el("bdi", { class: "legend-name" }, s.name),
        s.output,
      );
      return Dom.el("li", null, s.button);
    });
    chart.sum = null;
    if (chart.stacked && chart.series.length > 1) {
      chart.sum = Dom.el("span", { class: "legend-value" });
      items.push(Dom.el("li", { class: "legend-sum" }, Dom.el("span", { class: "legend-name" }, "total"), chart.sum));
    }
    Dom.set(chart.list, items);
  }

  function applyHidden(chart) {
    for (const s of chart.series) {
      s.hidden = state.hidden.has(chart.grouped ? s.key : `${chart.key} ${s.key}`);
      s.button.setAttribute("aria-pressed", String(!s.hidden));
    }
  }

  function fill(chart) {
    chart.series = chart.build();
    const without = chart.mirrored ? (v) => !v : (v) => v === null;
    chart.empty = chart.series.every((s) => s.values.every(without));
    chart.unitNode.textContent = chart.unit();
    chart.node.classList.toggle("chart-empty", chart.empty);
    legend(chart);
    applyHidden(chart);
    chart.plotNode.setAttribute("aria-label", describe(chart));
  }

  function create(definition) {
    const chart = { ...definition, build: definition.series };
    chart.when = Dom.el("p", { class: "when" });
    chart.list = Dom.el("ul", { class: "legend" });
    chart.unitNode = Dom.el("p", { class: "unit" });
    chart.plotNode = Dom.el("div", { class: "plot", tabindex: "0", role: "img", onkeydown: (e) => Range.key(e) && e.preventDefault() });
    chart.node = Dom.el(
      "figure",
      { class: "chart", "data-picture": chart.key },
      Dom.el("figcaption", null, Dom.el("div", { class: "chart-title" }, Dom.el("h3", null, chart.title), chart.unitNode, chart.when), chart.list),
      Dom.el("div", { class: "plot-box" }, chart.plotNode, Dom.el("p", { class: "missing" }, chart.missing)),
    );
    place.append(chart.node);
    fill(chart);
    charts.push(chart);
    return chart;
  }

  function measure() {
    const { layout } = Chart;
    const width = state.printing ? 680 : Math.floor(place.clientWidth);
    layout.gutter = state.printing ? 150 : width >= 1000 ? 232 : width >= 720 ? 184 : 0;
    layout.axis = width < 720 && !state.printing ? 50 : 60;
    layout.width = Math.max(120, width - layout.gutter - layout.axis - layout.right);
    const root = document.documentElement;
    root.classList.toggle("narrow", layout.gutter === 0);
    root.style.setProperty("--gutter", `${layout.gutter}px`);
    root.style.setProperty("--axis", `${layout.axis}px`);
  }

  function switchGrouping() {
    for (const chart of charts.filter((c) => c.grouped)) {
      fill(chart);
      Chart.refresh(chart);
    }
    readOut();
  }

  function groupingButtons() {
    const known = report.groupings.map(({ by }) => by);
    state.by = known[0] ?? "program";
    const buttons = known.map((by) =>
      Dom.el(
        "button",
        {
          type: "button", "data-by": by, "aria-pressed": String(by === state.by),
          onclick: () => {
            for (const b of buttons) b.setAttribute("aria-pressed", String(b.dataset.by === by));
            state.hidden.clear();
            State.change("by", { by });
          },
        },
        by[0].toUpperCase() + by.slice(1),
      ),
    );
    Dom.byId("grouping").hidden = buttons.length < 2;
    Dom.set(Dom.byId("grouping"), buttons);
  }

  function start() {
    groupingButtons();
    measure();
    for (const definition of DEFINITIONS) Chart.make(create(definition));
    State.on("by", switchGrouping);
    State.on("hidden", () => {
      for (const chart of charts) {
        applyHidden(chart);
        Chart.refresh(chart);
      }
      readOut();
    });
    State.on("range", () => {
      Chart.setRange();
      for (const chart of charts) chart.plotNode.setAttribute("aria-label", describe(chart));
    });
    State.on("cursor", Chart.setCursor);
    State.on("moment", Chart.redraw);
    State.on("theme", () => {
      for (const chart of charts) for (const s of chart.series) if (s.mark) s.mark.style.setProperty("--swatch", s.fill());
      Chart.redraw();
    });
    State.on("cursor range", Dom.perFrame(readOut));
    readOut();
  }

  return { start, measure };
})();
