// The picture of lives: bars over time below their parents. Only the rows on the screen exist.

const Lives = (() => {
  const { state } = State;
  const { layout } = Chart;
  const picture = Dom.byId("lives-picture");
  const axis = Dom.el("canvas", { class: "lives-axis", "aria-hidden": "true" });
  const canvas = Dom.el("canvas", { "aria-hidden": "true" });
  const labels = Dom.el("div", { class: "lives-labels", role: "presentation" });
  const plot = Dom.el("div", { class: "lives-plot", role: "presentation" });
  const cursor = Dom.el("div", { class: "lives-cursor", hidden: true, role: "presentation" });
  const selection = Dom.el("div", { class: "lives-selection", hidden: true, role: "presentation" });
  const view = Dom.el("div", { class: "lives-view", role: "presentation" }, canvas, labels, cursor, selection, plot);
  const space = Dom.el("div", { class: "lives-space", role: "presentation" }, view);
  const scroll = Dom.el("div", { class: "lives-scroll", id: "lives-tree", role: "tree", tabindex: "0", "aria-label": "Lives" }, space);

  let rows = [];
  let active = null;
  let hover = null;
  let drag = null;

  const narrow = () => layout.gutter === 0;
  const rowHeight = () => (narrow() ? 36 : 22);
  const left = () => layout.gutter + layout.axis;
  const timeAt = (x) => state.from + ((x - left()) / layout.width) * (state.to - state.from);

  function size() {
    const height = rows.length * rowHeight();
    const most = Math.max(240, Math.min(640, Math.round(window.innerHeight * 0.7)));
    const shown = Math.max(rowHeight(), Math.min(height, most));
    scroll.style.height = `${shown}px`;
    space.style.height = `${Math.max(height, shown)}px`;
    view.style.height = `${shown}px`;
    plot.style.left = narrow() ? "0px" : `${left()}px`;
    plot.style.width = `${layout.width + (narrow() ? left() : 0)}px`;
    const bar = scroll.offsetWidth - scroll.clientWidth;
    scroll.style.marginRight = `${-Math.min(bar, 16)}px`;
    return shown;
  }

  // Draws the rows that are on the screen.
  function draw() {
    if (state.printing || !picture.isConnected) return;
    const height = scroll.clientHeight;
    const row = rowHeight();
    const top = scroll.scrollTop;
    const first = Math.max(0, Math.floor(top / row));
    const last = Math.min(rows.length - 1, Math.floor((top + height - 1) / row));
    const scale = devicePixelRatio;
    LivesPaint.axis(axis, left(), layout.width, layout.right, scale);
    LivesPaint.rows(canvas, rows, first, last, {
      left: left(), width: layout.width, right: layout.right, height, row, top, scale, active, hover,
      bar: narrow() ? 10 : 12, below: 5,
    });
    const items = [];
    for (let at = first; at <= last; at += 1) {
      const i = rows[at];
      const item = Dom.el(
        "div",
        {
          role: "treeitem", id: `life-${i}`, "data-life": i, "aria-level": Data.depth[i] + 1, "aria-posinset": at + 1,
          "aria-setsize": rows.length, "aria-selected": String(at === active), "aria-label": Card.sentence(i),
          class: at === active ? "life active" : "life",
        },
        LivesRows.label(i),
      );
      item.style.top = `${at * row - top}px`;
      items.push(item);
    }
    Dom.set(labels, items);
    if (active !== null && rows[active] !== undefined) scroll.setAttribute("aria-activedescendant", `life-${rows[active]}`);
    else scroll.removeAttribute("aria-activedescendant");
    picture.dataset.from = state.from;
    picture.dataset.to = state.to;
  }

  const request = Dom.perFrame(draw);

  // Chooses the rows anew. Keeps the focused life if it is still there.
  function update() {
    const life = active === null ? null : rows[active];
    rows = LivesRows.choose();
    active = life === null ? null : rows.indexOf(life);
    if (active === -1) active = null;
    hover = null;
    Dom.set(Dom.byId("lives-count"), LivesRows.count(rows));
    picture.hidden = rows.length === 0;
    Dom.byId("lives-key").hidden = Data.lifeCount === 0;
    Dom.byId("lives").dataset.shown = rows.length;
    size();
    request();
  }

  function showCursor() {
    const within = state.cursor !== null && state.cursor >= state.from && state.cursor <= state.to;
    cursor.hidden = !within;
    if (within) cursor.style.transform = `translateX(${LivesPaint.scaleX(left(), layout.width)(state.cursor)}px)`;
  }

  // Makes a row the focused one and shows its details.
  function focus(at) {
    if (rows.length === 0) return;
    active = Math.min(rows.length - 1, Math.max(0, at));
    const row = rowHeight();
    const top = active * row;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (top + row > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = top + row - scroll.clientHeight;
    draw();
    const box = scroll.getBoundingClientRect();
    const x = LivesPaint.scaleX(left(), layout.width)(Math.max(state.from, Data.begin(rows[active])));
    Card.show(rows[active], box.left + Math.min(x, left() + layout.width * 0.6), box.top + top - scroll.scrollTop + row / 2);
  }

  function zoomTo(i) {
    const begin = Math.max(Data.begin(i), Data.bounds.from);
    const stop = Math.min(Data.end(i), Data.bounds.to);
    const margin = Math.max(20, (stop - begin) * 0.1);
    State.setRange(begin - margin, stop + margin);
  }

  function key(event) {
    const page = Math.max(1, Math.floor(scroll.clientHeight / rowHeight()) - 1);
    const steps = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity };
    if (event.key in steps) focus(active === null ? Math.floor(scroll.scrollTop / rowHeight()) : active + steps[event.key]);
    else if (event.key === "Enter" && active !== null) zoomTo(rows[active]);
    else if (!Range.key(event)) return;
    event.preventDefault();
  }

  function place(event) {
    const box = scroll.getBoundingClientRect();
    const x = event.clientX - box.left;
    const at = Math.floor((event.clientY - box.top + scroll.scrollTop) / rowHeight());
    return { x, at: at >= 0 && at < rows.length ? at : null };
  }

  // Returns whether the pointer is on the label or the bar of a life.
  function hits(x, i) {
    if (x < left()) return true;
    const at = LivesPaint.scaleX(left(), layout.width);
    return x >= at(Data.begin(i)) - 6 && x <= at(Math.min(Data.end(i), Data.bounds.to)) + 6;
  }

  function move(event) {
    const { x, at } = place(event);
    State.setCursor(x >= left() - 4 && x <= left() + layout.width + 4 ? Math.min(state.to, Math.max(state.from, timeAt(x))) : null);
    if (drag) {
      const edge = Math.min(left() + layout.width, Math.max(left(), x));
      drag.to = edge;
      selection.hidden = Math.abs(drag.to - drag.from) < 4;
      selection.style.left = `${Math.min(drag.from, drag.to)}px`;
      selection.style.width = `${Math.abs(drag.to - drag.from)}px`;
      Card.hide();
      return;
    }
    if (at !== hover) {
      hover = at;
      request();
    }
    // Beside the labels, so that the next ones stay readable.
    const beside = !narrow() && x < left() ? event.clientX - x + left() : event.clientX;
    if (at !== null && hits(x, rows[at])) Card.show(rows[at], beside, event.clientY);
    else Card.hide();
  }

  function leave() {
    hover = null;
    Card.hide();
    State.setCursor(null);
    request();
  }

  function up() {
    const done = drag;
    drag = null;
    selection.hidden = true;
    if (!done || Math.abs(done.to - done.from) < 4) return;
    scroll.dataset.dragged = "";
    State.setRange(timeAt(Math.min(done.from, done.to)), timeAt(Math.max(done.from, done.to)));
  }

  function listen() {
    let before = null;
    scroll.addEventListener("scroll", request, { passive: true });
    scroll.addEventListener("keydown", key);
    scroll.addEventListener("blur", Card.hide);
    scroll.addEventListener("focus", () => scroll.matches(":focus-visible") && focus(active ?? 0));
    view.addEventListener("pointermove", move);
    view.addEventListener("pointerleave", leave);
    view.addEventListener("pointerdown", (event) => {
      const { x } = place(event);
      delete scroll.dataset.dragged;
      if (event.button !== 0 || event.pointerType === "touch" || x < left()) return;
      drag = { from: x, to: x };
      view.setPointerCapture(event.pointerId);
    });
    view.addEventListener("pointerup", up);
    view.addEventListener("pointercancel", up);
    view.addEventListener("click", (event) => {
      const { x, at } = place(event);
      if ("dragged" in scroll.dataset) return;
      if (x < left()) {
        if (at !== null) active = at;
        request();
      } else {
        if (event.detail === 1) before = state.moment;
        State.setMoment(event.detail === 1 ? timeAt(x) : before);
      }
    });
    view.addEventListener("dblclick", State.reset);
  }

  function keyOfColours() {
    const used = new Set(Data.lives.outcome);
    const entries = ["ok", "failed", "signal", "out_of_memory", "unknown", "running"].filter((o) => used.has(o));
    Dom.set(
      Dom.byId("lives-key"),
      entries.map((o) => Dom.el("span", null, Theme.swatch(o), Data.OUTCOME_NAMES[o])),
      Dom.el("span", { class: "quiet-text" }, "Pointed left end: started earlier or at an unknown time. Pointed right end: still running."),
      Data.lives.name.some((name) => name === null)
        ? Dom.el("span", { class: "quiet-text" }, Dom.name(null, 80, "life-name"), ": the process ended before its name was read.")
        : null,
      Data.lives.programs.some((p) => p) ? Dom.el("span", { class: "quiet-text" }, Dom.el("span", { class: "exec-mark", "aria-hidden": "true" }), "ran another program (exec)") : null,
    );
  }

  function start() {
    picture.append(axis, scroll);
    keyOfColours();
    listen();
    State.on("range filter", update);
    State.on("moment theme", request);
    State.on("cursor", showCursor);
    update();
  }

  return { start, update, size, draw, get rows() { return rows; } };
})();
