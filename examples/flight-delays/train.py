"""Trains the model of the flight-delays example: ordinary pandas, scikit-learn and mlflow, nothing of Trivium's."""

import sys
from pathlib import Path

import mlflow
import mlflow.onnx
import numpy as np
import onnx
import pandas as pd
from mlflow.entities import Metric
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

CATEGORIES = ["origin", "destination"]
NUMBERS = ["distance", "weekday", "hour", "recent_arrivals", "recent_delay", "recent_late"]
FEATURES = CATEGORIES + NUMBERS
LABEL = "late"


def train(rows: str, model: str, learning_rate: float, max_iter: int, max_leaf_nodes: int, seed: int) -> dict:
    """Fits on the rows of part `train`, reports on those of part `evaluate`, and writes the model as an MLflow folder to the path `model`."""
    table = load(rows)
    fit_rows, held_out = table[table["part"] == "train"], table[table["part"] == "evaluate"]
    settings = {"learning_rate": learning_rate, "max_iter": max_iter, "max_leaf_nodes": max_leaf_nodes, "random_state": seed}
    with mlflow.start_run(run_name=f"{fit_rows['departed_at'].min():%d %b} to {fit_rows['departed_at'].max():%d %b %Y}") as run:
        mlflow.log_params({**settings, "rows": len(fit_rows), "features": ", ".join(FEATURES)})
        pipeline = build(settings).fit(fit_rows[FEATURES], fit_rows[LABEL])
        log_curves(run.info.run_id, pipeline, fit_rows, held_out)
        scores = pipeline.predict_proba(held_out[FEATURES])[:, 1]
        mlflow.log_metrics({
            "holdout_log_loss": log_loss(held_out[LABEL], scores),
            "holdout_auc": roc_auc_score(held_out[LABEL], scores),
            "holdout_late_share": float(held_out[LABEL].mean()),
            "train_late_share": float(fit_rows[LABEL].mean()),
        })
        exported = to_onnx(pipeline)
        requirements = [f"{package.__name__}=={package.__version__}" for package in (onnx, np)]
        signature = signature_of_columns()
        logged = mlflow.onnx.log_model(exported, name="model", signature=signature, pip_requirements=requirements)
        mlflow.onnx.save_model(exported, model, signature=signature, pip_requirements=requirements)
    print(f"trained on {len(fit_rows):,} flights, held out {len(held_out):,}")
    return {"run": run.info.run_id, "logged_model": logged.model_id}


def load(rows: str) -> pd.DataFrame:
    """A Parquet file or a folder of them. Numbers become 32-bit, as the exported model takes them."""
    table = pd.read_parquet(rows)
    return table.astype({name: "float32" for name in NUMBERS})


def build(settings: dict) -> Pipeline:
    columns = ColumnTransformer([
        ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), CATEGORIES),
        ("numbers", "passthrough", NUMBERS),
    ])
    # Leaves of at least 60 flights: a smaller group says more about its day than about its route.
    trees = HistGradientBoostingClassifier(min_samples_leaf=60, l2_regularization=1.0, early_stopping=False, **settings)
    return Pipeline([("columns", columns), ("trees", trees)])


def log_curves(run_id: str, pipeline: Pipeline, fit_rows: pd.DataFrame, held_out: pd.DataFrame) -> None:
    """Log loss after each tree. Nothing is chosen by the held-out curve: the number of trees is a parameter."""
    client = mlflow.MlflowClient()
    now = int(pd.Timestamp.now(tz="UTC").timestamp() * 1000)
    for name, part in (("train_log_loss", fit_rows), ("holdout_log_loss_by_tree", held_out)):
        prepared = pipeline.named_steps["columns"].transform(part[FEATURES])
        stages = pipeline.named_steps["trees"].staged_predict_proba(prepared)
        curve = [Metric(name, log_loss(part[LABEL], scores[:, 1]), now, step) for step, scores in enumerate(stages, start=1)]
        client.log_batch(run_id, metrics=curve)


def to_onnx(pipeline: Pipeline) -> onnx.ModelProto:
    """One input for each column, probabilities as one tensor [rows, 2]."""
    inputs = [(name, StringTensorType([None, 1]) if name in CATEGORIES else FloatTensorType([None, 1])) for name in FEATURES]
    trees = pipeline.named_steps["trees"]
    return convert_sklearn(pipeline, name="arrival-delay", initial_types=inputs, options={id(trees): {"zipmap": False}}, target_opset=18)


def signature_of_columns() -> ModelSignature:
    inputs = Schema([ColSpec("string" if name in CATEGORIES else "float", name) for name in FEATURES])
    return ModelSignature(inputs=inputs, outputs=Schema([ColSpec("long", "label"), ColSpec("float", "probabilities")]))


if __name__ == "__main__":
    # By hand, against any MLflow server: MLFLOW_TRACKING_URI=… python train.py rows.parquet model-folder
    Path(sys.argv[2]).parent.mkdir(parents=True, exist_ok=True)
    print(train(sys.argv[1], sys.argv[2], learning_rate=0.08, max_iter=80, max_leaf_nodes=15, seed=7))
