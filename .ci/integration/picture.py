#!/usr/bin/env python3
"""Takes the picture of a page of `pscan report`: picture.py PAGE.html PICTURE.png"""

import base64
import sys
from pathlib import Path

from browser import Browser

WIDTH, HEIGHT = 1280, 1060


def main(page, picture):
    with Browser(WIDTH, HEIGHT) as browser:
        browser.open(Path(page).resolve())
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT, "scale": 1}
        shot = browser.cdp("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        Path(picture).write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
