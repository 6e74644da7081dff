"""Choices are remembered: a command changes only what it names, and says what follows from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline import maps
from pipeline.errors import EmbeddingError, SettingsError
from pipeline.extraction.embed import embed
from pipeline.extraction.plan import choose
from pipeline.extraction.scan import scan
from pipeline.library import Library
from pipeline.progress import Silent
from pipeline.run import run

pytestmark = pytest.mark.slow


class Listener(Silent):
    """Keeps what is said."""

    def __init__(self):
        self.said: list[str] = []

    def say(self, text):
        self.said.append(text)


def told(library, work) -> list[str]:
    """What is said while some work is done with a fresh listener."""
    listener = Listener()
    work(listener)
    return listener.said


def test_what_a_command_does_not_name_stays_as_it_was(own_pictures, tmp_path):
    library = Library(tmp_path / "data", create=True)
    run(library, own_pictures, embeddings="color", given={"color": {"bins": 8}}, map_options={"min_dist": 0.3})

    def set_as() -> tuple:
        options = maps.load(library, "color").options
        return library.embeddings()["color"].extractor, options.min_dist, options.n_neighbors

    assert set_as() == ("color/2 bins=8", 0.3, 15)
    again = Listener()
    assert run(library, own_pictures, progress=again).did_nothing and not again.said
    assert embed(library, choose(library)).done == 0
    assert maps.build(library, None, maps.settled(library)) == {"combined": "current", "color": "current"}

    for name in maps.names(library):  # derived files may go: what was chosen is not among them
        maps.store.remove(library, name)
    run(library, own_pictures)
    assert set_as() == ("color/2 bins=8", 0.3, 15)

    said = Listener()
    report = run(library, own_pictures, map_options={"n_neighbors": 7}, progress=said)
    assert set_as() == ("color/2 bins=8", 0.3, 7)
    assert said.said == ["The maps are laid out anew: n_neighbors 15 → 7."]
    assert not report.embed.done and set(report.maps.values()) == {"built"}

    said = Listener()
    report = run(library, own_pictures, given={"color": {"bins": 12}}, progress=said)
    assert said.said[0] == "Color changes (bins 8 → 12): 20 vectors of color are computed again."
    assert set_as() == ("color/2 bins=12", 0.3, 7) and report.embed.vectors == {"color": 20}
    assert run(library, own_pictures).did_nothing


def test_an_option_of_what_is_not_computed_is_an_error(own_pictures, tmp_path):
    library = Library(tmp_path / "data", create=True)
    with pytest.raises(SettingsError, match="bins concerns color, which is not computed here .sift"):
        run(library, own_pictures, embeddings="sift", given={"color": {"bins": 8}})


def test_embeddings_that_are_no_longer_named_are_kept_and_said(library, own_pictures):
    assert choose(library) == ["color", "sift", "efficientnet"]
    said = told(library, lambda listener: choose(library, "color,sift", {}, listener))
    assert said == ["New images get no vectors of efficientnet any more; those there are stay."]
    assert choose(library) == ["color", "sift"]
    assert library.coverage("efficientnet")["current"] == 60
    with pytest.raises(EmbeddingError, match="color, sift, dreamsim, efficientnet"):
        choose(library, "colour")
    with pytest.raises(EmbeddingError, match="at least one"):
        choose(library, ",")
    assert choose(library) == ["color", "sift"]


@pytest.fixture
def weights(tmp_path, monkeypatch) -> Path:
    """Where DreamSim's weights are looked for; nothing is there yet."""
    folder = tmp_path / "weights"
    monkeypatch.setenv("LIKENESS_DREAMSIM_WEIGHTS", str(folder))
    return folder


def appear(weights: Path) -> None:
    """Have all files of a release there: nothing looks into them before a picture is encoded."""
    adapter = weights / "open_clip_vitb32_single_lora"
    adapter.mkdir(parents=True)
    for file in (weights / "open_clip_vitb32_pretrain.pth.tar", adapter / "adapter_config.json",
                 adapter / "adapter_model.safetensors"):
        file.write_bytes(b"")


def test_auto_stands_in_once_and_stays_with_it(own_pictures, tmp_path, weights):
    library = Library(tmp_path / "data", create=True)
    fallen = ["color", "sift", "efficientnet"]
    said = told(library, lambda listener: choose(library, None, {}, listener))
    assert said == [f"There is no directory {weights} with DreamSim's weights. "
                    "Going on with efficientnet in dreamsim's place."]
    assert choose(library) == fallen
    scan(library, own_pictures)
    embed(library, ["efficientnet"])
    assert told(library, lambda listener: choose(library, None, {}, listener)) == []

    appear(weights)
    for text in (None, "auto"):
        said = told(library, lambda listener: choose(library, text, {}, listener))
        assert choose(library) == fallen
        assert said == ["dreamsim could be computed here now; this library goes on with efficientnet. "
                        "To change over: --embeddings color,sift,dreamsim"]
    assert choose(library, "color,sift,dreamsim") == choose(library) == ["color", "sift", "dreamsim"]


def test_auto_takes_what_can_be_had(tmp_path, weights):
    appear(weights)
    library = Library(tmp_path / "data", create=True)
    assert choose(library) == ["color", "sift", "dreamsim"]


def test_a_library_from_before_goes_on_as_it_is(library):
    """It remembers no choice: its embeddings, and what its last run was asked for, tell."""
    library.db.execute("DELETE FROM choices")
    assert choose(library) == ["color", "sift", "efficientnet"]
    library.db.execute("DELETE FROM choices")
    library.db.execute("UPDATE runs SET parameters = '{\"embeddings\": \"auto\"}'")
    assert choose(library) == ["color", "sift", "efficientnet"]
    assert library.choice("embed")["auto"]
    options = '{"bins": 16, "dreamsim_type": "clip_vitb32", "dreamsim_weights": null}'
    library.db.execute("UPDATE embeddings SET options = ?", [options])
    assert embed(library, ["color", "sift"]).done == 0


def test_missing_weights_do_not_stop_what_needs_none(library, own_pictures, weights):
    """A library made with DreamSim, on a machine without its weights."""
    ids = [row.id for row in library.images()]
    library.set_embedding("dreamsim", "dreamsim/2 type=open_clip_vitb32", 512, {"type": "open_clip_vitb32"})
    rows = np.eye(60, 512, dtype=np.float32)
    library.store([], {"dreamsim": ("dreamsim/2 type=open_clip_vitb32", ids, rows)})
    library.choose("embed", {"embeddings": ["color", "dreamsim"], "auto": True})
    assert told(library, lambda listener: choose(library, None, {}, listener)) == []
    assert embed(library, ["color", "dreamsim"]).done == 0
    (own_pictures / "new").mkdir()
    file = next(own_pictures.rglob("*.jpg"))
    (own_pictures / "new" / "one.jpg").write_bytes(file.read_bytes() + b" ")
    scan(library, own_pictures)
    names: list[str] = []
    said = told(library, lambda listener: names.extend(choose(library, None, {}, listener)))
    count = len(library.pending("dreamsim"))
    reason = f"There is no directory {weights} with DreamSim's weights."
    assert said == [f"{reason} {count} images wait for their vectors of dreamsim; the next run tries again."]
    assert names == ["color", "sift"] and library.choice("embed")["embeddings"] == ["color", "sift", "dreamsim"]
