"""Autologging of scikit-learn and XGBoost, evaluation, system metrics, images and tables, models by run, version and alias: the unmodified MLflow 3 client. Prints one JSON line."""

import json
import os
import time
import warnings

warnings.filterwarnings("ignore")

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
import xgboost
from mlflow import MlflowClient
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

client = MlflowClient()
suffix = os.environ.get("SUFFIX", "1")


def check(name, condition):
    if not condition:
        raise AssertionError(name)


rng = np.random.default_rng(7)
x = pd.DataFrame(rng.normal(size=(200, 4)), columns=list("abcd"))
y = (x["a"] + 0.3 * x["b"] > 0).astype(int)
experiment = mlflow.set_experiment(f"frameworks {suffix}").experiment_id

# A grid search of scikit-learn: one parent, one child for each candidate, metrics, files, the best model.
mlflow.sklearn.autolog(max_tuning_runs=None)
with mlflow.start_run(run_name="grid") as grid:
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0, 10.0]}, cv=2).fit(x, y)
    search.best_estimator_.score(x, y)
mlflow.sklearn.autolog(disable=True)
children = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{grid.info.run_id}'")
check("children", sorted(r.data.params["C"] for r in children) == ["0.1", "1.0", "10.0"])
read = client.get_run(grid.info.run_id)
check("best", read.data.params["best_C"] in ("0.1", "1.0", "10.0") and 0 < read.data.metrics["best_cv_score"] <= 1)
check("metric after training", any(key.startswith("LogisticRegression_score") or key.endswith("score_x") or "score" in key for key in read.data.metrics))
check("confusion", "training_confusion_matrix.png" in {f.path for f in client.list_artifacts(grid.info.run_id)})
models = {m.name for m in mlflow.search_logged_models([experiment], output_format="list")}
check(f"logged models {models}", {"model", "best_estimator"} <= models)

# XGBoost: a curve a round, importance as file, the booster as model, registered while it is logged.
name = f"delays-{suffix}"
mlflow.xgboost.autolog(registered_model_name=name, model_format="json")
with mlflow.start_run(run_name="boosted") as boosted:
    matrix = xgboost.DMatrix(x, label=y)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 2, "nthread": 1}, matrix, num_boost_round=8, evals=[(matrix, "train")])
mlflow.xgboost.autolog(disable=True)
read = client.get_run(boosted.info.run_id)
check("parameters", read.data.params["max_depth"] == "2" and read.data.params["num_boost_round"] == "8")
curve = client.get_metric_history(boosted.info.run_id, "train-logloss")
check("curve", [m.step for m in curve] == list(range(8)) and curve[-1].value < curve[0].value)
check("importance", "feature_importance_weight.json" in {f.path for f in client.list_artifacts(boosted.info.run_id)})
check("input", [i.dataset.name for i in read.inputs.dataset_inputs] != [])
client.set_registered_model_alias(name, "champion", "1")
expected = booster.predict(matrix)
for uri in (f"runs:/{boosted.info.run_id}/model", f"models:/{name}/1", f"models:/{name}@champion"):
    check(uri, np.allclose(mlflow.pyfunc.load_model(uri).predict(x), expected))

# Pictures, figures, tables.
with mlflow.start_run(run_name="media") as media:
    for step in range(3):
        mlflow.log_image(Image.new("RGB", (8, 8), (step * 80, 0, 0)), key="plane", step=step)
    mlflow.log_image(np.full((8, 8), 128, dtype=np.uint8), "grey.png")
    figure, axis = plt.subplots()
    axis.plot([1, 2, 3])
    mlflow.log_figure(figure, "plots/line.png")
    mlflow.log_table(pd.DataFrame({"seen": [1, 2], "said": ["x", "y"]}), "answers.json")
check("steps of a picture", len([f for f in client.list_artifacts(media.info.run_id, "images") if f.path.endswith(".png")]) == 3)
check("picture", mlflow.artifacts.load_image(f"runs:/{media.info.run_id}/grey.png").size == (8, 8))
check("table", list(mlflow.load_table("answers.json", [media.info.run_id])["said"]) == ["x", "y"])

# What the machine does, sampled in the background.
mlflow.set_system_metrics_sampling_interval(0.2)
mlflow.set_system_metrics_samples_before_logging(1)
with mlflow.start_run(run_name="sampled", log_system_metrics=True) as sampled:
    for _ in range(100):
        time.sleep(0.1)
        if "system/cpu_utilization_percentage" in client.get_run(sampled.info.run_id).data.metrics:
            break
read = client.get_run(sampled.info.run_id)
check("system metrics", {"system/cpu_utilization_percentage", "system/system_memory_usage_megabytes"} <= set(read.data.metrics))

# An evaluation logs metrics, tables and pictures.
with mlflow.start_run(run_name="evaluated") as evaluated:
    frame = x.assign(target=y)
    result = mlflow.models.evaluate(
        lambda rows: (booster.predict(xgboost.DMatrix(rows)) > 0.5).astype(int),
        mlflow.data.from_pandas(frame, targets="target", name="flights"),
        model_type="classifier",
        evaluators=["default"],
        evaluator_config={"default": {"log_explainer": False, "log_model_explainability": False}},
    )
read = client.get_run(evaluated.info.run_id)
check("metrics of the evaluation", read.data.metrics["accuracy_score"] == result.metrics["accuracy_score"] > 0.7)
check("dataset of the evaluation", [i.dataset.name for i in read.inputs.dataset_inputs] == ["flights"])
check("files of the evaluation", any("confusion_matrix" in f.path for f in client.list_artifacts(evaluated.info.run_id)))

print(json.dumps({"mlflow": mlflow.__version__, "boosted": boosted.info.run_id, "model": name, "experiment": experiment}))
