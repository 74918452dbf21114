// Chooses light or dark, and gives the canvases their colours and patterns.

const Theme = (() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  let choice = "auto";
  let colors = {};
  const tiles = new Map();

  function read() {
    const style = getComputedStyle(root);
    const get = (name) => style.getPropertyValue(`--${name}`).trim();
    colors = {};
    for (const name of ["ink", "muted", "line", "page", "accent", "grid", "gap", "births", "exits"]) colors[name] = get(name);
    for (const name of ["ok", "failed", "signal", "out_of_memory", "unknown", "running"]) colors[name] = get(`out-${name}`);
    colors.groups = Array.from({ length: 12 }, (_, i) => get(`group-${i}`));
    for (const name of ["other", "none", "kernel"]) colors[name] = get(`group-${name}`);
    tiles.clear();
  }

  function apply() {
    const isDark = !State.state.printing && (choice === "dark" || (choice === "auto" && dark.matches));
    root.dataset.theme = isDark ? "dark" : "light";
    read();
    State.notify("theme");
  }

  function start() {
    const buttons = [...document.querySelectorAll("[data-theme-choice]")];
    for (const button of buttons) {
      button.addEventListener("click", () => {
        choice = button.dataset.themeChoice;
        for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
        apply();
      });
    }
    dark.addEventListener("change", apply);
    apply();
  }

  // Draws the pattern of an outcome over its colour; `ok` and `running` are plain.
  function tile(outcome, scale) {
    const size = Math.round(6 * scale);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = size;
    const c = canvas.getContext("2d");
    c.fillStyle = colors[outcome];
    c.fillRect(0, 0, size, size);
    c.strokeStyle = colors.page;
    c.globalAlpha = 0.75;
    c.lineWidth = size / 4;
    const line = (x1, y1, x2, y2) => {
      c.beginPath();
      c.moveTo(x1 * size, y1 * size);
      c.lineTo(x2 * size, y2 * size);
      c.stroke();
    };
    if (outcome === "failed" || outcome === "out_of_memory") for (const k of [-1, 0, 1]) line(k - 0.25, 1.25, k + 1.25, -0.25);
    if (outcome === "out_of_memory") for (const k of [-1, 0, 1]) line(k - 0.25, -0.25, k + 1.25, 1.25);
    if (outcome === "signal") line(0.5, 0, 0.5, 1);
    if (outcome === "unknown") line(0, 0.5, 1, 0.5);
    return canvas;
  }

  // Returns a fill style for an outcome. `scale`: canvas pixels per CSS pixel.
  function outcome(context, name, scale) {
    if (name === "ok" || name === "running") return colors[name];
    const key = `${name} ${scale}`;
    if (!tiles.has(key)) tiles.set(key, context.createPattern(tile(name, scale), "repeat"));
    return tiles.get(key);
  }

  // Returns the colour of a group, by its place among the named ones.
  const group = (kind, place) => (kind === "named" ? colors.groups[place % colors.groups.length] : colors[kind] || colors.other);

  // A small picture of an outcome's colour and pattern for legends.
  function swatch(name, letter = true) {
    return Dom.el("span", { class: `swatch out-${name}`, "aria-hidden": "true" }, letter ? Data.OUTCOME_LETTERS[name] : "");
  }

  return { start, apply, outcome, group, swatch, get colors() { return colors; } };
})();
