"""The only room that decodes: the EXIF turn, thumbnails, hashes, palette, two pictures compared."""
