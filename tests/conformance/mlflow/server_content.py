"""Prints everything that an MLflow server holds, read by its own client. What an export had to name anew is given back its first name."""

import hashlib
import json
import re
import sys
import tempfile

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType

ID = "trivium.id"
uri = sys.argv[1]
mlflow.set_tracking_uri(uri)
client = MlflowClient(uri)
first = {}


def tags(of):
    return {key: value for key, value in of.items() if key != ID}


def files(artifact_uri):
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        def walk(path):
            for one in mlflow.artifacts.list_artifacts(f"{artifact_uri}/{path}".rstrip("/")):
                if one.is_dir:
                    walk(f"{path}/{one.path.rsplit('/', 1)[-1]}".strip("/"))
                else:
                    name = f"{path}/{one.path.rsplit('/', 1)[-1]}".strip("/")
                    local = mlflow.artifacts.download_artifacts(f"{artifact_uri}/{name}", dst_path=folder)
                    found[name] = hashlib.sha256(open(local, "rb").read()).hexdigest()
        walk("")
    return found


def run_content(run):
    first[run.info.run_id] = run.data.tags.get(ID, run.info.run_id)
    history = {
        key: [[m.step, m.timestamp, str(m.value)] for m in client.get_metric_history(run.info.run_id, key)]
        for key in run.data.metrics
    }
    return {
        "id": run.info.run_id,
        "info": [run.info.run_name, run.info.status, run.info.start_time, run.info.end_time, run.info.lifecycle_stage],
        "user": run.info.user_id,
        "params": run.data.params,
        "tags": tags(run.data.tags),
        "metrics": {key: sorted(points) for key, points in history.items()},
        "latest": {key: str(value) for key, value in run.data.metrics.items()},
        "datasets": sorted(
            [one.dataset.name, one.dataset.digest, one.dataset.source_type, one.dataset.source, one.dataset.schema,
             one.dataset.profile, sorted([tag.key, tag.value] for tag in one.tags)]
            for one in run.inputs.dataset_inputs
        ),
        "inputs": sorted(one.model_id for one in run.inputs.model_inputs),
        "outputs": sorted([one.model_id, one.step] for one in run.outputs.model_outputs),
        "files": files(run.info.artifact_uri) if run.info.lifecycle_stage == "active" else None,
    }


def model_content(model):
    first[model.model_id] = model.tags.get(ID, model.model_id)
    return {
        "id": model.model_id,
        "info": [model.name, str(model.status), model.model_type, model.source_run_id],
        "params": model.params,
        "tags": tags(model.tags),
        # Every point is in the history of its run; of a logged model the last one of each metric is held here.
        "metrics": sorted(
            {
                (m.key, m.run_id, m.dataset_name or "", m.dataset_digest or ""): [
                    m.key, m.run_id, m.dataset_name or "", m.dataset_digest or "", m.step, m.timestamp, str(m.value)
                ]
                for m in sorted(model.metrics or [], key=lambda m: (m.step, m.timestamp))
            }.values()
        ),
        "files": files(model.artifact_location),
    }


def version_content(version):
    return {
        "version": int(version.version),
        "text": [version.description or "", version.current_stage, version.status, version.run_link or ""],
        "source": re.sub(r"mlflow-artifacts:/\d+/", "mlflow-artifacts:/", version.source),
        "run": version.run_id,
        "tags": tags(version.tags),
        "aliases": sorted(version.aliases),
    }


content = {"experiments": {}, "models": {}}
for experiment in client.search_experiments(ViewType.ALL):
    runs = client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, max_results=1000)
    content["experiments"][experiment.name] = {
        "lifecycle": experiment.lifecycle_stage,
        "tags": tags(experiment.tags),
        "runs": [run_content(run) for run in runs],
        "logged": [model_content(model) for model in client.search_logged_models([experiment.experiment_id])],
    }
prompt = "tags.`mlflow.prompt.is_prompt` = 'true'"
for filter_string in ("", prompt):
    for model in client.search_registered_models(filter_string=filter_string):
        where = f"name = '{model.name}'" + (f" AND {prompt}" if filter_string else "")
        versions = [version_content(v) for v in client.search_model_versions(where)]
        content["models"][model.name] = {
            "description": model.description or "",
            "tags": tags(model.tags),
            "aliases": dict(model.aliases),
            "versions": sorted(versions, key=lambda v: v["version"]),
        }
text = json.dumps(content)
for new, old in first.items():
    text = text.replace(new, old)
content = json.loads(text)
for experiment in content["experiments"].values():
    experiment["runs"].sort(key=lambda run: run["id"])
    experiment["logged"].sort(key=lambda model: model["id"])
print(json.dumps(content))
