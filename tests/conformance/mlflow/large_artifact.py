"""Sends and fetches a large artifact in parts with the unmodified MLflow client. Prints one JSON line."""

import hashlib
import json
import os
import tempfile
import warnings

warnings.filterwarnings("ignore")

import mlflow
import requests

calls = []
send = requests.Session.send


def counted(self, request, **more):
    calls.append((request.method, request.url.split("?")[0]))
    return send(self, request, **more)


requests.Session.send = counted

content = os.urandom(13_000_000)
mlflow.set_experiment("in parts")
with tempfile.TemporaryDirectory() as directory:
    path = os.path.join(directory, "weights.bin")
    with open(path, "wb") as file:
        file.write(content)
    with mlflow.start_run() as run:
        mlflow.log_artifact(path, "model")
    sent = list(calls)
    calls.clear()
    back = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="model/weights.bin", dst_path=os.path.join(directory, "back"))
    with open(back, "rb") as file:
        same = file.read() == content

print(
    json.dumps(
        {
            "run": run.info.run_id,
            "same": same,
            "digest": hashlib.sha256(content).hexdigest(),
            "puts": [url for method, url in sent if method == "PUT"],
            "gets": [url for method, url in calls if method == "GET"],
        }
    )
)
