"""Where the weights of published networks lie: Hugging Face's cache on this machine, or its hub.

The cache is the one that its own package keeps (HF_HOME, by default ~/.cache/huggingface), so
that what another program has fetched is not fetched again.
"""

from __future__ import annotations

import functools
import hashlib
import http.client
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import WeightsUnavailableError
from pipeline.progress import Progress, Silent

REACH_SECONDS = 6.0
"""How long an address may take to answer, name lookup included."""


NOT_FOUND = "there is no such file"


@dataclass(frozen=True)
class Source:
    """A file of weights on the hub: the repository, and the names it may have there, best first."""

    repository: str
    files: tuple[str, ...]

    def here(self) -> Path | None:
        """The file in the cache on this machine; looks at the disk alone."""
        from huggingface_hub import try_to_load_from_cache

        found = (try_to_load_from_cache(self.repository, file) for file in self.files)
        return next((Path(file) for file in found if isinstance(file, str)), None)

    def lacking(self) -> str | None:
        """Why it can not be had now, in a few words; None where it can. Asks the hub once, within
        `REACH_SECONDS`, where it is not here."""
        from huggingface_hub import constants

        if self.here():
            return None
        if constants.HF_HUB_OFFLINE:
            return "HF_HUB_OFFLINE is set"
        answer = reach(f"{constants.ENDPOINT}/{self.repository}/resolve/main/{self.files[0]}")
        return None if answer == NOT_FOUND and len(self.files) > 1 else answer  # it may have the next name

    def fetch(self, what: str, progress: Progress = Silent()) -> Path:
        """The file, downloaded where it is not here; says so. Raises WeightsUnavailableError."""
        if found := self.here():
            return found
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError

        progress.say(f"Downloading {what} from {self.repository}; that happens once.")
        reason = "the repository has no such file"
        for file in self.files:
            try:
                return Path(hf_hub_download(self.repository, file, tqdm_class=_Quiet()))
            except EntryNotFoundError:
                continue
            except (HfHubHTTPError, OSError, ValueError) as error:
                reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
                break
        raise WeightsUnavailableError(f"{what[:1].upper()}{what[1:]} could not be downloaded ({reason}).")


@functools.cache
def _Quiet():
    """A progress bar that draws nothing: this process has one of its own."""
    from tqdm import tqdm

    class Quiet(tqdm):
        def __init__(self, *args, **kwargs):
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": True})

    return Quiet


def digest(file: Path) -> bytes:
    """BLAKE2b-512 of a file; read again only when its size or time has changed (350 MB take 0.4 s)."""
    status = file.stat()
    return _content(file, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _content(file: Path, size: int, mtime_ns: int) -> bytes:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "blake2b").digest()


def reach(address: str) -> str | None:
    """Ask for `address` once; None when it answers, else why not in a few words.

    In a thread of its own, because no timeout covers a name lookup.
    """
    answer: list[str | None] = []

    def ask() -> None:
        try:
            urllib.request.urlopen(address, timeout=REACH_SECONDS).close()
            answer.append(None)
        except urllib.error.HTTPError as error:
            answer.append(NOT_FOUND if error.code == 404 else f"{error.code} {error.reason}")
        except (OSError, ValueError, http.client.HTTPException) as error:
            cause = getattr(error, "reason", error)
            answer.append(getattr(cause, "strerror", None) or str(cause))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(REACH_SECONDS)
    return answer[0] if answer else "no answer"
