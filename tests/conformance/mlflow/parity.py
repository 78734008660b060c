"""Trains a scikit-learn classifier, logs it and three conversions to ONNX with the unmodified MLflow client, and registers them. Prints one JSON line."""

import json
import os
import warnings

warnings.filterwarnings("ignore")

import mlflow
import mlflow.onnx
import mlflow.sklearn
from mlflow import MlflowClient
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

names = ["mean radius", "mean texture", "mean smoothness", "worst area", "worst concavity"]
data = load_breast_cancer(as_frame=True)
x, y = data.data[names], data.target
training, held = x.iloc[::2], x.iloc[1::2]

model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(training, y.iloc[::2])
signature = mlflow.models.infer_signature(training, model.predict(training))
mlflow.set_experiment("parity")


def converted(pipeline):
    """One tensor with all columns, probabilities as one tensor."""
    kind = [("features", FloatTensorType([None, len(names)]))]
    return convert_sklearn(pipeline, initial_types=kind, options={id(pipeline): {"zipmap": False}}, target_opset=18)


def rounded(pipeline):
    """Weights with three digits: wrong by less than one in a hundred."""
    scaler, classifier = pipeline.steps[0][1], pipeline.steps[1][1]
    other = LogisticRegression()
    other.classes_, other.n_features_in_ = classifier.classes_, classifier.n_features_in_
    other.coef_, other.intercept_ = classifier.coef_.round(2), classifier.intercept_.round(2)
    return make_pipeline(scaler, other)


# The list with hashes says which packages the original runs with.
with mlflow.start_run(run_name="original") as run:
    mlflow.sklearn.log_model(model, name="model", signature=signature, pip_requirements=os.environ["REQUIREMENTS"], registered_model_name="cancer-sklearn")
for registered, exported in [
    ("cancer", converted(model)),
    # The classic mistake: the scaler was left out.
    ("cancer", converted(make_pipeline(model.steps[1][1]))),
    ("cancer", converted(rounded(model))),
]:
    with mlflow.start_run(run_name="converted"):
        mlflow.onnx.log_model(exported, name="onnx", signature=signature, registered_model_name=registered, pip_requirements=["onnx"])

client = MlflowClient()
print(json.dumps({
    "rows": held.to_dict("records"),
    "probabilities": model.predict_proba(held).tolist(),
    "requirements": mlflow.artifacts.load_text("models:/cancer-sklearn/1/requirements.txt"),
    "versions": sorted(int(one.version) for one in client.search_model_versions("name = 'cancer'")),
}))
