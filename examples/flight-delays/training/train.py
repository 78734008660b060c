"""Trains the model of the flight-delays example: ordinary pandas, scikit-learn and mlflow, nothing of Trivium's."""

import sys

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
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder
from threadpoolctl import threadpool_limits

CATEGORIES = ["origin", "destination"]
NUMBERS = ["distance", "weekday", "hour", "recent_arrivals", "recent_delay", "recent_late"]
FEATURES = CATEGORIES + NUMBERS
LABEL = "late"


def train(training: str, fresh: str, model: str, learning_rate: float, max_iter: int, max_leaf_nodes: int, seed: int) -> dict:
    """Fits on the rows of `training`, reports on those of `fresh`, logs the model to the run and writes it as ONNX to the path `model`."""
    # One thread: a table of this size gains nothing by more, and threads that wait for each other stall on a busy machine.
    with threadpool_limits(limits=1):
        return train_and_log(training, fresh, model, learning_rate, max_iter, max_leaf_nodes, seed)


def train_and_log(training: str, fresh: str, model: str, learning_rate: float, max_iter: int, max_leaf_nodes: int, seed: int) -> dict:
    rows, fresh_rows = load(training), load(fresh)
    settings = {"learning_rate": learning_rate, "max_iter": max_iter, "max_leaf_nodes": max_leaf_nodes, "random_state": seed}
    departed = rows["departed_at"]
    with mlflow.start_run(run_name=f"{departed.min():%d %b} to {departed.max():%d %b %Y}") as run:
        mlflow.log_params({**settings, "rows": len(rows), "features": ", ".join(FEATURES)})
        pipeline = build(settings).fit(rows[FEATURES], rows[LABEL])
        log_curves(run.info.run_id, pipeline, {"train_log_loss": rows, "fresh_log_loss": fresh_rows})
        scores = pipeline.predict_proba(fresh_rows[FEATURES])[:, 1]
        mlflow.log_metrics({
            "fresh_auc": roc_auc_score(fresh_rows[LABEL], scores),
            "fresh_late_share": fresh_rows[LABEL].mean(),
            "train_late_share": rows[LABEL].mean(),
        })
        exported = to_onnx(pipeline)
        requirements = [f"onnx=={onnx.__version__}", f"numpy=={np.__version__}"]
        mlflow.onnx.log_model(exported, name="model", signature=signature_of_columns(), pip_requirements=requirements)
        onnx.save_model(exported, model)
    print(f"trained on {len(rows):,} flights of {departed.min():%d %b} to {departed.max():%d %b}; {len(fresh_rows):,} fresh ones")
    return {"run": run.info.run_id}


def load(path: str) -> pd.DataFrame:
    """A Parquet file or a folder of them. Numbers become 32-bit, as the exported model takes them."""
    return pd.read_parquet(path).astype({name: "float32" for name in NUMBERS})


def build(settings: dict) -> Pipeline:
    columns = ColumnTransformer([
        ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), CATEGORIES),
        ("numbers", "passthrough", NUMBERS),
    ])
    # Leaves of at least 60 flights: a smaller group says more about its day than about its route.
    trees = HistGradientBoostingClassifier(min_samples_leaf=60, l2_regularization=1.0, early_stopping=False, **settings)
    return Pipeline([("columns", columns), ("trees", trees)])


def log_curves(run_id: str, pipeline: Pipeline, parts: dict) -> None:
    """Log loss after each tree. Nothing is chosen by the fresh curve: the number of trees is a parameter."""
    client = mlflow.MlflowClient()
    now = int(pd.Timestamp.now(tz="UTC").timestamp() * 1000)
    for name, part in parts.items():
        prepared = pipeline.named_steps["columns"].transform(part[FEATURES])
        stages = pipeline.named_steps["trees"].staged_predict_proba(prepared)
        happened = part[LABEL].to_numpy() == 1
        curve = [Metric(name, log_loss(happened, scores[:, 1]), now, step) for step, scores in enumerate(stages, start=1)]
        client.log_batch(run_id, metrics=curve)


def log_loss(happened: np.ndarray, probability: np.ndarray) -> float:
    """The same as scikit-learn's, without its checks: it is computed after each tree."""
    return float(-np.log(np.where(happened, probability, 1 - probability)).mean())


def to_onnx(pipeline: Pipeline) -> onnx.ModelProto:
    """One input for each column, probabilities as one tensor [rows, 2]."""
    inputs = [(name, StringTensorType([None, 1]) if name in CATEGORIES else FloatTensorType([None, 1])) for name in FEATURES]
    options = {id(pipeline.named_steps["trees"]): {"zipmap": False}}
    exported = convert_sklearn(pipeline, name="arrival-delay", initial_types=inputs, options=options, target_opset=18)
    # skl2onnx takes them from a set: sorted, the same model has the same bytes in each process.
    exported.opset_import.sort(key=lambda opset: opset.domain)
    return exported


def signature_of_columns() -> ModelSignature:
    inputs = Schema([ColSpec("string" if name in CATEGORIES else "float", name) for name in FEATURES])
    return ModelSignature(inputs=inputs, outputs=Schema([ColSpec("long", "label"), ColSpec("float", "probabilities")]))


if __name__ == "__main__":
    # By hand, against any MLflow server: MLFLOW_TRACKING_URI=… python train.py training.parquet fresh.parquet model.onnx
    print(train(*sys.argv[1:4], learning_rate=0.08, max_iter=80, max_leaf_nodes=15, seed=7))
