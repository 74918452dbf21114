// Creates elements. Text is set as text: no function of this page parses HTML.

const Dom = (() => {
  const SVG = "http://www.w3.org/2000/svg";

  function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : String(value));
    }
    for (const child of children.flat()) {
      if (child === null || child === undefined) continue;
      node.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return node;
  }

  // Creates an HTML element. An attribute `onclick` is a listener, not markup.
  const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

  const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

  const byId = (id) => document.getElementById(id);

  // Replaces the content of a node.
  const set = (node, ...children) => fill((node.replaceChildren(), node), null, children);

  // Shows an unknown value.
  const unknown = () => el("span", { class: "unknown", title: "unknown", role: "img", "aria-label": "unknown" }, "–");

  // Shows a known value by `format`, or that it is unknown.
  const value = (known, format) => (known === null || known === undefined ? unknown() : format(known));

  // Shows a name that another program chose, or that it is unknown: quietly, because a process can have any name.
  const UNREAD = "The process ended before its name was read.";
  const name = (text, most, cls) =>
    text === null ? el("span", { class: `${cls} name-unknown`, title: UNREAD }, Text.name(null)) : el("bdi", { class: cls }, Text.name(text, most));

  // Runs a function once per frame, however often it is asked for.
  function perFrame(run) {
    let waiting = 0;
    const request = () => {
      waiting ||= requestAnimationFrame(() => {
        waiting = 0;
        run();
      });
    };
    return request;
  }

  return { el, svg, byId, set, unknown, value, name, perFrame };
})();
