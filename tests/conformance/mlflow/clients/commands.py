"""The `mlflow` command of the unmodified client: once as a program of its own, then its commands in this process, which loads MLflow once. Prints one JSON line."""

import csv
import io
import json
import os
import subprocess
import sys
import tempfile

from click.testing import CliRunner
from mlflow.cli import cli

suffix = os.environ.get("SUFFIX", "1")


def check(name, condition):
    if not condition:
        raise AssertionError(name)


def mlflow(*args):
    done = CliRunner().invoke(cli, args)
    if done.exit_code != 0:
        raise AssertionError(f"mlflow {' '.join(args)}: {done.output[-1500:]} {done.exception}")
    return done.output


name = f"commands {suffix}"
said = mlflow("experiments", "create", "-n", name)
experiment = said.strip().split(" ")[-1]
program = subprocess.run(["mlflow", "experiments", "search", "--view", "active_only"], capture_output=True, text=True, check=True)
check("searched", name in program.stdout)
mlflow("experiments", "rename", "--experiment-id", experiment, "--new-name", f"{name} again")
with tempfile.TemporaryDirectory() as folder:
    script = os.path.join(folder, "log.py")
    with open(script, "w") as file:
        file.write(
            "import mlflow\n"
            f"with mlflow.start_run(experiment_id='{experiment}', run_name='scripted') as run:\n"
            "    mlflow.log_metric('loss', 0.5)\n"
            "    mlflow.log_param('depth', 3)\n"
            "    mlflow.log_text('hello', 'notes/a.txt')\n"
            "print(run.info.run_id)\n"
        )
    printed = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout
    run = [line for line in printed.splitlines() if len(line) == 32][-1]
    check("listed", run in mlflow("runs", "list", "--experiment-id", experiment))
    check("described", json.loads(mlflow("runs", "describe", "--run-id", run))["data"]["params"]["depth"] == "3")
    rows = list(csv.DictReader(io.StringIO(mlflow("experiments", "csv", "--experiment-id", experiment))))
    check("table", rows[0]["run_id"] == run and rows[0]["metrics.loss"] == "0.5")
    check("files", json.loads(mlflow("artifacts", "list", "--run-id", run))[0]["path"] == "notes")
    path = mlflow("artifacts", "download", "--run-id", run, "--artifact-path", "notes/a.txt", "--dst-path", folder).strip().splitlines()[-1]
    with open(path) as file:
        check("fetched", file.read() == "hello")
    mlflow("artifacts", "log-artifact", "--local-file", script, "--run-id", run, "--artifact-path", "code")
    check("sent", "code/log.py" in mlflow("artifacts", "list", "--run-id", run, "--artifact-path", "code"))
mlflow("runs", "delete", "--run-id", run)
check("deleted", run in mlflow("runs", "list", "--experiment-id", experiment, "--view", "deleted_only"))
mlflow("runs", "restore", "--run-id", run)
mlflow("experiments", "delete", "--experiment-id", experiment)
mlflow("experiments", "restore", "--experiment-id", experiment)
check("doctor", "Tracking URI" in mlflow("doctor"))
print(json.dumps({"run": run, "experiment": experiment}))
