"""Fills an MLflow server, by its own client, with one of everything that an import has to bring."""

import json
import sys

import mlflow
import mlflow.pyfunc
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input


uri = sys.argv[1]
mlflow.set_tracking_uri(uri)
client = MlflowClient(uri)
client.create_experiment("delays", tags={"owner": "ada"})
gone = client.create_experiment("gone")
mlflow.set_experiment("delays")
with mlflow.start_run(run_name="first") as first:
    run = first.info.run_id
    mlflow.log_params({"depth": 3, "name": "x y"})
    client.log_batch(run, metrics=[Metric("loss", 1 / (i + 1), 1000 + i, i) for i in range(50)])
    odd = [float("nan"), float("inf"), float("-inf"), 0.1 + 0.2, 1e-320]
    client.log_batch(run, metrics=[Metric("odd", value, 1000, step - 2) for step, value in enumerate(odd)])
    mlflow.log_text("hello", "notes/a b.txt")
    data = mlflow.data.from_pandas(pd.DataFrame({"x": [1, 2]}), name="flights")
    mlflow.log_input(data, context="training", tags={"k": "v"})
    made = mlflow.pyfunc.log_model(
        name="model", python_model=Echo(), registered_model_name="delay", pip_requirements=[]
    )
    # Every point of a model's metric is kept, whatever the last one is.
    for step, value in enumerate([0.5, 0.75, 0.25]):
        client.log_metric(run, "acc", value, timestamp=2000 + step, step=step, model_id=made.model_id)
    with mlflow.start_run(run_name="child", nested=True):
        mlflow.log_metric("loss", 2.0)
with mlflow.start_run(run_name="bad") as bad:
    mlflow.log_param("depth", 9)
client.delete_run(bad.info.run_id)
lost = client.create_run(gone)
client.log_metric(lost.info.run_id, "m", 1.0)
client.set_terminated(lost.info.run_id)
client.delete_experiment(gone)
client.set_registered_model_alias("delay", "champion", 1)
client.set_registered_model_tag("delay", "team", "ops")
client.set_model_version_tag("delay", "1", "ok", "yes")
client.update_registered_model("delay", "late?")
client.update_model_version("delay", "1", "the first")
client.create_model_version("delay", f"{first.info.artifact_uri}/notes", run_id=run)
client.transition_model_version_stage("delay", "2", "Staging")
print(json.dumps({"run": run}))
