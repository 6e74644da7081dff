"""Speed, measured: every stage beside plain use of the libraries it is built on, in one run.

    extraction   pictures per second of each embedding
    networks     engines of networks, and all of `embed`, on quiet and on busy cores
    index        the combined index beside exact search and FAISS's defaults
    kinds        what other kinds of index and storage would give
    maps         the map beside umap-learn's defaults
    recluster    clustering a map again
    growth       all of it over the number of images, and what a million would cost

Pictures are real, libraries of many images synthetic (`synthetic`). Each measurement runs
in a process of its own (`isolated`).
"""

from pipeline.bench.options import STAGES, BenchOptions, read_options
from pipeline.bench.run import bench
from pipeline.run import SAMPLE_FOLDER

__all__ = ["SAMPLE_FOLDER", "STAGES", "BenchOptions", "bench", "read_options"]
