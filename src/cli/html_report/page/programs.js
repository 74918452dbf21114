// The tables of programs and of growers.

const Programs = (() => {
  const { report, lives } = Data;
  const SHOWN = 20;

  const number = (key, title, format, more = {}) => ({
    key, title, numeric: true, value: (row) => row[key], cell: (row) => Dom.value(row[key], format), ...more,
  });

  const most = (values, format) => {
    const known = (values || []).filter((v) => v !== null);
    return known.length ? `at most ${format(Math.max(...known))}` : "unknown";
  };

  function programs() {
    const table = Table.make({
      place: Dom.byId("programs-table"),
      id: "programs-rows",
      caption: "Programs with their starts, failures, CPU, memory and lives",
      sort: "cpu_ms",
      most: SHOWN,
      attribute: { name: "data-program", value: (row) => row.name ?? "" },
      columns: [
        { key: "name", title: "Program", value: (row) => row.name, class: "grow", cell: (row) => Dom.name(row.name, 120, "program-name") },
        number("started", "Starts", Format.count),
        number("failed", "Failed", Format.count, { cell: (row) => Dom.el("span", { class: row.failed > 0 ? "bad" : "zero" }, Dom.value(row.failed, Format.count)) }),
        number("running", "Running", Format.count, { wide: true }),
        number("cpu_ms", "CPU", Format.duration),
        { key: "cpu_curve", title: "CPU over time", quiet: true, sortable: false, wide: true, cell: (row) => Curve.draw(row.cpu_curve, "cpu", `CPU over time, ${most(row.cpu_curve, Format.percent)}`) },
        number("peak_rss_bytes", "Memory, at most", Format.bytes),
        { key: "rss_curve", title: "Memory over time", quiet: true, sortable: false, wide: true, cell: (row) => Curve.draw(row.rss_curve, "rss", `Memory over time, ${most(row.rss_curve, Format.bytes)}`) },
        number("mean_life_ms", "Mean life", Format.duration, { wide: true }),
        number("longest_life_ms", "Longest life", Format.duration, { wide: true }),
      ],
    });

    function show() {
      const rows = report.programs.filter(Filter.program);
      const total = report.programs.length + report.programs_left_out;
      table.show(rows);
      const parts = [];
      if (total === 0) parts.push("The recording contains no programs.");
      else if (report.programs_left_out > 0) parts.push(`${Format.count(report.programs.length)} of ${Format.count(total)} programs: those with the most CPU.`);
      else parts.push(`${Text.plural(total, "program")}.`);
      if (Filter.active()) parts.push(`${Text.plural(rows.length, "program matches", "programs match")} the filter.`);
      Dom.set(Dom.byId("programs-count"), parts.join(" "));
    }
    State.on("filter print", show);
    show();
  }

  function growers() {
    const of = (row) => row.life;
    const table = Table.make({
      place: Dom.byId("growers-table"),
      id: "growers-rows",
      caption: "Processes whose memory only rises",
      sort: "bytes_per_hour",
      most: SHOWN,
      attribute: { name: "data-life", value: of },
      columns: [
        { key: "name", title: "Process", value: (row) => lives.name[of(row)], class: "grow", cell: (row) => [Dom.name(lives.name[of(row)], 80, "program-name"), Dom.el("span", { class: "branch-command" }, Dom.value(lives.command[of(row)], (t) => Text.cut(t, 200)))] },
        { key: "pid", title: "Pid", numeric: true, wide: true, value: (row) => lives.pid[of(row)], cell: (row) => String(lives.pid[of(row)]) },
        number("rss_first_bytes", "First", Format.bytes, { wide: true }),
        number("rss_last_bytes", "Last", Format.bytes),
        { key: "curve", title: "Memory over time", quiet: true, sortable: false, wide: true, cell: (row) => Curve.draw(row.curve, "rss", `Memory over time, ${most(row.curve, Format.bytes)}`) },
        number("bytes_per_hour", "Growth per hour", (n) => `+${Format.bytes(n)}`),
      ],
    });

    function show() {
      const rows = report.growers.filter((row) => Filter.matching[of(row)]);
      table.show(rows);
      const text =
        report.growers.length === 0
          ? "No process has memory that only rises."
          : rows.length < report.growers.length
            ? `${Format.count(rows.length)} of ${Text.plural(report.growers.length, "process", "processes")} whose memory only rises.`
            : `${Text.plural(rows.length, "process", "processes")} whose memory only rises.`;
      Dom.set(Dom.byId("growers-count"), text);
    }
    State.on("filter print", show);
    show();
  }

  function start() {
    programs();
    growers();
  }

  return { start };
})();
