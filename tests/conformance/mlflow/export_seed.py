"""Adds to an MLflow server, by its own client, what only the way back to a running server could lose."""

import sys

import mlflow
import pandas as pd
from mlflow import MlflowClient

uri = sys.argv[1]
mlflow.set_tracking_uri(uri)
client = MlflowClient(uri)
client.set_experiment_tag("0", "kind", "default")
mlflow.set_experiment("delays")
data = mlflow.data.from_pandas(pd.DataFrame({"x": [1, 2]}), name="held-back")
with mlflow.start_run(run_name="judged", tags={"long": "x" * 4000}) as run:
    model = mlflow.create_external_model(name="outside", params={"p": "1"}, tags={"t": "u"}, model_type="agent")
    mlflow.log_metric("accuracy", 0.9, model_id=model.model_id, dataset=data, step=1)
    mlflow.log_metric("accuracy", 0.95, model_id=model.model_id, dataset=data, step=2)
    mlflow.log_input(data, context="eval", model=mlflow.entities.LoggedModelInput(model.model_id))
    mlflow.log_text("many", "deep/er/file é.txt")
for number in (3, 4, 5):
    client.create_model_version("delay", f"runs:/{run.info.run_id}/deep", run_id=run.info.run_id, run_link="http://ci/1")
client.delete_model_version("delay", "4")
client.set_registered_model_alias("delay", "newest", 5)
client.register_prompt("greeting", "Hello {{name}}", commit_message="first")
client.register_prompt("greeting", "Hi {{name}}", commit_message="second")
print("{}")
