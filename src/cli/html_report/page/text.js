// Makes hostile text readable. Other programs choose their names and command lines.

const Text = (() => {
  // The characters that `process_scanner::escape` escapes: controls, and those that hide or reorder text.
  const CONTROLS = new RegExp(
    "[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b-\\u200f" +
      "\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb\\ud800-\\udfff" +
      "\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e007f}]",
    "gu",
  );
  const SHORT = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

  function escaped(c) {
    const code = c.codePointAt(0);
    if (SHORT[c]) return SHORT[c];
    const hex = code.toString(16);
    return code < 0x80 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`;
  }

  // Escapes control characters, as `\n`, `\x1b` and `\u{202e}`.
  const safe = (text) => String(text).replace(CONTROLS, escaped);

  // Escapes and cuts a text. Does not split a character.
  function cut(text, most) {
    const whole = safe(text);
    if (whole.length <= most) return whole;
    const end = whole.slice(0, most);
    return (/[\ud800-\udbff]$/.test(end) ? end.slice(0, -1) : end) + "…";
  }

  // A name for display; an empty or unknown one would be invisible.
  const name = (text, most = 200) => (text === null ? "name unknown" : text === "" ? "(empty name)" : cut(text, most));

  const plural = (n, one, more = `${one}s`) => `${Format.count(n)} ${n === 1 ? one : more}`;

  return { safe, cut, name, plural };
})();
