// Writes the head of the page: recording, host, figures, outcomes, and what may be missing.

const Summary = (() => {
  const { report } = Data;
  const { totals } = report;

  const rate = (n) => (Data.seconds > 0 && n !== null ? Format.rate(n, Data.seconds * 1000) : null);

  function head() {
    Dom.set(Dom.byId("title"), Text.name(report.recording, 300));
    const { from_ms: from, to_ms: to, host } = report;
    const end = Time.sameDay(from, to) ? Time.second(to) : `${Time.date(to)}, ${Time.second(to)}`;
    const machine = host && [
      host.cpus === null ? null : Text.plural(host.cpus, "CPU"),
      host.memory_bytes === null ? null : Format.bytes(host.memory_bytes),
    ].filter(Boolean).join(", ");
    const rows = [
      ["Host", Dom.value(host && host.name, (t) => Text.name(t, 120))],
      ["Time", from === to ? `${Time.date(from)}, ${Time.second(from)}` : `${Time.date(from)}, ${Time.second(from)} – ${end}`],
      ["Time zone", Time.zone()],
      ["Length", from === to ? Dom.unknown() : Format.duration(to - from)],
      ["Machine", Dom.value(machine || null, String)],
      ["Kernel", Dom.value(host && host.kernel, (t) => Text.name(t, 120))],
    ];
    Dom.set(Dom.byId("meta"), rows.map(([label, content]) => Dom.el("div", null, Dom.el("dt", null, label), Dom.el("dd", null, content))));
  }

  // A figure: its number, a label, and a remark below.
  function figure(name, label, known, format, remark, bad) {
    return Dom.el(
      "div",
      { class: `figure${bad ? " figure-bad" : ""}`, "data-figure": name, "data-value": known },
      Dom.el("dt", null, label),
      Dom.el("dd", { class: "figure-number" }, Dom.value(known, format)),
      Dom.el("dd", { class: "figure-remark" }, remark || "\u00a0"),
    );
  }

  function figures() {
    const t = totals;
    const { cpus, memory_bytes: memory } = report.host || { cpus: null, memory_bytes: null };
    const cpuShare = t.cpu_ms === null || Data.seconds === 0 ? null : t.cpu_ms / Data.seconds / 10;
    const births = [rate(t.births), t.unseen_at_most ? `at most ${Format.count(t.unseen_at_most)} more unseen` : null];
    Dom.set(
      Dom.byId("figures"),
      figure("processes", "Processes, at most", t.processes_most, Format.count,
        `${Format.count(t.processes_at_start)} at the start, ${Format.count(t.processes_at_end)} at the end`),
      figure("births", "Births", t.births, Format.count, births.filter(Boolean).join(", ")),
      figure("exits", "Exits", t.exits, Format.count, rate(t.exits)),
      figure("failures", "Failures", t.failures, Format.count,
        t.exits > 0 && t.failures !== null ? `${Format.percent((t.failures / t.exits) * 100)} of the exits` : null, t.failures > 0),
      figure("cpu", "CPU time", t.cpu_ms, Format.duration,
        cpuShare === null ? null : `${Format.percent(cpuShare)} on average` + (cpus ? ` of ${Format.percent(cpus * 100)}` : "")),
      figure("memory", "Memory, at most", t.rss_most_bytes, Format.bytes,
        memory && t.rss_most_bytes !== null ? `${Format.percent((t.rss_most_bytes / memory) * 100)} of ${Format.bytes(memory)}` : null),
      figure("scans", "Scans", t.scans, Format.count,
        t.failed_scans ? `${Format.count(t.failed_scans)} failed` : t.scans > 0 ? "none failed" : null),
    );
  }

  // One bar of all exits, with its legend.
  function outcomes() {
    if (!totals.exits) return Dom.set(Dom.byId("outcomes"), Dom.el("p", { class: "quiet-text" }, "No process exited."));
    const known = Data.OUTCOMES.filter((name) => totals.outcomes[name] > 0);
    const bar = Dom.el("div", { class: "outcome-bar", "aria-hidden": "true" });
    for (const name of known) {
      const part = Dom.el("span", { class: `out-${name}` });
      part.style.flexGrow = totals.outcomes[name];
      bar.append(part);
    }
    const list = Data.OUTCOMES.map((name) =>
      Dom.el(
        "li",
        { "data-figure": `outcome-${name}`, "data-value": totals.outcomes[name], hidden: !totals.outcomes[name] },
        Theme.swatch(name),
        `${Format.count(totals.outcomes[name])} `,
        Dom.el("span", { class: "quiet-text" }, Data.OUTCOME_NAMES[name]),
      ),
    );
    return Dom.set(
      Dom.byId("outcomes"),
      Dom.el("h3", null, "How the processes exited"),
      bar,
      Dom.el("ul", null, list),
    );
  }

  const HEARING = {
    complete: "pscan heard every birth and exit.",
    lossy: "pscan heard births and exits, and missed some of them.",
    exits: "pscan heard exits. Births come from scans.",
    polling: "Births and exits come from scans. Processes that lived between two scans are unseen.",
  };

  function notes() {
    const { hearing, unseen_at_most: unseen } = totals;
    const facts = [HEARING[hearing], ...report.notes.map((note) => Text.cut(note, 600))];
    if (unseen === null) facts.push("The number of unseen processes is unknown.");
    else if (unseen > 0) facts.push(`At most ${Text.plural(unseen, "process", "processes")} lived unseen.`);
    const complete = hearing === "complete" && report.notes.length === 0 && unseen === 0;
    const box = Dom.byId("notes");
    box.classList.toggle("notes-good", complete);
    Dom.set(
      box,
      Dom.el("h3", null, complete ? "No losses are known" : "What may be missing"),
      Dom.el("ul", null, facts.filter(Boolean).map((fact) => Dom.el("li", { dir: "auto" }, fact))),
    );
  }

  function foot() {
    Dom.set(
      Dom.byId("foot"),
      Dom.el("p", null, `Made by pscan ${Text.cut(report.pscan, 40)} from ${Text.cut(report.recording, 120)}. `,
        "This file contains all its data and loads nothing from the network. Command lines are redacted as in the recording."),
      Dom.el("p", null, "CPU is in percent of one core. MB are 10⁶ bytes. A dash (–) is an unknown value. Charts: uPlot, MIT licence."),
    );
  }

  function start() {
    head();
    figures();
    outcomes();
    notes();
    foot();
  }

  return { start };
})();
