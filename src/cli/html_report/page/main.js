// Starts the parts of the page in order.

Time.setOffset(Data.report.utc_offset_minutes);
Summary.start();
Filter.start();
Theme.start();
Charts.start();
Lives.start();
Moment.start();
Programs.start();
Range.start();
Print.start();

// The pictures follow the width of the page, in the frame in which it changes.
const pictures = Dom.byId("charts");
let pageWidth = pictures.clientWidth;

function fit() {
  if (State.state.printing) return;
  if (pictures.clientWidth !== pageWidth) {
    pageWidth = pictures.clientWidth;
    Charts.measure();
    Chart.resize();
  }
  Lives.update();
  Lives.draw();
}

new ResizeObserver(() => pictures.clientWidth !== pageWidth && fit()).observe(pictures);
addEventListener("resize", Dom.perFrame(fit));

requestAnimationFrame(() => requestAnimationFrame(() => {
  document.documentElement.dataset.ready = Math.round(performance.now());
}));
