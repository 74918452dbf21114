// Chooses the rows of the picture of lives, and writes their labels.

const LivesRows = (() => {
  const { lives, lifeCount } = Data;
  const { state } = State;

  // Returns the lives that the range and the filter leave, in tree order.
  function choose() {
    const rows = [];
    for (let i = 0; i < lifeCount; i += 1) {
      if (!Filter.related[i] || Data.end(i) < state.from) continue;
      if (Math.min(Data.begin(i), lives.first_seen_ms[i]) <= state.to) rows.push(i);
    }
    return rows;
  }

  function label(i) {
    const row = Dom.el(
      "span",
      { class: Filter.matching[i] ? "life-label" : "life-label dim" },
      Dom.name(lives.name[i], 80, "life-name"),
      Dom.el("span", { class: "life-pid" }, String(lives.pid[i])),
    );
    row.style.paddingLeft = `${Math.min(Data.depth[i], 9) * (state.printing ? 8 : 12)}px`;
    return row;
  }

  function count(rows) {
    const { lives_total: total, lives_rule: rule } = Data.report;
    if (lifeCount === 0) return "The recording contains no lives.";
    const parts = [];
    if (lifeCount < total) {
      parts.push(`${Format.count(lifeCount)} of ${Text.plural(total, "life", "lives")}: those that are ${Text.cut(rule, 120)}, with their parents. The other ${Format.count(total - lifeCount)} are counted in the figures and charts.`);
    } else parts.push(`${total === 1 ? "The only life" : `All ${Text.plural(total, "life", "lives")}`} of the recording, each below its parent.`);
    if (Filter.active()) parts.push(`${Text.plural(Filter.matches, "life matches", "lives match")} the filter; parents are dimmed.`);
    if (State.zoomed()) parts.push(`${Text.plural(rows.length, "life is", "lives are")} in the visible range.`);
    return parts.join(" ");
  }

  return { choose, label, count };
})();
