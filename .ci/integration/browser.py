"""A small WebDriver client for headless Chromium, with Python's standard library alone."""

import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
]
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "Left": "\ue012", "Up": "\ue013", "Right": "\ue014", "Down": "\ue015", "Tab": "\ue004"}


class Browser:
    """One Chromium with its driver. Use it in a `with` statement, which ends both."""

    def __init__(self, width=1400, height=900):
        self.profile = tempfile.mkdtemp(prefix="report-check-")
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.session = None
        try:
            self.address = f"http://127.0.0.1:{self._port()}"
            arguments = FLAGS + [f"--user-data-dir={self.profile}", f"--window-size={width},{height}"]
            capabilities = {
                "browserName": "chrome",
                "goog:chromeOptions": {"args": arguments},
                "goog:loggingPrefs": {"browser": "ALL"},
            }
            answer = self._send("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
            self.session = answer["sessionId"]
            self.size(width, height)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _port(self):
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                return int(line.rstrip(". \n").rsplit(" ", 1)[1])
        raise RuntimeError("chromedriver did not start")

    def _send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.address + path, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.read().decode()[:600]}") from error

    def call(self, method, path, body=None):
        return self._send(method, f"/session/{self.session}{path}", body)

    def close(self):
        try:
            if self.session:
                self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(timeout=20)
            self.driver.stdout.close()
            shutil.rmtree(self.profile, ignore_errors=True)

    def cdp(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def run(self, script, *arguments):
        """Runs a function body in the page and returns its value."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def size(self, width, height, mobile=False):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def dark(self, yes):
        features = [{"name": "prefers-color-scheme", "value": "dark" if yes else "light"}]
        self.cdp("Emulation.setEmulatedMedia", features=features)

    def open(self, path):
        """Opens a file and waits until its page is complete."""
        self.call("POST", "/url", {"url": f"file://{path}"})
        return int(self.wait("return document.documentElement.dataset.ready", "the page is complete"))

    def wait(self, script, what, seconds=20, *arguments):
        """Waits until a script returns a true value."""
        end = time.monotonic() + seconds
        while True:
            value = self.run(script, *arguments)
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"after {seconds} s still not: {what}")
            time.sleep(0.05)

    def console(self):
        return self.call("POST", "/se/log", {"type": "browser"})

    def find(self, css):
        return self.call("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def click(self, css):
        self.call("POST", f"/element/{self.find(css)}/click", {})

    def type(self, css, text):
        self.call("POST", f"/element/{self.find(css)}/value", {"text": text})

    def clear(self, css):
        self.call("POST", f"/element/{self.find(css)}/clear", {})

    def keys(self, *keys):
        """Presses keys, one after the other, in the focused element."""
        actions = []
        for key in keys:
            value = KEYS.get(key, key)
            actions += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def box(self, css):
        """Scrolls an element into view and returns its rectangle in the window."""
        return self.run(
            "const e = document.querySelector(arguments[0]); e.scrollIntoView({block: 'center'});"
            "const b = e.getBoundingClientRect(); return {x: b.x, y: b.y, width: b.width, height: b.height}",
            css,
        )

    def _mouse(self, *steps):
        self.call("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": list(steps)}]})

    def _point(self, css, share_x, share_y):
        box = self.box(css)
        x, y = round(box["x"] + box["width"] * share_x), round(box["y"] + box["height"] * share_y)
        return {"type": "pointerMove", "x": x, "y": y, "duration": 30}

    def drag(self, css, from_share, to_share):
        """Drags along an element, from one share of its width to another."""
        start, end = self._point(css, from_share, 0.5), self._point(css, to_share, 0.5)
        down, up = {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}
        self._mouse(start, down, end, dict(end, x=end["x"] + 1), up)

    def hover(self, css, share_x=0.5, share_y=0.5):
        self._mouse(self._point(css, share_x, share_y))

    def click_at(self, css, share_x, share_y=0.5, times=1):
        click = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        self._mouse(self._point(css, share_x, share_y), *(click * times))
