"""A headless Chromium behind chromedriver, spoken to in plain WebDriver: no package is needed."""

import base64
import json
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-dev-shm-usage --disable-sync --hide-scrollbars --disable-lcd-text --force-color-profile=srgb""".split()


class Browser:
    """One window. Use it in a `with`."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="xtask-report-")
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        try:
            self.begin()
        except BaseException:
            self.end()
            raise

    def begin(self):
        port = None
        for line in self.driver.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                port = found[1]
                break
        if not port:
            raise SystemExit("chromedriver did not start")
        self.url = f"http://127.0.0.1:{port}"
        options = {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {"args": [*FLAGS, f"--user-data-dir={self.profile}"]},
        }
        session = self.send("POST", "/session", {"capabilities": {"alwaysMatch": options}})
        self.url += "/session/" + session["sessionId"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.send("DELETE", "")
        finally:
            self.end()

    def end(self):
        self.driver.terminate()
        self.driver.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def send(self, method, path, body=None):
        data = None if method in ("GET", "DELETE") else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise SystemExit(f"WebDriver {method} {path}: {error.read().decode()[:800]}") from None

    def devtools(self, command, **params):
        return self.send("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def run(self, script, *args):
        """The value of a function's body in the page."""
        return self.send("POST", "/execute/sync", {"script": script, "args": args})

    def show(self, url, width, height, scheme, scale=1):
        """Loads a page as a screen of this size sees it."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                      mobile=width < 600)
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        for kind in ("browser", "performance"):
            self.logs(kind)
        self.send("POST", "/url", {"url": url})

    def logs(self, kind):
        """What was logged since the last time."""
        return self.send("POST", "/se/log", {"type": kind})

    def requested(self, page):
        """What the page asked for since the last time, itself included. Chromium's own pages do not count."""
        events = (json.loads(entry["message"])["message"] for entry in self.logs("performance"))
        return [event["params"]["request"]["url"] for event in events
                if event["method"] == "Network.requestWillBeSent" and event["params"]["documentURL"] == page]

    def picture(self, width):
        """The whole page as a PNG, however long it is."""
        height = self.run("return document.documentElement.scrollHeight")
        shot = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True, optimizeForSpeed=False,
                             clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 1})
        return base64.b64decode(shot["data"])
