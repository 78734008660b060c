"""Prints everything that an MLflow server holds, read by its own client. What an export had to name anew is given back its first name; with a second argument
also the times and digests, which only the copy of a store keeps. The third names deleted logged models, which are in no list."""

import hashlib
import json
import re
import sys
import tempfile
import urllib.request

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType

ID = "trivium.id"
uri = sys.argv[1]
exact = len(sys.argv) > 2 and sys.argv[2] == "exact"
deleted_models = sys.argv[3].split(",") if len(sys.argv) > 3 else []
mlflow.set_tracking_uri(uri)
client = MlflowClient(uri)
first = {}


def tags(of):
    return {key: value for key, value in of.items() if not key.startswith(ID)}


def times(*values):
    return list(values) if exact else None


def rest(path, body=None):
    request = urllib.request.Request(
        f"{uri}/api/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    return json.loads(urllib.request.urlopen(request).read())


def trace_content(info):
    """A trace as REST shows it; only where its files lie, and that MLflow was told of it whole, is left out."""
    trace = rest(f"3.0/mlflow/traces/get?trace_id={info['trace_id']}&allow_partial=true")["trace"]
    shown = trace["trace_info"]
    shown.pop("trace_location")
    shown.setdefault("trace_metadata", {}).pop("mlflow.trace.infoFinalized", None)
    shown["tags"].pop("mlflow.artifactLocation")
    shown["assessments"] = sorted(shown.get("assessments", []), key=lambda one: one["assessment_id"])
    root = info["tags"]["mlflow.artifactLocation"]
    return {
        **trace,
        "spans": sorted(trace["spans"], key=lambda one: one["span_id"]),
        "found": rest("3.0/mlflow/traces/batchGetInfos", {"trace_ids": [info["trace_id"]]})["trace_infos"][0]["trace_id"],
        "files": files(root) if "mlflow-attachment" in json.dumps(trace) else None,
    }


def dataset_content(one):
    records = json.loads(rest(f"3.0/mlflow/datasets/{one['dataset_id']}/records").get("records") or "[]")
    own = ["dataset_record_id", "dataset_id", "created_time", "last_update_time", "created_by", "last_updated_by"]
    places = rest(f"3.0/mlflow/datasets/{one['dataset_id']}/experiment-ids").get("experiment_ids", [])
    keep = ["name", "schema", "profile"] + (own + ["digest"] if exact else [])
    return {
        **{key: one.get(key) for key in keep},
        "tags": tags(json.loads(one["tags"])),
        "experiments": sorted(names[place] for place in places),
        "records": sorted(
            ({key: value for key, value in record.items() if exact or key not in own} for record in records),
            key=lambda record: json.dumps(record["inputs"], sort_keys=True),
        ),
    }


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
        "times": times(model.creation_timestamp, model.last_updated_timestamp),
        "files": files(model.artifact_location),
    }


def version_content(version):
    return {
        "version": int(version.version),
        "text": [version.description or "", version.current_stage, version.status, version.run_link or ""],
        "source": re.sub(r"mlflow-artifacts:/\d+/", "mlflow-artifacts:/", version.source),
        # Whether none is an empty text or nothing depends on who made it.
        "run": version.run_id or None,
        "tags": tags(version.tags),
        "aliases": sorted(version.aliases),
        "times": times(version.creation_timestamp, version.last_updated_timestamp),
    }


content = {"experiments": {}, "models": {}, "traces": {}, "links": {}}
names = {one.experiment_id: one.name for one in client.search_experiments(ViewType.ALL)}
locations = [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": place}} for place in names]
for experiment in client.search_experiments(ViewType.ALL):
    runs = client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, max_results=1000)
    content["experiments"][experiment.name] = {
        "lifecycle": experiment.lifecycle_stage,
        "tags": tags(experiment.tags),
        "times": times(experiment.creation_time, experiment.last_update_time),
        "runs": [run_content(run) for run in runs],
        "logged": [model_content(model) for model in client.search_logged_models([experiment.experiment_id])],
    }
    here = {"locations": [one for one in locations if one["mlflow_experiment"]["experiment_id"] == experiment.experiment_id]}
    found = rest("3.0/mlflow/traces/search", {**here, "max_results": 500}).get("traces", [])
    content["traces"][experiment.name] = sorted(
        (trace_content(info) for info in found), key=lambda one: one["trace_info"]["trace_id"]
    )
    for run in runs:
        linked = rest("3.0/mlflow/traces/search", {"locations": locations, "filter": f"attributes.run_id = '{run.info.run_id}'"})
        content["links"][run.info.run_id] = sorted(one["trace_id"] for one in linked.get("traces", []))
content["datasets"] = sorted(
    (dataset_content(one) for one in rest("3.0/mlflow/datasets/search", {"max_results": 100}).get("datasets", [])),
    key=lambda one: one["name"],
)
# An export notes on the experiment which id a deleted logged model of ours got.
noted = {
    key.removeprefix(f"{ID}.deleted."): value
    for one in client.search_experiments(ViewType.ALL)
    for key, value in one.tags.items()
    if key.startswith(f"{ID}.deleted.")
}
content["deleted"] = []
for model in deleted_models:
    shown = rest(f"2.0/mlflow/logged-models/{noted.get(model, model)}?allow_deleted=true")["model"]
    info = shown["info"]
    first[info["model_id"]] = model
    content["deleted"].append(
        {
            "info": [info["model_id"], info["name"], info["status"], info.get("model_type", ""), info.get("source_run_id", "")],
            "tags": sorted([one["key"], one["value"]] for one in info.get("tags", []) if one["key"] != ID),
            "params": shown.get("data", {}).get("params", []),
            "metrics": [[one["key"], one["value"], one["step"], one["run_id"]] for one in shown.get("data", {}).get("metrics", [])],
        }
    )
prompt = "tags.`mlflow.prompt.is_prompt` = 'true'"
for filter_string in ("", prompt):
    for model in client.search_registered_models(filter_string=filter_string):
        where = f"name = '{model.name}'" + (f" AND {prompt}" if filter_string else "")
        versions = [version_content(v) for v in client.search_model_versions(where)]
        content["models"][model.name] = {
            "description": model.description or "",
            "tags": tags(model.tags),
            "aliases": dict(model.aliases),
            "times": times(model.creation_timestamp, model.last_updated_timestamp),
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
