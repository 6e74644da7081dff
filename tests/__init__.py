import os

# Processes share the cores here: a thread that waits for another leaves its core to others. Read by OpenMP when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
