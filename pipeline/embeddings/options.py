"""Options of extractors: each extractor has a small dataclass of its own, and all else follows.

The command line's flags, the part of a fingerprint, and what a library remembers are read
off the fields. A field is declared with `option`:

    @dataclass(frozen=True)
    class ColorOptions(Options):
        bins: int = option(16, "Hues told apart.", least=2, most=64)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from pipeline.errors import SettingsError


@dataclass(frozen=True)
class About:
    """What is known of one option besides its default."""

    help: str
    flag: str | None
    least: float | None
    most: float | None
    choices: tuple[str, ...]
    folder: bool
    file: bool
    changes_vectors: bool

    @property
    def is_path(self) -> bool:
        """Whether its values are paths."""
        return self.folder or self.file


def option(
    default: Any,
    help: str,
    *,
    flag: str | None = None,
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
    folder: bool = False,
    file: bool = False,
    changes_vectors: bool = True,
) -> Any:
    """A field of an `Options` dataclass.

    flag: its name on the command line where that is not `--EMBEDDING-FIELD`; "": it has none.
    least, most: bounds of a number, both allowed. folder, file: a path. changes_vectors: whether vectors
    made with another value are stale.
    """
    about = About(help, flag, least, most, choices, folder, file, changes_vectors)
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True)
class Options:
    """Base of every extractor's options; by itself: none."""

    def __post_init__(self) -> None:
        """Raises SettingsError for a value outside its bounds or choices."""
        for item in fields(self):
            about, value = item.metadata["about"], getattr(self, item.name)
            if about.choices and value not in about.choices:
                raise SettingsError(f"{item.name} is one of {', '.join(about.choices)}, not {value!r}.")
            number = about.least is not None or about.most is not None
            if number and not _between(value, about):
                raise SettingsError(f"{item.name} is a number from {about.least} to {about.most}, not {value!r}.")

    @classmethod
    def read(cls, values: Mapping[str, Any], prefix: str = "") -> Self:
        """From what a library remembers; what is not named has its default, what is unknown is passed over.

        Up to version 2 of the program all options were in one mapping, so `dreamsim_type`
        is read as `type` where `prefix` is `dreamsim`.
        """
        found = {}
        for item in fields(cls):
            for key in (item.name, f"{prefix}_{item.name}"):
                if values.get(key) is not None:
                    found[item.name] = Path(values[key]) if item.metadata["about"].is_path else values[key]
                    break
        return cls(**found)

    def changed(self, values: Mapping[str, Any]) -> Self:
        """These options with other values for some; raises SettingsError for an unknown name."""
        unknown = set(values) - {item.name for item in fields(self)}
        if unknown:
            raise SettingsError(f"There is no option {min(unknown)!r} here.")
        return type(self)(**{item.name: values.get(item.name, getattr(self, item.name)) for item in fields(self)})

    def as_json(self) -> dict[str, Any]:
        """What a library remembers."""
        return {
            item.name: str(value) if isinstance(value := getattr(self, item.name), Path) else value
            for item in fields(self)
        }

    def changing(self) -> dict[str, Any]:
        """The options that change vectors, by name, in their order."""
        return {i.name: getattr(self, i.name) for i in fields(self) if i.metadata["about"].changes_vectors}


def about(item: Field) -> About:
    """What was said of a field when it was declared."""
    return item.metadata["about"]


def _between(value: Any, about: About) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return (about.least is None or value >= about.least) and (about.most is None or value <= about.most)
