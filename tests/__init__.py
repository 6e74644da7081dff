import os

# Processes share the cores here: a thread that waits for another leaves its core to others, and products of matrices
# start no threads of their own, which wait by turning round. Read by OpenMP and OpenBLAS when they are loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
