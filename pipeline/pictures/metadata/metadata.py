"""What is taken from a file, whoever wrote it and in whichever block."""

from __future__ import annotations

from dataclasses import dataclass

READER = 1
"""Raised whenever the same file would give other facts: libraries read theirs again."""


@dataclass
class Metadata:
    """What a file says of itself; None where it does not.

    taken: `YYYY-MM-DDThh:mm:ss` on the clock of the camera, with fractions and the offset from
    UTC where they are told. orientation: 1 to 8. exposure: s. focal_length: mm. latitude,
    longitude: degrees, north and east positive. rating: −1 (rejected) to 5. generator: the
    program that made the picture from the prompt. problem: what could not be read. sidecar:
    mtime of the .xmp file that was read along.
    """

    taken: str | None = None
    camera: str | None = None
    lens: str | None = None
    orientation: int | None = None
    exposure: float | None = None
    aperture: float | None = None
    iso: float | None = None
    focal_length: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    title: str | None = None
    caption: str | None = None
    creator: str | None = None
    copyright: str | None = None
    rating: int | None = None
    generator: str | None = None
    prompt: str | None = None
    negative_prompt: str | None = None
    model: str | None = None
    seed: str | None = None
    problem: str | None = None
    sidecar: float | None = None
    keywords: tuple[str, ...] = ()
