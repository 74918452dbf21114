// Shows the details of one life next to the pointer or the focused row.

const Card = (() => {
  const { lives } = Data;
  const card = Dom.byId("card");
  let shown = null;

  function when(i) {
    const first = Time.moment(Data.begin(i), 0);
    if (lives.start_ms[i] === null) return `start unknown, first seen ${Time.moment(lives.first_seen_ms[i], 0)}`;
    return Data.openLeft(i) ? `${first}, before the recording` : first;
  }

  function ran(i) {
    if (lives.start_ms[i] === null) return null;
    const until = lives.end_ms[i] ?? Data.report.to_ms;
    return Format.duration(until - lives.start_ms[i]) + (lives.outcome[i] === "running" ? `, ${running(i)}` : "");
  }

  // A life can leave with its recording: the next one does not have it.
  const running = (i) => (lives.end_ms[i] === null ? Data.OUTCOME_NAMES.running : "there when its recording ended");

  // "exit 1", "SIGKILL (out of memory)", "still running"
  function ending(i) {
    const name = lives.outcome[i] === "running" ? running(i) : Data.OUTCOME_NAMES[lives.outcome[i]] || lives.outcome[i];
    const exit = lives.exit[i];
    if (exit === null) return name;
    return lives.outcome[i] === "out_of_memory" ? `${Text.cut(exit, 60)} (${name})` : Text.cut(exit, 60);
  }

  // The same details in one sentence, for screen readers.
  function sentence(i) {
    const cpu = lives.cpu_ms[i] === null ? "unknown" : Format.duration(lives.cpu_ms[i]);
    const memory = lives.peak_rss_bytes[i] === null ? "unknown" : Format.bytes(lives.peak_rss_bytes[i]);
    return (
      `${Text.name(lives.name[i], 60)}, pid ${lives.pid[i]}, ${ending(i)}, ran for ${ran(i) ?? "an unknown time"}, ` +
      `CPU ${cpu}, memory at most ${memory}` +
      (lives.command[i] === null ? "" : `, command line ${Text.cut(lives.command[i], 200)}`)
    );
  }

  function fill(i) {
    const row = (label, content) => (content === null ? [] : [Dom.el("dt", null, label), Dom.el("dd", null, content)]);
    const text = (known) => Dom.value(known, (t) => Text.cut(t, 120));
    const programs = lives.programs[i];
    Dom.set(
      card,
      Dom.el(
        "div",
        { class: "card-head" },
        Dom.el("strong", null, Text.name(lives.name[i], 80)),
        Dom.el("span", { class: "quiet-text" }, `pid ${lives.pid[i]}`),
      ),
      Dom.el("p", { class: "card-ending" }, Theme.swatch(lives.outcome[i]), ending(i)),
      Dom.el(
        "dl",
        null,
        row("Started", when(i)),
        row(lives.outcome[i] === "running" ? "Last seen" : "Exited", lives.end_ms[i] === null ? null : Time.moment(lives.end_ms[i], 0)),
        row("Ran for", Dom.value(ran(i), String)),
        row("CPU", Dom.value(lives.cpu_ms[i], Format.duration)),
        row("Memory", Dom.value(lives.peak_rss_bytes[i], (n) => `at most ${Format.bytes(n)}`)),
        row("User", text(lives.user[i])),
        lives.unit[i] === null ? [] : row("Unit", text(lives.unit[i])),
        lives.container[i] === null ? [] : row("Container", text(lives.container[i])),
        programs ? row("Programs", programs.slice(0, 8).map(([, name]) => Text.name(name, 40)).join(" → ")) : [],
      ),
      Dom.el("p", { class: "card-command" }, Dom.value(lives.command[i], (t) => Text.cut(t, 600))),
    );
  }

  // Shows the card near a point of the window.
  function show(i, x, y) {
    if (shown !== i) fill(i);
    shown = i;
    card.hidden = false;
    const { width, height } = card.getBoundingClientRect();
    const room = { width: document.documentElement.clientWidth, height: window.innerHeight };
    const left = x + 16 + width > room.width ? Math.max(8, Math.min(x - 16 - width, room.width - width - 8)) : x + 16;
    const top = y + 18 + height > room.height ? Math.max(8, y - 14 - height) : y + 18;
    card.style.left = `${left}px`;
    card.style.top = `${top}px`;
  }

  function hide() {
    card.hidden = true;
    shown = null;
  }

  return { show, hide, sentence, ending, when };
})();
