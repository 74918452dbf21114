// Draws the small curves of tables as SVG.

const Curve = (() => {
  const WIDTH = 96;
  const HEIGHT = 22;

  // Returns a small area curve; unknown values are gaps.
  function draw(values, kind, text) {
    const known = (values || []).filter((v) => v !== null);
    if (known.length === 0) return Dom.unknown();
    const top = Math.max(...known, Number.MIN_VALUE);
    const step = WIDTH / values.length;
    const y = (v) => (HEIGHT - 1 - (v / top) * (HEIGHT - 3)).toFixed(1);
    let line = "";
    let area = "";
    for (let i = 0; i < values.length; ) {
      if (values[i] === null) {
        i += 1;
        continue;
      }
      const first = i;
      let path = "";
      for (; i < values.length && values[i] !== null; i += 1) {
        path += `${i === first ? "M" : "L"}${(i * step).toFixed(1)} ${y(values[i])}H${((i + 1) * step).toFixed(1)}`;
      }
      line += path;
      area += `${path}V${HEIGHT - 1}H${(first * step).toFixed(1)}Z`;
    }
    return Dom.svg(
      "svg",
      { class: `curve curve-${kind}`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "img", "aria-label": text },
      Dom.svg("path", { class: "curve-area", d: area }),
      Dom.svg("path", { class: "curve-line", d: line }),
    );
  }

  return { draw };
})();
