"""The Collections page: what has been kept under names."""
