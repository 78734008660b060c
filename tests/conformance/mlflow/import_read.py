"""Reads an exported store by MLflow's own client."""

import json
import sys

from mlflow import MlflowClient

client = MlflowClient(f"sqlite:///{sys.argv[1]}")
run = client.get_run(sys.argv[2])
version = client.get_model_version_by_alias("delay", "champion")
history = client.get_metric_history(sys.argv[2], "loss")
print(json.dumps({"name": run.info.run_name, "points": len(history), "version": version.version, "depth": run.data.params["depth"]}))
