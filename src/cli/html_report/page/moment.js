// The tree of the included lives at the chosen moment.

const Moment = (() => {
  const { lives, lifeCount, edges, buckets } = Data;
  const { state } = State;
  let table = null;

  // The moment that is shown first: the end of the bucket with the most CPU, else the middle.
  function busiest() {
    const groups = Data.report.groupings[0]?.groups ?? [];
    let best = null;
    let most = -1;
    for (let i = 0; i < buckets; i += 1) {
      const cpu = groups.reduce((sum, g) => sum + (g.cpu_percent[i] ?? 0), 0);
      if (cpu > most) [best, most] = [i, cpu];
    }
    return most > 0 ? edges[best + 1] : (Data.bounds.from + Data.report.to_ms) / 2;
  }

  // Returns {life, level} for each living one, children below their nearest living ancestor.
  function tree(ms) {
    const alive = new Uint8Array(lifeCount);
    const level = new Array(lifeCount).fill(0);
    const rows = [];
    for (let i = 0; i < lifeCount; i += 1) {
      const parent = Data.parents[i];
      alive[i] = Data.livesAt(i, ms) ? 1 : 0;
      const above = parent === null ? -1 : level[parent];
      level[i] = alive[i] ? above + 1 : above;
      if (alive[i] && Filter.related[i]) rows.push({ life: i, level: level[i] });
    }
    return rows;
  }

  function show() {
    Dom.byId("moment-earlier").parentNode.hidden = lifeCount === 0 || buckets < 2;
    const root = document.documentElement;
    const count = Dom.byId("moment-count");
    if (state.moment === null || lifeCount === 0) {
      delete root.dataset.moment;
      Dom.set(count, lifeCount === 0 ? "The recording contains no lives." : "No moment is chosen.");
      Dom.byId("moment-tree").hidden = true;
      return;
    }
    root.dataset.moment = state.moment;
    const rows = tree(state.moment);
    table.show(rows);
    const bucket = Data.bucketAt(state.moment);
    const all = bucket < 0 ? null : Data.report.processes[bucket];
    Dom.set(
      count,
      Dom.el("strong", null, Time.moment(state.moment, state.to - state.from)),
      all === null || Filter.active()
        ? `: ${Text.plural(rows.length, "process is", "processes are")} included.`
        : `: ${Format.count(rows.length)} of ${Text.plural(all, "process is", "processes are")} included.`,
      Filter.active() ? " The filter applies." : Dom.el("span", { class: "screen-only" }, " Click on a picture to choose another moment."),
    );
  }

  function step(by) {
    if (buckets === 0) return;
    const bucket = state.moment === null ? 0 : Data.bucketAt(state.moment) + by;
    State.setMoment(edges[Math.min(buckets, Math.max(1, bucket + 1))]);
  }

  // What narrow pages have no columns for.
  function facts(life) {
    const user = lives.user[life];
    return Dom.el(
      "span",
      { class: "branch-facts" },
      Theme.swatch(lives.outcome[life]),
      // Most lives are still running: the sign is enough, and the line stays one.
      Dom.el("span", { class: lives.outcome[life] === "running" ? "hidden" : null }, Card.ending(life), " · "),
      "CPU ",
      Dom.value(lives.cpu_ms[life], Format.duration),
      " · up to ",
      Dom.value(lives.peak_rss_bytes[life], Format.bytes),
      user === null ? null : [" · ", Dom.el("bdi", null, Text.name(user, 40))],
    );
  }

  function process({ life, level }) {
    const cell = Dom.el(
      "div",
      { class: Filter.matching[life] ? "branch" : "branch dim" },
      Dom.el("span", { class: "hidden" }, `level ${level + 1}: `),
      Dom.name(lives.name[life], 80, "branch-name"),
      Dom.el("span", { class: "branch-command" }, Dom.value(lives.command[life], (t) => Text.cut(t, 300))),
      facts(life),
    );
    cell.style.setProperty("--level", Math.min(level, 10));
    return cell;
  }

  const age = ({ life }) => (lives.start_ms[life] === null ? null : state.moment - lives.start_ms[life]);

  function start() {
    table = Table.make({
      place: Dom.byId("moment-tree"),
      id: "moment-table",
      caption: "Processes that lived at the chosen moment, each below its parent",
      sort: null,
      most: 40,
      attribute: { name: "data-life", value: (row) => row.life },
      columns: [
        { key: "name", title: "Process", sortable: false, class: "grow", cell: process },
        { key: "pid", title: "Pid", numeric: true, sortable: false, cell: ({ life }) => String(lives.pid[life]) },
        { key: "user", title: "User", sortable: false, wide: true, class: "clip", cell: ({ life }) => Dom.value(lives.user[life], (t) => Text.name(t, 40)) },
        { key: "age", title: "Running for", numeric: true, sortable: false, cell: (row) => Dom.value(age(row), (ms) => Format.duration(Math.max(0, ms))) },
        { key: "cpu", title: "CPU used", numeric: true, wide: true, sortable: false, cell: ({ life }) => Dom.value(lives.cpu_ms[life], Format.duration) },
        { key: "memory", title: "Memory, at most", numeric: true, wide: true, sortable: false, cell: ({ life }) => Dom.value(lives.peak_rss_bytes[life], Format.bytes) },
        { key: "ending", title: "Outcome", wide: true, sortable: false, class: "clip", cell: ({ life }) => [Theme.swatch(lives.outcome[life]), Card.ending(life)] },
      ],
    });
    Dom.byId("moment-earlier").addEventListener("click", () => step(-1));
    Dom.byId("moment-later").addEventListener("click", () => step(1));
    State.on("moment filter print", show);
    if (lifeCount > 0) State.setMoment(busiest());
    else show();
  }

  return { start };
})();
