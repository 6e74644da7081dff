"""Errors a person can cause and mend.

Each carries one clear sentence, and where there is one, the way out. The command line
prints it and exits with 1; the dashboard shows it on the page. Programming errors are
not among them: they propagate.
"""


class LikenessError(Exception):
    """Base of every error whose text is meant for the person at the screen."""


class ImageError(LikenessError):
    """A file that cannot be read as an image; the text is the reason alone."""


class TransientImageError(ImageError):
    """A file that could not be read this time: permission, a network share, memory. The next
    run tries it again."""


class LibraryError(LikenessError):
    """No library where one was expected, or one that cannot be used."""


class EmbeddingError(LikenessError):
    """An embedding that is unknown, or has no vectors in this library."""


class WeightsUnavailableError(EmbeddingError):
    """The weights of a network are neither on disk nor to be downloaded."""


class StaleIndexError(LikenessError):
    """The combined index is missing or does not hold what was asked of it."""


class QueryError(LikenessError):
    """A search that cannot be answered as asked."""


class SettingsError(LikenessError):
    """An option or environment variable with an impossible value."""


class NoteError(LikenessError):
    """A name, tag or collection that cannot be kept as given."""
