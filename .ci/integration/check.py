#!/usr/bin/env python3
"""Checks report pages in headless Chromium.

    check.py PAGE.html...

Opens each page from its file and compares what it shows with the data in it, which the tests of the crate compare with
a fold of the recording. Prints one line for each check and
ends with status 1 if one failed. Needs chromium and chromedriver (Debian: chromium, chromium-driver).
"""

import json
import re
import sys
import time
from pathlib import Path

from browser import Browser
from results import Results

PICTURES = ("cpu", "memory", "processes", "rates", "outcomes", "lives")
OUTCOMES = ("ok", "failed", "signal", "out_of_memory", "unknown")


class Check(Results):
    """Checks of one page."""

    def __init__(self, browser, report, page):
        super().__init__()
        self.browser, self.report, self.page = browser, report, page

    def run(self, name, check):
        self.note(f"{self.page.name}: {name}", check)

    # What the page shows at first.

    def opens(self):
        ms = self.browser.open(self.page)
        return f"usable after {ms} ms, {self.page.stat().st_size:,} bytes"

    def console_is_empty(self):
        messages = [f"{m['level']}: {m['message'][:300]}" for m in self.browser.console()]
        equal(messages, [], "messages on the console")

    def policy_is_strict(self):
        policy = self.browser.run("return document.querySelector('meta[http-equiv]').content")
        for word in ("unsafe-inline", "unsafe-eval", "http:", "https:", "*"):
            assert word not in policy, f"the policy contains {word}: {policy}"
        # The policy must really forbid what it does not list.
        self.browser.run(
            "window.ran = false; document.addEventListener('securitypolicyviolation', () => document.body.dataset.stopped = '');"
            "const s = document.createElement('script'); s.textContent = 'window.ran = true'; document.body.append(s); s.remove()"
        )
        self.browser.wait("return 'stopped' in document.body.dataset", "the policy stops an added script")
        equal(self.browser.run("return window.ran"), False, "an added script ran")
        self.browser.console()  # the violation that this check made

    def figures_equal_the_data(self):
        totals = self.report["totals"]
        expected = {
            "processes": totals["processes_most"],
            "births": totals["births"],
            "exits": totals["exits"],
            "failures": totals["failures"],
            "cpu": totals["cpu_ms"],
            "memory": totals["rss_most_bytes"],
            "scans": totals["scans"],
        }
        if totals["exits"]:
            expected |= {f"outcome-{name}": totals["outcomes"][name] for name in OUTCOMES}
        shown = self.browser.run(
            "return [...document.querySelectorAll('[data-figure]')].map(e => [e.dataset.figure, e.dataset.value ?? null, e.innerText])"
        )
        values = {name: None if value is None else float(value) for name, value, _ in shown}
        equal(values, {k: None if v is None else float(v) for k, v in expected.items()}, "figures")
        for name, value, text in shown:
            if name in ("births", "exits", "failures", "scans", "processes") and value is not None:
                assert f"{int(value):,}" in text, f"the text of {name} is {text!r}, without {int(value):,}"
        return f"{len(values)} figures"

    def notes_are_shown(self):
        shown = self.browser.run("return document.querySelector('#notes').textContent")
        for note in self.report["notes"]:
            plain = re.sub(r"[^\x20-\x7e]+.*", "", note)[:200]
            assert plain in shown, f"the note {plain!r} is missing"

    def groupings_are_those_of_the_data(self):
        shown = self.browser.run("return [...document.querySelectorAll('[data-by]')].map(b => b.dataset.by)")
        equal(shown, [g["by"] for g in self.report["groupings"]], "groupings")

    def page_fits(self):
        for width in (400, 700, 1000, 1400):
            self.browser.size(width, 900)
            time.sleep(0.15)
            real = self.browser.run("return document.documentElement.scrollWidth")
            assert real <= width, f"the page is {real} px wide in a window of {width} px"
            if self.report["lives"]["pid"]:
                self.browser.wait(
                    "return Math.abs(document.querySelector('.lives-axis').clientWidth - document.querySelector('#charts').clientWidth) <= 2",
                    f"the lives are as wide as the charts in a window of {width} px",
                    5,
                )
        return "400 to 1400 px"

    def page_is_labelled(self):
        missing = self.browser.run(
            """
            const named = (e) => (e.getAttribute('aria-label') || e.textContent || e.labels?.[0]?.textContent || '').trim();
            const bad = [];
            for (const e of document.querySelectorAll('button, input, [role=img], [role=tree], [role=treeitem], table caption'))
              if (!named(e)) bad.push(e.outerHTML.slice(0, 120));
            for (const e of document.querySelectorAll('section'))
              if (!document.getElementById(e.getAttribute('aria-labelledby'))?.textContent) bad.push(e.id);
            const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
            for (const id of new Set(ids)) if (ids.filter(i => i === id).length > 1) bad.push('two of ' + id);
            return bad"""
        )
        equal(missing, [], "elements without a name")

    # How it reacts.

    def ranges(self):
        """Returns the range that each picture has drawn."""
        return self.browser.run(
            "return Object.fromEntries([...document.querySelectorAll('[data-picture]')].filter(e => e.offsetParent && e.dataset.from"
            " && !e.classList.contains('chart-empty')).map(e => [e.dataset.picture, [Number(e.dataset.from), Number(e.dataset.to)]]))"
        )

    def settled(self, what, test):
        """Waits until all pictures show one range that passes a test."""
        end = time.monotonic() + 10
        while True:
            ranges = self.ranges()
            if len({tuple(r) for r in ranges.values()}) == 1 and test(*next(iter(ranges.values()))):
                return ranges
            assert time.monotonic() < end, f"{what}: the pictures show {ranges}"
            time.sleep(0.05)

    def whole(self):
        start, stop = self.report["from_ms"], self.report["to_ms"]
        return lambda a, b: a == start and b == stop

    def grouping_switches(self):
        if len(self.report["groupings"]) < 2:
            return "one grouping has no switch"
        for grouping in self.report["groupings"]:
            self.browser.click(f"[data-by={grouping['by']}]")
            for picture in ("cpu", "memory"):
                shown = self.browser.run(
                    "return [...document.querySelectorAll('[data-picture=' + arguments[0] + '] [data-group]')].map(b => b.dataset.group)",
                    picture,
                )
                equal(shown, [g["name"] for g in grouping["groups"]], f"groups by {grouping['by']}")
        self.browser.click(f"[data-by={self.report['groupings'][0]['by']}]")
        return ", ".join(g["by"] for g in self.report["groupings"])

    def legend_toggles(self):
        button = "[data-picture=memory] [data-group]"
        self.browser.click(button)
        equal(self.browser.run("return document.querySelector(arguments[0]).ariaPressed", button), "false", "pressed")
        other = "return document.querySelector('[data-picture=cpu] [data-group]').ariaPressed"
        equal(self.browser.run(other), "false", "the same group in the picture of CPU")
        self.browser.click(button)
        equal(self.browser.run("return document.querySelector(arguments[0]).ariaPressed", button), "true", "pressed")

    def drag_zooms(self):
        start, stop = self.report["from_ms"], self.report["to_ms"]
        for picture in ("[data-picture=memory] .u-over", "[data-picture=lives] .lives-plot"):
            self.browser.drag(picture, 0.25, 0.5)
            near = lambda a, b: abs(a - start - (stop - start) * 0.25) < (stop - start) / 50 and abs(b - start - (stop - start) / 2) < (stop - start) / 50
            ranges = self.settled(f"after dragging {picture}", near)
            self.browser.keys("Escape")
            self.settled("after Esc", self.whole())
        return f"{len(ranges)} pictures"

    def keys_zoom(self):
        start, stop = self.report["from_ms"], self.report["to_ms"]
        plot = "[data-picture=memory] .plot"
        self.browser.run("document.querySelector(arguments[0]).focus()", plot)
        self.browser.keys("+")
        self.settled("after +", lambda a, b: abs((b - a) / (stop - start) - 0.5) < 0.01)
        before = self.ranges()["memory"][0]
        self.browser.keys("Right")
        self.settled("after the right arrow", lambda a, b: a > before)
        self.browser.keys("-")
        self.settled("after -", self.whole())
        self.browser.keys("+")
        self.browser.click("#zoom-reset")
        self.settled("after Reset", self.whole())

    def double_click_resets(self):
        self.browser.click("#zoom-in")
        self.settled("after zooming in", lambda a, b: not self.whole()(a, b))
        moment = self.browser.run("return document.documentElement.dataset.moment")
        self.browser.click_at("[data-picture=memory] .u-over", 0.5, times=2)
        self.settled("after a double-click", self.whole())
        equal(self.browser.run("return document.documentElement.dataset.moment"), moment, "moment after a double-click")

    def cursor_is_shared(self):
        self.browser.hover("[data-picture=memory] .u-over", 0.4)
        self.browser.wait("return document.querySelector('[data-picture=processes] .when').textContent.startsWith('at ')", "the legend shows the cursor's time")
        lines = self.browser.run(
            "return [...document.querySelectorAll('.u-cursor-x, .lives-cursor')].filter(e => e.offsetParent).map(e => Math.round(e.getBoundingClientRect().x))"
        )
        assert len(lines) >= 3 and max(lines) - min(lines) <= 2, f"the cursors are at {lines}"
        return f"{len(lines)} cursors"

    def alive(self, ms):
        lives = self.report["lives"]
        begins = [f if s is None else min(s, f) for s, f in zip(lives["start_ms"], lives["first_seen_ms"])]
        return sum(1 for begin, end in zip(begins, lives["end_ms"]) if begin <= ms and (end is None or end > ms))

    def tree_at_a_moment(self):
        counts = []
        for share in (0.2, 0.8):
            self.browser.click_at("[data-picture=memory] .u-over", share)
            time.sleep(0.1)
            moment = float(self.browser.run("return document.documentElement.dataset.moment"))
            start, stop = self.report["from_ms"], self.report["to_ms"]
            assert abs(moment - start - (stop - start) * share) < (stop - start) / 50, f"the moment is {moment}"
            more = "document.querySelector('#moment-tree .more')"
            self.browser.run(f"if (!{more}.hidden) {more}.click()")
            rows = len(self.browser.run("return [...document.querySelectorAll('#moment-tree tr[data-life]')].map(r => r.dataset.life)"))
            equal(rows, self.alive(moment), "rows of the tree")
            counts.append(rows)
        return f"{counts} lives"

    def search_filters(self):
        lives = self.report["lives"]
        # All kernel threads are one program, so their names find none.
        programs = {program["name"] for program in self.report["programs"]}
        name = next((n for n in reversed(lives["name"]) if n and n in programs and n.isascii() and n.isalnum()), None)
        if name is None:
            return "no plain name"
        fields = ("name", "command", "user", "unit", "container")
        matching = [i for i in range(len(lives["pid"])) if any(name.lower() in (lives[f][i] or "").lower() for f in fields)]
        wanted = set(matching)
        for i in matching:
            while lives["parent"][i] is not None:
                i = lives["parent"][i]
                wanted.add(i)
        self.browser.type("#search", name)
        self.browser.wait("return Number(document.querySelector('#lives').dataset.shown) === arguments[0]", f"{len(wanted)} lives are shown", 5, len(wanted))
        shown = self.browser.run("return [...document.querySelectorAll('tr[data-program]')].map(r => r.dataset.program)")
        allowed = {lives["name"][i] or "" for i in matching} | {p["name"] or "" for p in self.report["programs"] if name.lower() in (p["name"] or "").lower()}
        assert shown and set(shown) <= allowed, f"programs {shown[:5]} do not match {name}"
        self.browser.run("document.querySelector('#search').focus()")
        self.browser.keys("Escape")
        self.browser.wait("return Number(document.querySelector('#lives').dataset.shown) === arguments[0]", "all lives are shown again", 5, len(lives["pid"]))
        return f"{name}: {len(matching)} lives"

    def outcome_filters(self):
        outcomes = self.report["lives"]["outcome"]
        outcome = next((o for o in ("failed", "signal", "running", "ok") if o in outcomes), None)
        if outcome is None:
            return "no outcome"
        self.browser.type("#search", f"outcome:{outcome} ")
        chip = f"#chips [data-outcome={outcome}]"
        self.browser.wait("return document.querySelector(arguments[0]).ariaPressed === 'true'", "the chip is pressed", 5, chip)
        expected = outcomes.count(outcome)
        status = self.browser.run("return document.querySelector('#filter-status').textContent")
        assert f"{expected:,} " in status, f"the status is {status!r}, expected {expected}"
        self.browser.click(chip)
        self.browser.clear("#search")
        self.browser.wait("return document.querySelector('#filter-status').textContent.startsWith('All')", "the filter is off")
        return f"{expected} {outcome}"

    def tables_sort(self):
        more = "document.querySelector('#programs-table .more')"
        self.browser.run(f"if (!{more}.hidden) {more}.click()")
        names = lambda: self.browser.run("return [...document.querySelectorAll('tr[data-program]')].map(r => r.dataset.program)")
        starts = {p["name"] or "": p["started"] for p in self.report["programs"]}
        equal(sorted(names()), sorted(starts), "programs")
        self.browser.click("#programs-table [data-sort=started]")
        equal([starts[n] for n in names()], sorted(starts.values(), reverse=True), "programs by starts")
        self.browser.run("document.querySelector('#programs-table [data-sort=started]').focus()")
        self.browser.keys("Enter")
        equal([starts[n] for n in names()], sorted(starts.values()), "programs by starts, reversed")
        equal(self.browser.run("return document.querySelector('#programs-table [aria-sort]').ariaSort"), "ascending", "aria-sort")

    def card_appears(self):
        lives = self.report["lives"]
        self.browser.hover("#lives-tree [data-life='0']", 0.1)
        self.browser.wait("return !document.querySelector('#card').hidden", "the card appears on hovering")
        text = self.browser.run("return document.querySelector('#card').textContent")
        assert f"pid {lives['pid'][0]}" in text, f"the card shows {text[:200]!r}"
        self.browser.hover("#title")
        self.browser.wait("return document.querySelector('#card').hidden", "the card hides")
        self.browser.run("document.querySelector('#search').focus()")
        self.browser.run("document.querySelector('#lives-tree').focus({focusVisible: true})")
        self.browser.keys("Down")
        self.browser.wait("return !document.querySelector('#card').hidden", "the card appears on keyboard focus")
        active = self.browser.run("return document.querySelector('#lives-tree').getAttribute('aria-activedescendant')")
        assert self.browser.run("return document.getElementById(arguments[0]) !== null", active), "the focused life does not exist"
        self.browser.keys("Escape")

    def theme_switches(self):
        color = "return getComputedStyle(document.body).backgroundColor"
        seen = {}
        for choice in ("dark", "light", "auto"):
            self.browser.click(f"[data-theme-choice={choice}]")
            seen[choice] = self.browser.run(color)
        assert seen["dark"] != seen["light"], f"the background is {seen}"
        self.browser.dark(True)
        self.browser.wait("return document.documentElement.dataset.theme === 'dark'", "the page follows the system's colours")
        self.browser.dark(False)

    def contrast_is_enough(self):
        low = self.browser.run(CONTRAST)
        equal(low, [], "texts with a contrast below 4.5")

    def prints(self):
        pdf = self.browser.cdp("Page.printToPDF", printBackground=True)["data"]
        assert len(pdf) > 10_000, "the PDF is empty"
        equal(self.browser.run("return document.querySelector('#lives-print').childElementCount"), 0, "pieces for paper after printing")
        if self.ranges():
            self.settled("after printing", self.whole() if self.report["to_ms"] > self.report["from_ms"] else lambda a, b: True)

    def hostile_text_makes_no_element(self):
        bad = self.browser.run(
            "return [...document.querySelectorAll('body img, body iframe, body object, body script:not([id])')].slice(0, -2)"
            ".map(e => e.outerHTML.slice(0, 100)).concat([...document.querySelectorAll('[onerror], [onload], [onclick]')].map(e => e.outerHTML.slice(0, 100)))"
        )
        equal(bad, [], "elements made by hostile text")
        equal(self.browser.run("return document.querySelectorAll('script').length"), 3, "scripts")
        controls = self.browser.run("return /[\\u0000-\\u0008\\u000b-\\u001f\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.innerText)")
        equal(controls, False, "control characters in the text")
        source = self.page.read_text(encoding="utf-8")
        equal(source.lower().count("</script"), 3, "ends of scripts in the file")


# Compares each visible text with the background below it.
CONTRAST = """
const parse = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const bad = new Set();
for (const theme of ['dark', 'light']) {
  document.querySelector(`[data-theme-choice=${theme}]`).click();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.offsetParent || e.closest('script, noscript, .hidden, .dim, :disabled, option')) continue;
    let under = e, back = [0, 0, 0, 0];
    while (under && !(back[3] ?? 1)) { back = parse(getComputedStyle(under).backgroundColor); under = under.parentElement; }
    if ((back[3] ?? 1) < 1) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(back)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) bad.add(`${theme}: ${contrast.toFixed(2)} ${e.className || e.tagName} ${walk.currentNode.data.slice(0, 30)}`);
  }
}
document.querySelector('[data-theme-choice=auto]').click();
return [...bad].slice(0, 12);
"""


def equal(seen, expected, what):
    assert seen == expected, f"{what}: expected {shorten(expected)}, found {shorten(seen)}"


def shorten(value):
    text = repr(value)
    return text if len(text) <= 400 else text[:400] + "…"


def check(browser, report, page):
    """Checks one page; returns the number of failures."""
    checks = Check(browser, report, page)
    browser.size(1400, 900)
    browser.dark(False)
    checks.run("opens", checks.opens)
    if checks.failures:
        for message in browser.console():
            print(f"      {message['message'][:300]}")
        return checks.failures
    checks.run("the figures equal the data", checks.figures_equal_the_data)
    checks.run("the notes are shown", checks.notes_are_shown)
    checks.run("the groupings are those of the data", checks.groupings_are_those_of_the_data)
    checks.run("everything has a name", checks.page_is_labelled)
    checks.run("texts have enough contrast", checks.contrast_is_enough)
    if report["to_ms"] > report["from_ms"] and report["lives"]["pid"]:
        checks.run("the grouping switches", checks.grouping_switches)
        checks.run("the legend toggles", checks.legend_toggles)
        checks.run("dragging zooms all pictures", checks.drag_zooms)
        checks.run("keys zoom", checks.keys_zoom)
        checks.run("a double-click resets", checks.double_click_resets)
        checks.run("the cursor is shared", checks.cursor_is_shared)
        checks.run("a click shows the tree of that moment", checks.tree_at_a_moment)
        checks.run("the search filters", checks.search_filters)
        checks.run("outcomes filter", checks.outcome_filters)
        checks.run("tables sort", checks.tables_sort)
        checks.run("the card appears", checks.card_appears)
    checks.run("the theme switches", checks.theme_switches)
    checks.run("prints", checks.prints)
    checks.run("hostile text makes no element", checks.hostile_text_makes_no_element)
    checks.run("the page fits its window", checks.page_fits)
    checks.run("no message on the console", checks.console_is_empty)
    checks.run("the policy is strict", checks.policy_is_strict)
    return checks.failures


def data(page):
    """Returns the data of a page."""
    found = re.search(r'<script type="application/json" id="report-data">(.*?)</script>', page.read_text(encoding="utf-8"))
    return json.loads(found[1])


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    failures = 0
    with Browser() as browser:
        for page in map(Path, arguments):
            failures += check(browser, data(page), page.resolve())
    print(f"{failures} failed" if failures else "all good")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
