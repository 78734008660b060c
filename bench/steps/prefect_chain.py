"""A chain of no-op tasks on Prefect's process pool, whose processes are reused: `prefect_chain.py LOG COUNT ROUND cached|fresh`."""

import sys
import time

from prefect import flow, task
from prefect.cache_policies import INPUTS, NO_CACHE
from prefect.task_runners import ProcessPoolTaskRunner

log, count, turn, cached = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4] == "cached"


@task(cache_policy=INPUTS if cached else NO_CACHE, persist_result=cached)
def tick(log, step, turn):
    begin = time.time()
    with open(log, "a") as file:
        file.write(f"{begin} {time.time()}\n")
    return step


@flow(task_runner=ProcessPoolTaskRunner(max_workers=2))
def chain(times):
    for step in range(times):
        began = time.time()
        tick.submit(log, step, turn).result()
        print(f"TASK {time.time() - began}", flush=True)


if __name__ == "__main__":
    chain(count)
