"""A folder that FiftyOne reads as FiftyOneImageClassificationDataset, its documented format of JSON:

    fiftyone.Dataset.from_dir(FOLDER, dataset_type=fiftyone.types.FiftyOneImageClassificationDataset, data_path="data.json")

labels.json has {"classes": [label], "labels": {id: number of the label, or null}}; data.json says where each
file lies. With copies the files lie in data/ instead, and no data_path is given. images.csv has all else that is known, by id.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path, PurePosixPath

from pipeline import stores
from pipeline.errors import SettingsError
from pipeline.export.tables import csv_table
from pipeline.export.wanted import Wanted, still, written
from pipeline.library import Library
from pipeline.library.images import printable


def fiftyone(library: Library, target: Path, wanted: Wanted = Wanted()) -> int:
    """Write the folder; returns the images in it. Raises SettingsError where a file cannot be copied."""
    ids, rows = still(library, wanted.ids(library))
    ids = ids.tolist()
    labels = sorted({row.label for row in rows.values() if row.label})
    number = {label: at for at, label in enumerate(labels)}
    _json(target / "labels.json", {
        "classes": labels, "labels": {str(i): number.get(rows[i].label) for i in ids},
    })
    if wanted.copy:
        for i in ids:
            _copied(rows[i].place, target / "data" / f"{i}{PurePosixPath(rows[i].path).suffix.lower()}")
    else:
        _json(target / "data.json", {str(i): rows[i].place for i in ids})
    csv_table(library, target / "images.csv", wanted)
    return len(ids)


def _json(target: Path, value: dict) -> None:
    with written(target, "w", encoding="utf-8", errors="surrogateescape") as file:
        json.dump(value, file, ensure_ascii=False)


def _copied(source: str, target: Path) -> None:
    try:
        with stores.opened(source) as file, written(target) as copy:
            shutil.copyfileobj(file, copy)
    except OSError as error:
        raise SettingsError(f"{printable(source)} cannot be copied ({error.strerror or error}).") from None
