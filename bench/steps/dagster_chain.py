"""A chain of no-op ops on dagster's multiprocess executor, forked from a server that has imported dagster: `dagster_chain.py LOG COUNT`."""

import os
import sys
import time

from dagster import DagsterInstance, execute_job, job, multiprocess_executor, op, reconstructable


@op
def tick(previous: int) -> int:
    begin = time.time()
    with open(os.environ["BENCH_LOG"], "a") as file:
        file.write(f"{begin} {time.time()}\n")
    return previous + 1


@op
def start() -> int:
    return 0


@job(executor_def=multiprocess_executor.configured({"max_concurrent": 2, "start_method": {"forkserver": {}}}))
def chain():
    value = start()
    for index in range(int(os.environ["BENCH_COUNT"])):
        value = tick.alias(f"tick_{index}")(value)


if __name__ == "__main__":
    os.environ["BENCH_LOG"], os.environ["BENCH_COUNT"] = sys.argv[1], sys.argv[2]
    with DagsterInstance.get() as instance:
        result = execute_job(reconstructable(chain), instance=instance)
        sys.exit(0 if result.success else 1)
