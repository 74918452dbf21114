// A table that is sorted by its column heads and shows its first rows until all are asked for.

const Table = (() => {
  // Compares numbers and texts; unknown values come last in either direction.
  function compare(a, b, down) {
    if (a === null || b === null) return (a === null) - (b === null);
    const order = typeof a === "string" ? a.localeCompare(b, "en") : a - b;
    return down ? -order : order;
  }

  // Makes a table in `place`. A column: {key, title, numeric, value(row), cell(row), wide, sortable}.
  function make({ place, id, caption, columns, sort, most, attribute }) {
    const body = Dom.el("tbody");
    const more = Dom.el("button", { type: "button", class: "more screen-only", hidden: true, onclick: () => showAll() }, "Show all");
    const heads = columns.map((column) => {
      const button =
        column.sortable === false
          ? Dom.el("span", { class: column.quiet ? "hidden" : null }, column.title)
          : Dom.el("button", { type: "button", "data-sort": column.key, onclick: () => by(column.key) }, column.title, Dom.el("span", { class: "arrow", "aria-hidden": "true" }));
      return Dom.el("th", { scope: "col", class: classOf(column) }, button);
    });
    const table = Dom.el("table", { id }, Dom.el("caption", { class: "hidden" }, caption), Dom.el("thead", null, Dom.el("tr", null, heads)), body);
    const current = { key: sort, down: true };
    let rows = [];
    let all = false;
    Dom.set(place, Dom.el("div", { class: "table-box" }, table), more);

    function classOf(column) {
      return [column.numeric ? "number" : "", column.wide ? "wide" : "", column.class || ""].join(" ").trim() || null;
    }

    function by(key) {
      const column = columns.find((c) => c.key === key);
      current.down = current.key === key ? !current.down : Boolean(column.numeric);
      current.key = key;
      render();
    }

    function showAll() {
      all = true;
      render();
    }

    function render() {
      const column = columns.find((c) => c.key === current.key);
      if (column) rows.sort((a, b) => compare(column.value(a), column.value(b), current.down));
      heads.forEach((head, i) => {
        if (columns[i].key === current.key) head.setAttribute("aria-sort", current.down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
      const shown = all || State.state.printing ? rows : rows.slice(0, most);
      Dom.set(
        body,
        shown.map((row) =>
          Dom.el("tr", { [attribute.name]: attribute.value(row) }, columns.map((c, i) => Dom.el(i === 0 ? "th" : "td", { class: classOf(c), scope: i === 0 ? "row" : null }, c.cell(row)))),
        ),
      );
      more.hidden = shown.length === rows.length;
      more.textContent = `Show all ${Format.count(rows.length)}`;
      place.hidden = rows.length === 0;
    }

    function show(list) {
      rows = [...list];
      render();
    }

    return { show, render };
  }

  return { make };
})();
