"""The judge of a decoder is the browser: what Chromium draws on white is what we see."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from pipeline.pictures import decoding
from tests import corpus

pytestmark = pytest.mark.browser

_DRAW = """async encoded => {
  const file = await (await fetch('data:application/octet-stream;base64,' + encoded)).blob();
  const picture = new Image();
  picture.src = URL.createObjectURL(file);
  await picture.decode();
  const canvas = document.createElement('canvas');
  canvas.width = picture.naturalWidth;
  canvas.height = picture.naturalHeight;
  const context = canvas.getContext('2d');
  context.fillStyle = 'white';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0);
  const bytes = context.getImageData(0, 0, canvas.width, canvas.height).data;
  let text = '';
  for (let at = 0; at < bytes.length; at += 32768)
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + 32768));
  return [canvas.width, canvas.height, btoa(text)];
}"""

# Chromium passes over the EXIF block of a WebP; phones, editors and Pillow do not.
_NOT_TURNED = {f"webp-turn-{turn}" for turn in range(2, 9)}

# Chromium 156 draws an AVIF of the full range that has alpha or frames as if it were of the limited one, and passes over
# the gamma of a BMP; those before did not, and other programs do not.
_OF_LATE = {"avif-alpha": 6, "avif-animated": 9, "bmp-v4-gamma": 31}


def test_a_decoded_picture_is_what_the_browser_draws(browser):
    """Mean difference at most 3 of 255, the same turn; over color types, depths, profiles, turns."""
    page = browser.new_page()
    page.goto("about:blank")
    wrong = {}
    for name, data in corpus.stills().items():
        width, height, drawn = page.evaluate(_DRAW, base64.b64encode(data).decode())
        theirs = np.frombuffer(base64.b64decode(drawn), np.uint8).reshape(height, width, 4)[:, :, :3]
        ours = decoding.decode(data, 40_000)
        if name in _NOT_TURNED:
            continue
        if ours.shape != theirs.shape:
            wrong[name] = f"{ours.shape} for {theirs.shape}"
        elif (mean := np.abs(ours.astype(int) - theirs).mean()) > _OF_LATE.get(name, 3):
            wrong[name] = round(float(mean), 1)
    page.close()
    assert not wrong
