"""What a picture's file says of itself: EXIF, IPTC, XMP and what generators write."""

from pipeline.pictures.metadata.metadata import READER, Metadata

__all__ = ["READER", "Metadata"]
