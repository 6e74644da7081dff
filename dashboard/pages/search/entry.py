"""An entry of the board, and what every kind of entry can say of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dash.development.base_component import Component

from dashboard.reads import Reads
from dashboard.uploads.edit import Edit, EditedPictures
from pipeline.search import Entry as QueryEntry

AS_IT_IS = Edit()


@dataclass(frozen=True)
class Entry:
    """One part of a search, with a plus or a minus. kind: of `kinds.KINDS`; key: which of it.
    What the browser holds of it is `data`."""

    kind: str
    key: str
    minus: bool = False
    edit: Edit = AS_IT_IS

    @property
    def token(self) -> str:
        """Names the picture as edited, without its sign."""
        return self.key + self.edit.suffix

    @property
    def data(self) -> dict:
        """The entry as the browser keeps it; `board.from_data` reads it."""
        return {
            "kind": self.kind, "key": self.key, "minus": self.minus, "token": self.token,
            "turn": self.edit.turn, "mirror": self.edit.mirror,
            "crop": list(self.edit.crop) if self.edit.crop else None,
        }


@dataclass(frozen=True)
class Asked:
    """What a kind may need to become part of a query. uploads: {token: {embedding: base64}}."""

    reads: Reads
    edited: EditedPictures
    uploads: Mapping


@dataclass(frozen=True)
class Stage:
    """What is shown of an entry, large. editable: the picture can be turned, mirrored and cropped."""

    content: Component | list
    about: list = field(default_factory=list)
    editable: bool = False


class Kind(ABC):
    """A kind of entry. names: the parameters of the address that are its own."""

    name: str
    editable = False
    stands_out = False
    """Whether scores say how far a match stands out, where it is searched with (`pipeline.search.scale`)."""
    told = ""
    """What scores are, where one entry of this kind is searched with; "": nothing to say."""
    nothing = "There is nothing else."
    """Where one is searched with and nothing is found."""

    @abstractmethod
    def key(self, text: str) -> str | None:
        """A key as it is written, from the browser or an address; None: it cannot be one."""

    @abstractmethod
    def read(self, params: Mapping[str, str]) -> list[Entry]:
        """The entries of this kind that an address names; nonsense is passed over."""

    @abstractmethod
    def write(self, entries: Sequence[Entry], alone: bool) -> dict[str, object]:
        """Parameters that `read` restores entries of this kind from. alone: the board has no others."""

    @abstractmethod
    def called(self, reads: Reads, entry: Entry, names: Mapping[str, str]) -> str:
        """What the person calls it. names: file names of uploads by key."""

    @abstractmethod
    def thumbnail(self, reads: Reads, entry: Entry) -> Component:
        """What stands for it on the strip."""

    @abstractmethod
    def stage(self, reads: Reads, entry: Entry, names: Mapping[str, str]) -> Stage:
        """What is shown of it large, or one sentence on what is gone."""

    @abstractmethod
    def query(self, asked: Asked, entry: Entry) -> tuple[QueryEntry, set[int]]:
        """Its part of the pipeline's query, and the images that are not to be found with it.

        Raises LikenessError with one sentence where something of it is gone.
        """

    def gone(self, reads: Reads, entry: Entry) -> bool:
        """Whether the library lacks it, so that there is nothing to search with."""
        return False
