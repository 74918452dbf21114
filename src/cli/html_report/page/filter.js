// Filters lives by words and outcomes. A word matches name, command line, pid, user, unit or container.

const Filter = (() => {
  const { lives, lifeCount } = Data;
  const { state } = State;
  const input = Dom.byId("search");
  const ORDER = ["running", ...Data.OUTCOMES];
  const matching = new Uint8Array(lifeCount).fill(1);
  const related = new Uint8Array(lifeCount).fill(1);
  const programs = new Set();
  let haystack = null;
  let matches = lifeCount;

  function text(i) {
    haystack ||= new Array(lifeCount);
    haystack[i] ||= [lives.name[i], lives.command[i], lives.user[i], lives.unit[i], lives.container[i]]
      .filter((part) => part !== null)
      .concat(`pid ${lives.pid[i]}`)
      .join("\n")
      .toLowerCase();
    return haystack[i];
  }

  const active = () => state.words.length > 0 || state.outcomes.size > 0;

  // A number matches a whole pid, and any other text in part.
  const wordMatches = (i, word) => String(lives.pid[i]) === word || text(i).includes(word);

  function run() {
    matches = 0;
    programs.clear();
    related.fill(0);
    for (let i = 0; i < lifeCount; i += 1) {
      const outcome = state.outcomes.size === 0 || state.outcomes.has(lives.outcome[i]);
      matching[i] = outcome && state.words.every((word) => wordMatches(i, word)) ? 1 : 0;
      if (!matching[i]) continue;
      matches += 1;
      programs.add(lives.name[i]);
      for (let at = i; at !== null && !related[at]; at = Data.parents[at]) related[at] = 1;
    }
    Dom.set(Dom.byId("filter-status"), active() ? `${Text.plural(matches, "life matches", "lives match")} the filter.` : "All lives are shown.");
    State.notify("filter");
  }

  // Returns whether a program's row is shown.
  function program(row) {
    if (!active() || programs.has(row.name)) return true;
    if (state.outcomes.size > 0) return false;
    const name = row.name?.toLowerCase() ?? "";
    return state.words.every((word) => name.includes(word));
  }

  function toggle(outcome) {
    if (!state.outcomes.delete(outcome)) state.outcomes.add(outcome);
    for (const chip of document.querySelectorAll("#chips [data-outcome]")) {
      chip.setAttribute("aria-pressed", String(state.outcomes.has(chip.dataset.outcome)));
    }
    run();
  }

  // Reads the box. `outcome:failed` becomes a chip.
  function read() {
    const rest = [];
    for (const word of input.value.split(/\s+/)) {
      const outcome = /^outcome:(\w+)$/i.exec(word)?.[1].toLowerCase();
      if (outcome && ORDER.includes(outcome)) {
        if (!state.outcomes.has(outcome)) toggle(outcome);
        input.value = input.value.replace(word, "").trimStart();
      } else if (word) rest.push(word.toLowerCase());
    }
    state.words = rest;
    run();
  }

  function start() {
    const counts = {};
    for (const outcome of lives.outcome) counts[outcome] = (counts[outcome] || 0) + 1;
    Dom.set(
      Dom.byId("chips"),
      ORDER.filter((name) => counts[name]).map((name) =>
        Dom.el(
          "button",
          { type: "button", class: "chip", "data-outcome": name, "aria-pressed": "false", onclick: () => toggle(name) },
          Theme.swatch(name),
          Data.OUTCOME_NAMES[name],
          Dom.el("span", { class: "chip-count" }, Format.count(counts[name])),
        ),
      ),
    );
    let waiting = 0;
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(read, 80);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") read();
      if (event.key === "Escape" && input.value) {
        input.value = "";
        read();
        event.stopPropagation();
      }
    });
  }

  return { start, active, matching, related, program, get matches() { return matches; } };
})();
