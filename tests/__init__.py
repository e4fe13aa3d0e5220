import os

# as the command does: threads that wait in a loop starve the other worker
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
