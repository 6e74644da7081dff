"""What a server was told at its start about who may come in."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dashboard.access import names as hosts
from dashboard.access.password import Door
from dashboard.access.rights import ANNOTATE, READ, RIGHTS, RUN, Rights, rights_of
from pipeline.errors import SettingsError

LOCAL_RIGHTS: Rights = frozenset(RIGHTS)

_ORIGIN = re.compile(r"'self'|https?://[A-Za-z0-9.*\[\]:-]+")

NO_PASSWORD = (
    "Others can reach this server, so it asks who they are: set a password in the environment variable "
    "LIKENESS_PASSWORD, or say --no-password to let everybody in who finds it."
)


@dataclass(frozen=True)
class Access:
    """names: the host names that are answered, besides addresses in figures (on this machine
    alone: besides those of the loopback). rights: what whoever comes in may do. local:
    whether it is for this machine alone. door: where a password is asked for. folders: runs
    reach only what lies in these; None: everything. trusted: whether the headers of a proxy
    are believed. frames: origins that may show pages in a frame, as CSP writes them.

    The default is for programs that put the dashboard into a server of their own: it answers
    this machine's names alone, and starts no runs.
    """

    names: frozenset[str] = frozenset({hosts.LOCAL})
    rights: Rights = frozenset({READ, ANNOTATE})
    local: bool = True
    door: Door | None = None
    folders: tuple[Path, ...] | None = ()
    trusted: bool = False
    frames: tuple[str, ...] = field(default=())

    @classmethod
    def listening_on(
        cls,
        host: str,
        *,
        names: Sequence[str] = (),
        allow: str = "",
        password: str | None = None,
        token: str | None = None,
        open_to_all: bool = False,
        folders: Sequence[Path] | None = None,
        trusted: bool = False,
        frames: Sequence[str] = (),
    ) -> Access:
        """What fits a server that listens on `host`.

        On this machine alone: everything, without a password. As soon as others can reach it,
        by its address, by a name or through a proxy: a password, and reading alone but for what
        `allow` names (`annotate,run`). Raises SettingsError without a password, unless
        open_to_all.
        """
        given = frozenset(filter(None, map(hosts.name_of, several(*names))))
        frames = several(*frames)
        reach = None if folders is None else tuple(Path(folder).expanduser().resolve() for folder in folders)
        allowed = rights_of(allow)
        strange = [frame for frame in frames if not _ORIGIN.fullmatch(frame)]
        if strange:
            raise SettingsError(f"{strange[0]!r} is no origin that a frame may have, as in http://localhost:8888.")
        shared = {"trusted": trusted, "frames": tuple(frames)}
        if hosts.is_loopback(host) and not trusted and all(map(hosts.is_loopback, given)):
            return cls(given | {hosts.LOCAL}, LOCAL_RIGHTS, folders=reach, **shared)
        if not password and not open_to_all:
            raise SettingsError(NO_PASSWORD)
        own = set() if host in hosts.ANY else {host.lower()}
        return cls(
            frozenset({hosts.LOCAL, *given, *own, *hosts.of_this_machine()}), allowed, False,
            None if open_to_all else Door(password, token), reach or (), **shared,
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Access:
        """For a server that somebody else starts: as of one that all can reach. Raises SettingsError.

        LIKENESS_PASSWORD or LIKENESS_NO_PASSWORD=1; LIKENESS_TOKEN, LIKENESS_NAMES,
        LIKENESS_ALLOW, LIKENESS_FOLDERS, LIKENESS_TRUST_PROXY=1, LIKENESS_FRAME_ANCESTORS.
        """
        folders = environment.get("LIKENESS_FOLDERS", "").split(os.pathsep)
        return cls.listening_on(
            "0.0.0.0", names=[environment.get("LIKENESS_NAMES", "")], allow=environment.get("LIKENESS_ALLOW", ""),
            password=environment.get("LIKENESS_PASSWORD"), token=environment.get("LIKENESS_TOKEN"),
            open_to_all=is_said(environment.get("LIKENESS_NO_PASSWORD")),
            folders=[Path(folder) for folder in folders if folder],
            trusted=is_said(environment.get("LIKENESS_TRUST_PROXY")),
            frames=[environment.get("LIKENESS_FRAME_ANCESTORS", "")],
        )

    @property
    def runs(self) -> bool:
        """Whether whoever comes in may start runs and remove folders."""
        return RUN in self.rights

    def answers(self, host: str) -> bool:
        """Whether a request for this Host header is meant for us."""
        name = hosts.name_of(host)
        if name in self.names:
            return True
        return hosts.is_loopback(name) if self.local else hosts.is_address(name)


def several(*texts: str) -> list[str]:
    """What stands in texts with commas or spaces between."""
    return [part for text in texts for part in re.split(r"[\s,]+", text) if part]


def is_said(text: str | None) -> bool:
    """Whether an environment variable says yes."""
    return (text or "").strip().lower() in ("1", "true", "yes", "on")
