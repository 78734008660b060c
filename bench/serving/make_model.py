"""Trains the forest of the benchmark (100 trees of depth 8, 30 features), writes it as ONNX, and registers it."""

import sys

import mlflow
import numpy as np
import pandas as pd
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier

path = sys.argv[1]
random = np.random.default_rng(7)
rows = random.normal(size=(20_000, 30)).astype(np.float32)
label = (rows[:, :6].sum(axis=1) + rows[:, 6] * rows[:, 7] + random.normal(size=len(rows)) > 0).astype(np.int64)
forest = RandomForestClassifier(n_estimators=100, max_depth=8, random_state=7, n_jobs=-1).fit(rows, label)
model = to_onnx(forest, rows[:1], options={"zipmap": False})
with open(path, "wb") as file:
    file.write(model.SerializeToString())

frame = pd.DataFrame(rows[:100], columns=[f"f{index}" for index in range(rows.shape[1])])
with mlflow.start_run(run_name="forest"):
    signature = mlflow.models.infer_signature(frame, forest.predict(rows[:100]))
    mlflow.onnx.log_model(model, name="onnx", signature=signature, registered_model_name="forest")
