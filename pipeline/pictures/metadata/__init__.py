"""What a picture's file says of itself: EXIF, IPTC, XMP and what generators write."""

from pipeline.pictures.metadata.metadata import READER, Metadata
from pipeline.pictures.metadata.reader import read, read_file, read_sidecar

__all__ = ["READER", "Metadata", "read", "read_file", "read_sidecar"]
