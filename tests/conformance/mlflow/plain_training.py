"""A training as people write it: nothing in it knows of Trivium."""

import logging
import os
import subprocess
import sys
import time

import mlflow

logging.basicConfig(format="%(message)s")
print("before any run")
mlflow.set_experiment("delays")
with mlflow.start_run(run_name="plain") as run:
    print("epoch 1", flush=True)
    with mlflow.start_run(run_name="fold", nested=True):
        sys.stdout.write("in the fold\n")
    logging.warning("careful")
    subprocess.run([sys.executable, "-c", "print('from another process')"], check=True)
    if os.fork() == 0:
        print("from a fork", flush=True)
        os._exit(0)
    os.wait()
    client, wanted = mlflow.MlflowClient(), os.environ.get("WAIT_FOR")
    while wanted and wanted not in client.get_run(run.info.run_id).data.metrics:
        time.sleep(0.05)
print("no newline at the end", end="")
raise ValueError("too fast")
