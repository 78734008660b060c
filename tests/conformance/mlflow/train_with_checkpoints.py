"""A training that keeps a checkpoint an epoch and forgets to measure F1. It prints the run, and what F1 would have been."""

import json
import pickle
import tempfile
from pathlib import Path

import mlflow
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, f1_score

random = np.random.default_rng(3)
x = random.normal(size=(400, 5))
y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(int)
model, forgotten = SGDClassifier(random_state=1), {}
mlflow.set_experiment("forgotten")
with mlflow.start_run(run_name="no f1") as run:
    for epoch in range(1, 6):
        model.partial_fit(x[:300], y[:300], classes=[0, 1])
        forgotten[epoch] = f1_score(y[300:], model.predict(x[300:]))
        mlflow.log_metric("accuracy", accuracy_score(y[300:], model.predict(x[300:])), step=epoch)
        if epoch == 3:
            # One of them is a logged model of MLflow.
            mlflow.sklearn.log_model(model, name="third", step=3)
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"epoch_{epoch:02}.pkl")
            path.write_bytes(pickle.dumps(model))
            mlflow.log_artifact(path, "checkpoints")
    mlflow.log_text("nothing", "checkpoints/notes.txt")
with mlflow.start_run(run_name="nothing kept") as bare:
    mlflow.log_metric("accuracy", 0.5)
print(json.dumps({"run": run.info.run_id, "bare": bare.info.run_id, "forgotten": forgotten}))
