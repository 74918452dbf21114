import time

import psutil

due = time.monotonic()
while True:
    count = sum(1 for _ in psutil.process_iter(["pid", "name", "cmdline", "cpu_times", "memory_info"]))
    print("scan of", count, "processes", flush=True)
    due = max(due + 1, time.monotonic())
    time.sleep(max(0, due - time.monotonic()))
