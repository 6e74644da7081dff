"""Options that several commands share, and the dataclasses they end in."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import click

from pipeline import settings, stores
from pipeline.embeddings import EMBEDDINGS, FORMS, canonical, find
from pipeline.embeddings.options import about
from pipeline.embeddings.pretrained import Pretrained
from pipeline.settings import EmbedOptions, IndexOptions, MapOptions


def _data(context: click.Context, _, value: Path | None) -> Path:
    return settings.data_dir(value or context.obj)


data_option = click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), callback=_data,
    help="Directory of the library.  [default: $LIKENESS_DATA or ./data]",
)


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")


class PlaceType(click.ParamType):
    """A path, or the address of a folder in a store."""

    name = "path"

    def convert(self, value, param, context) -> Path | str:
        if isinstance(value, Path):
            return value
        if not value.strip():  # as of a variable that is not set: the directory one is in is not meant
            self.fail("the name of a folder is empty; for the directory you are in, write a dot.", param, context)
        place = stores.typed(value)
        return settings.at_home(place) if isinstance(place, Path) else place


PLACE = PlaceType()

images_argument = click.argument("images", nargs=-1, type=PLACE)


def _options(*decorators):
    """Several options as one decorator, in the order given."""

    def decorate(function):
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


exclude_options = _options(
    click.option("--exclude", multiple=True, metavar="PATTERN",
                 help="Leave out files and folders: a name as in *.tmp, or with / a path below IMAGES; kept with the "
                 "folder; may be given again."),
    click.option("--no-exclude", is_flag=True, help="Forget what was excluded before."),
)


EMBED, INDEX, MAP = EmbedOptions(), IndexOptions(), MapOptions()


_NETWORKS = [name for name, it in EMBEDDINGS.items() if it.extractor and issubclass(it.extractor, Pretrained)]


def _extractor_options():
    """A flag for every option of every embedding, as its extractor declares it."""
    for name, entry in EMBEDDINGS.items():
        for item in fields(entry.extractor.options_type) if entry.extractor else ():
            said = about(item)
            if said.flag == "":
                continue
            default = "" if item.default is None else f"  [default: as before, at first {item.default}]"
            yield click.option(
                said.flag or f"--{name}-{item.name}".replace("_", "-"), _dest(name, item.name),
                type=_type(item.default, said), help=f"{said.help}{default}",
            )


def _dest(name: str, field: str) -> str:
    """What the command's function gets the value of an extractor's option as."""
    return f"{name}__{field}"


def _type(default, said) -> click.ParamType | None:
    if said.is_path:
        return click.Path(file_okay=said.file, dir_okay=said.folder, path_type=Path)
    if said.choices:
        return click.Choice(said.choices)
    if isinstance(default, (int, float)) and not isinstance(default, bool):
        return (click.IntRange if isinstance(default, int) else click.FloatRange)(said.least, said.most)
    return None


def given_options(values: dict) -> dict[str, dict]:
    """What a command's values name of the embeddings' options: {embedding: {option: value}}."""
    given: dict[str, dict] = {}
    for key, value in values.items():
        name, parted, field = key.partition("__")
        if parted and value is not None:
            given.setdefault(name, {})[field] = value
    for name, file in values.get("weights_of", ()):
        given.setdefault(name, {})["weights"] = file
    return given


def _weights_of(context: click.Context, _, values: tuple[str, ...]) -> list[tuple[str, Path]]:
    """NAME=FILE, as often as it is given."""
    found = []
    for value in values:
        name, equals, file = value.partition("=")
        name = canonical(name.strip())
        entry = find(name)
        if not (equals and file and entry and entry.extractor and issubclass(entry.extractor, Pretrained)):
            raise click.BadParameter(f"{value!r} is not NAME=FILE of one of {', '.join([*_NETWORKS, *FORMS])}.")
        found.append((name, Path(file)))
    return found


embed_options = _options(
    click.option("--embeddings", metavar="LIST",
                 help=f"auto, or names joined by commas: {','.join([*EMBEDDINGS, *FORMS])}.  [default: as before, at first auto]"),
    click.option("--batch-size", type=click.IntRange(1), default=EMBED.batch_size, help="Images stored at a time."),
    click.option("--model-batch-size", type=click.IntRange(1), default=EMBED.model_batch_size,
                 help="Images per pass of a network."),
    click.option("--workers", type=click.IntRange(0), default=EMBED.workers, help="Decoding processes; 0: one per core."),
    click.option("--on", metavar="WHERE", default=EMBED.on,
                 help="Where pictures are looked at: local, ray (started here), ray:auto or ray://HOST:10001 (a cluster)."),
    click.option("--device", type=click.Choice(settings.DEVICES), default=EMBED.device, help="Where networks run."),
    *_extractor_options(),
    click.option("--weights", "weights_of", multiple=True, metavar="NAME=FILE", callback=_weights_of,
                 help="The file with the weights of a network, as in resnet=FILE; may be given again."),
)


index_options = _options(
    click.option("--engine", type=click.Choice(settings.INDEX_ENGINES),
                 help=f"What holds the index: files of the library, or Milvus.  [default: as before, at first {INDEX.engine}]"),
    click.option("--uri", metavar="ADDRESS",
                 help="Where Milvus is: http://HOST:19530, or a file of Milvus Lite.  [default: as before, at first a file in the library]"),
    click.option("--type", type=click.Choice(settings.INDEX_TYPES),
                 help=f"What finds candidates: a graph, compressed lists, or a look at every row.  [default: as before, at first {INDEX.type}]"),
    click.option("--storage", type=click.Choice(settings.STORAGES),
                 help=f"How the vectors are kept that rank candidates.  [default: as before, at first {INDEX.storage}]"),
    click.option("--hnsw-m", type=click.IntRange(2, 256), help="Links per node.  [default: as before, at first as many as pay for so many images]"),
    click.option("--ef-construction", type=click.IntRange(8, 1_000_000), help="Candidates while building.  [default: alike]"),
    click.option("--ef-search", type=click.IntRange(0, 1_000_000),
                 help="Candidates while searching (ivfpq: lists).  0: as measured for a recall@10 of 0.98, the default."),
)


map_options = _options(
    click.option("--n-neighbors", type=click.IntRange(2), help=f"UMAP neighbors.  [default: as before, at first {MAP.n_neighbors}]"),
    click.option("--min-dist", type=click.FloatRange(0, 1), help=f"UMAP distance of twins.  [default: as before, at first {MAP.min_dist}]"),
    click.option("--min-cluster-size", type=click.IntRange(0),
                 help="Smallest HDBSCAN cluster; 0: from the number of images.  [default: as before, at first 0]"),
    click.option("--limit", type=click.IntRange(0), help="Map at most so many images; 0: all.  [default: as before, at first 0]"),
    click.option("--seed", type=int, help="Makes maps reproducible, and slower."),
)


def named(kind, values: dict) -> dict:
    """What a command's values name of a dataclass's options."""
    return {item.name: values[item.name] for item in fields(kind) if values.get(item.name) is not None}
