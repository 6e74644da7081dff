"""What files say of themselves is read from real structures, and nothing in them can do harm."""

from __future__ import annotations

import io
import json
import time
import zlib

import pillow_jxl  # noqa: F401  registers itself with Pillow
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from pipeline.extraction import facts as reading
from pipeline.extraction.scan import scan
from pipeline.library import Library
from pipeline.pictures import metadata
from pipeline.pictures.metadata import Metadata
from pipeline.progress import Silent
from tests import corpus
from tests import metadata_pictures as made

ENTRIES = {name: (data, said) for name, data, said in made.entries()}


@pytest.mark.parametrize("name", [name for name in ENTRIES if not name.endswith(".xmp")])
def test_every_field_of_every_program_is_read(name):
    data, said = ENTRIES[name]
    beside = ENTRIES.get(name.rpartition(".")[0] + ".xmp", (None,))[0]
    found = vars(metadata.read(data, beside))
    assert found["problem"] is None
    assert {key: found[key] for key in said} == said


def test_a_scan_reads_what_is_new_and_a_sidecar_that_changes(tmp_path):
    expected = made.write(tmp_path / "pictures")
    library = Library(tmp_path / "data", create=True)
    report = scan(library, tmp_path / "pictures")
    assert report.new == len(expected) and not library.facts.pending() and not report.facts
    ids = {row.path: row.id for row in library.images()}
    facts = library.facts.of(ids["camera/a.jpg"])
    assert facts.values["camera"] == "NIKON D850" and "keyword" not in facts.values
    assert library.facts.of(ids["agency/side.jpg"]).values["keyword"] == ["harbor", "Sydney"]
    assert {one.name for one in library.facts.columns()} >= {"taken", "rating", "prompt", "seed", "keyword", "longitude"}
    for word, where, path in (("ferries", "caption", "agency/x.jpg"), ("sydney", "keyword", "agency/x.png"),
                              ("lighthouse", "prompt", "made/comfy.png"), ("juggernautxl", "model", "made/fooocus.jpg"),
                              ("nikkor", "lens", "camera/a.webp"), ("grace", "creator", "agency/iptc.jpg")):
        assert (ids[path], where) in {(image, place) for image, _, place in library.facts.find(word)}
    assert not scan(library, tmp_path / "pictures").facts
    sidecar = tmp_path / "pictures" / "agency" / "side.xmp"
    sidecar.write_text(made.XMP.format(title="Once more", rating=5))
    assert scan(library, tmp_path / "pictures").facts == 1
    assert library.facts.of(ids["agency/side.jpg"]).values["title"] == "Once more"
    sidecar.unlink()
    (tmp_path / "pictures" / "camera" / "a.jpg.xmp").write_text(made.XMP.format(title="New", rating=2))
    assert scan(library, tmp_path / "pictures").facts == 2
    assert library.facts.of(ids["agency/side.jpg"]).values["title"] == "Harbor"
    assert library.facts.of(ids["camera/a.jpg"]).values["title"] == "New"


def test_images_from_before_there_were_facts_are_read_once(tmp_path):
    expected = made.write(tmp_path / "pictures")
    library = Library(tmp_path / "data", create=True)
    scan(library, tmp_path / "pictures")
    before = {row.path: library.facts.of(row.id) for row in library.images()}
    library.db.execute("DELETE FROM facts")
    library.db.execute("DELETE FROM keywords")
    (tmp_path / "pictures" / "camera" / "a.jpg").chmod(0o644)  # touched: read with the others, not apart
    report = scan(library, tmp_path / "pictures")
    assert report.facts >= len(expected) - 1 and "facts of" in str(report)
    assert {row.path: library.facts.of(row.id) for row in library.images()} == before
    assert not scan(library, tmp_path / "pictures").facts


class Cut(Silent):
    """Ctrl-C after the second batch."""

    batches = 0

    def advance(self, units: int = 1, failed: int = 0) -> None:
        self.batches += 1
        if self.batches == 2:
            raise KeyboardInterrupt


def test_what_is_read_of_an_old_library_is_kept_when_it_is_interrupted(tmp_path, monkeypatch):
    expected = made.write(tmp_path / "pictures")
    library = Library(tmp_path / "data", create=True)
    scan(library, tmp_path / "pictures")
    library.db.execute("DELETE FROM facts")
    monkeypatch.setattr(reading, "BATCH", 10)
    with pytest.raises(KeyboardInterrupt):
        reading.read(library, [], Cut())
    assert len(library.facts.pending()) == len(expected) - 20
    (tmp_path / "pictures" / "plain" / "said.png").unlink()  # tried again by the next run
    assert reading.read(library, [], Silent()) == len(expected) - 21 and len(library.facts.pending()) == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "JXL", "HEIF"])
def test_every_format_tells_when_it_was_taken(kind):
    tags = Image.Exif()
    tags[0x0110] = "Camera"
    tags.get_ifd(0x8769)[0x9003] = "1953:05:29 11:30:00"  # before any computer's clock
    image, block = Image.fromarray(corpus.scene()), tags.tobytes()
    data = corpus._heic(image, exif=block) if kind == "HEIF" else corpus.saved(image, kind, exif=block)
    assert metadata.read(data) == Metadata(taken="1953-05-29T11:30:00", camera="Camera", orientation=None)
    assert metadata.read(io.BytesIO(data)) == metadata.read(data)


def test_what_is_damaged_is_left_out():
    tags = Image.Exif()
    tags.update({0x010F: "Maker\x00\x07 ", 0x0110: "<b>X</b>", 0x0112: 9, 0x010E: "OLYMPUS DIGITAL CAMERA         "})
    tags.get_ifd(0x8769).update({0x829A: IFDRational(1, 0), 0x9003: "0000:00:00 00:00:00", 0x829D: IFDRational(0, 1)})
    tags.get_ifd(0x8825).update({1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)})
    assert metadata.read(made.saved("JPEG", exif=tags.tobytes())) == Metadata(camera="Maker <b>X</b>")


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def with_chunks(*chunks: bytes) -> bytes:
    plain = made.saved("PNG")
    return plain[:33] + b"".join(chunks) + plain[33:]


BOMB = b"parameters\0\0" + zlib.compress(bytes(300_000_000), 9)
LAUGHS = "<!DOCTYPE x [<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{i} '&a{i - 1};&a{i - 1};'>" for i in range(1, 30)) + "]><x>&a29;</x>"
HOSTILE = {
    "a text of 300 MB in 300 kB": (with_chunks(chunk(b"zTXt", BOMB)), "a packed text of 8 MB is left out"),
    "a chunk of 20 MB": (with_chunks(chunk(b"tEXt", b"parameters\0" + b"x" * 20_000_000)), "a tEXt chunk of 19 MB is left out"),
    "entities that grow": (made.saved("JPEG", xmp=LAUGHS.encode()), "XMP cannot be read (it defines entities)"),
    "an entity that is a file": (made.saved("JPEG", xmp=b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>"), "XMP cannot be read (it defines entities)"),
    "half an XMP": (made.saved("JPEG", xmp=made.XMP.encode()[:300]), "XMP cannot be read"),
    "JSON as deep as a well": (made.texts({"prompt": '{"a":' * 50_000, "workflow": "[" * 100_000}), None),
    "settings without an end": (made.texts({"parameters": "Steps: 1, a: \"" + "\\x" * 100_000}), None),
    "quotes without number": (made.texts({"parameters": "Steps: 1, " + 'a: "' * 20_000}), None),
    "a key of our own": (made.texts({"stealth": "{}", "description": "x", "UserComment": "[]"}), None),
    "EXIF that is none": (made.saved("JPEG", exif=b"Exif\0\0nothing of it"), "EXIF is damaged"),
    "a hidden text that claims too much": (made.saved("PNG", made.hidden("x", claim=2**32 - 1)), "the text hidden in the picture cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_metadata_is_a_note_and_never_slow(name):
    data, problem = HOSTILE[name]
    started = time.process_time()
    found = metadata.read(data)
    assert time.process_time() - started < 2.0
    assert found.prompt is None or len(found.prompt) <= 20_000
    assert (found.problem or "").startswith(problem) if problem else found.problem is None


def test_texts_can_be_stored_and_shown(tmp_path):
    odd = {"c": "surrogate \ud800 and \x00 nul \x1b[31m", "uc": "\u202e", "seed": 1}
    found = metadata.read(made.texts({"UserComment": json.dumps(odd)}))
    assert found.generator == "Draw Things" and "\ud800" not in found.prompt and "\x1b" not in found.prompt
    library = Library(tmp_path, create=True)
    root = library.add_root("/x")
    number = library.db["images"].insert({"root_id": root, "path": "a", "size": 1, "mtime": 0}).last_pk
    library.facts.store([(number, found)])
    assert library.facts.find("surrogate") == [(number, 0.7, "prompt")]


@pytest.mark.parametrize("said, kept", [
    ("2024:02:29 23:59:59", "2024-02-29T23:59:59"), ("2023:02:29 10:00:00", None), ("0000:00:00 00:00:00", None),
    ("2024:13:01 10:00:00", None), ("    :  :     :  :  ", None), ("2024-05-01T10:00:00.5Z", "2024-05-01T10:00:00.5+00:00"),
    ("2024:05:01 24:00:00", None), ("9999:12:31 00:00", "9999-12-31T00:00:00"),
])  # fmt: skip
def test_times_that_are_none_are_left_out(said, kept):
    from pipeline.pictures.metadata.exif import time as read_time

    assert read_time(said) == kept


@pytest.mark.parametrize("length", range(8, 34))
def test_a_png_that_ends_within_its_header_says_nothing(length):
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (640).to_bytes(4, "big") * 2 + bytes([8, 6, 0, 0, 0]) + bytes(4)
    assert metadata.read(header[:length]) == Metadata()
