// Shows the visible range, and changes it by buttons and keys.

const Range = (() => {
  const { state } = State;
  const root = document.documentElement;

  function show() {
    const whole = !State.zoomed();
    const span = state.to - state.from;
    const text = `${Time.moment(state.from, span)} – ${Time.moment(state.to, span)}`;
    root.dataset.from = state.from;
    root.dataset.to = state.to;
    Dom.set(
      Dom.byId("range"),
      Dom.el("strong", null, text),
      Dom.el("span", { class: "quiet-text" }, whole ? "" : ` ${Format.duration(span)}`),
    );
    Dom.byId("zoom-reset").disabled = whole;
    Dom.byId("zoom-out").disabled = whole;
  }

  // Handles the keys that all pictures share. Returns whether the key was one of them.
  function key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return false;
    const span = state.to - state.from;
    switch (event.key) {
      case "+":
      case "=":
        State.zoom(0.5);
        return true;
      case "-":
      case "−":
        State.zoom(2);
        return true;
      case "ArrowLeft":
      case "ArrowRight": {
        const sign = event.key === "ArrowLeft" ? -1 : 1;
        if (event.shiftKey) State.setCursor((state.cursor ?? (state.from + state.to) / 2) + (sign * span) / 100);
        else State.pan(sign * 0.2);
        return true;
      }
      case "Enter":
        State.setMoment(state.cursor ?? (state.from + state.to) / 2);
        return true;
      default:
        return false;
    }
  }

  function start() {
    Dom.byId("zoom-in").addEventListener("click", () => State.zoom(0.5, (state.from + state.to) / 2));
    Dom.byId("zoom-out").addEventListener("click", () => State.zoom(2, (state.from + state.to) / 2));
    Dom.byId("zoom-reset").addEventListener("click", State.reset);
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      Card.hide();
      State.reset();
    });
    State.on("range", show);
    show();
  }

  return { start, key };
})();
