// Prepares the page for paper: light colours, charts as wide as the paper, all rows.

const Print = (() => {
  const { state } = State;
  const { layout } = Chart;
  const ROWS = 66;
  const FIRST_ROWS = 54; // below the heading
  const ROW = 13;

  // Draws all lives as pieces that fit on a sheet of paper.
  function lives() {
    const place = Dom.byId("lives-print");
    const { rows } = Lives;
    const left = layout.gutter + layout.axis;
    Dom.set(place);
    for (let first = 0, next; first < rows.length; first = next) {
      next = first + (first === 0 ? FIRST_ROWS : ROWS);
      const piece = rows.slice(first, next);
      const canvas = Dom.el("canvas", { "aria-hidden": "true" });
      const axis = Dom.el("canvas", { "aria-hidden": "true" });
      LivesPaint.axis(axis, left, layout.width, layout.right, 2);
      LivesPaint.rows(canvas, piece, 0, piece.length - 1, {
        left, width: layout.width, right: layout.right, height: piece.length * ROW, row: ROW, top: 0, scale: 2,
        active: null, hover: null, bar: 8, below: 2,
      });
      const labels = Dom.el("div", { class: "print-labels" }, piece.map((i) => Dom.el("div", null, LivesRows.label(i))));
      place.append(Dom.el("div", { class: "print-piece" }, axis, Dom.el("div", { class: "print-rows" }, canvas, labels)));
    }
  }

  function prepare(printing) {
    state.printing = printing;
    Card.hide();
    Theme.apply();
    Charts.measure();
    Chart.resize();
    if (printing) lives();
    else {
      Dom.set(Dom.byId("lives-print"));
      Lives.update();
    }
    State.notify("print");
  }

  function start() {
    addEventListener("beforeprint", () => prepare(true));
    addEventListener("afterprint", () => prepare(false));
  }

  return { start };
})();
