"""Pictures that lie in no folder of this machine: in object stores and on servers, by their addresses.

An address is what fsspec takes: s3://bucket/photos, gs://…, abfs://…, https://…, sftp://…. What a store
needs to be reached (packages, keys, endpoints) is the affair of fsspec and of the packages behind it,
as `pip install s3fs` and the usual variables of the environment.
"""

from pipeline.stores.address import is_address, join, typed
from pipeline.stores.objects import StoreError, opened, read

__all__ = ["StoreError", "is_address", "join", "opened", "read", "typed"]
