"""A training session with the unmodified MLflow client: tracking, artifacts, logged models, registry. Prints one JSON line."""

import json
import math
import os
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")

import mlflow
import numpy as np
from mlflow import MlflowClient
from sklearn.ensemble import RandomForestClassifier

client = MlflowClient()
newer = int(mlflow.__version__.split(".")[0]) >= 3
facts = {"mlflow": mlflow.__version__}


def check(name, condition):
    if not condition:
        raise AssertionError(name)


rng = np.random.default_rng(7)
x = rng.normal(size=(300, 4))
y = (x[:, 0] + 0.3 * x[:, 1] > 0).astype(int)

# An experiment, autologging, a nested run.
name = os.environ.get("EXPERIMENT", "flight delays")
experiment = mlflow.set_experiment(name)
check("experiment location", experiment.artifact_location.startswith("mlflow-artifacts:"))
check("found again", mlflow.set_experiment(name).experiment_id == experiment.experiment_id)
mlflow.sklearn.autolog(log_models=False)
with mlflow.start_run(run_name="forest") as parent:
    model = RandomForestClassifier(n_estimators=5, random_state=1).fit(x, y)
    mlflow.sklearn.autolog(disable=True)
    for depth in (1, 2):
        with mlflow.start_run(run_name=f"depth {depth}", nested=True) as child:
            mlflow.log_param("depth", depth)
            for step in range(5):
                mlflow.log_metric("loss", 1 / (step + depth), step=step)
            mlflow.log_metrics({"auc": 0.6 + depth / 10, "strange/nan": math.nan, "strange/inf": math.inf})
    mlflow.log_params({"rows": 300, "text": "x" * 5000, "empty": ""})
    mlflow.set_tags({"team": "ops", "mlflow.note.content": "# why"})
    mlflow.log_dict({"a": [1, 2]}, "config/a.json")
    mlflow.log_text("hello", "notes.txt")
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "big.bin")
        with open(path, "wb") as file:
            file.write(os.urandom(3_000_000))
        mlflow.log_artifact(path, "data")
    dataset = mlflow.data.from_numpy(x, targets=y, name="flights")
    mlflow.log_input(dataset, context="training")
    signature = mlflow.models.infer_signature(x, model.predict(x))
    logged = mlflow.sklearn.log_model(model, **({"name": "model"} if newer else {"artifact_path": "model"}), signature=signature, input_example=x[:2], serialization_format="cloudpickle")
facts["run"] = parent.info.run_id

run = client.get_run(parent.info.run_id)
check("finished", run.info.status == "FINISHED" and run.info.end_time >= run.info.start_time)
check("autolog params", run.data.params["n_estimators"] == "5")
check("autolog metrics", run.data.metrics["training_accuracy_score"] > 0.8)
check("tags", run.data.tags["team"] == "ops")
check("inputs", run.inputs.dataset_inputs[-1].dataset.name == "flights")
inner = client.get_run(child.info.run_id)
check("nan", math.isnan(inner.data.metrics["strange/nan"]) and inner.data.metrics["strange/inf"] > 1e308)
check("parent", inner.data.tags["mlflow.parentRunId"] == parent.info.run_id)
check("history", [m.value for m in client.get_metric_history(child.info.run_id, "loss")] == [1 / (s + 2) for s in range(5)])

# Artifacts.
names = sorted(f.path for f in client.list_artifacts(parent.info.run_id))
check(f"artifacts {names}", {"config", "data", "notes.txt"} <= set(names))
check("file size", client.list_artifacts(parent.info.run_id, "data")[0].file_size == 3_000_000)
check("text", mlflow.artifacts.load_text(f"runs:/{parent.info.run_id}/notes.txt") == "hello")
with tempfile.TemporaryDirectory() as directory:
    fetched = client.download_artifacts(parent.info.run_id, "data/big.bin", directory)
    check("download", os.path.getsize(fetched) == 3_000_000)
check("dict", mlflow.artifacts.load_dict(f"runs:/{parent.info.run_id}/config/a.json") == {"a": [1, 2]})

# Search.
found = mlflow.search_runs([experiment.experiment_id], "metrics.auc > 0.65 and params.depth = '2'", output_format="list")
check("search", [r.info.run_name for r in found] == ["depth 2"])
found = mlflow.search_runs([experiment.experiment_id], "attributes.run_name LIKE 'depth%'", order_by=["metrics.auc DESC"], output_format="list")
check("order", [r.info.run_name for r in found] == ["depth 2", "depth 1"])
check("pages", len(client.search_runs([experiment.experiment_id], max_results=2)) == 2)
frame = mlflow.search_runs([experiment.experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
check("frame", len(frame) == 2 and "metrics.auc" in frame.columns)
try:
    client.search_runs([experiment.experiment_id], "metrics.auc > 'x'")
    check("bad filter", False)
except mlflow.exceptions.MlflowException as error:
    check("bad filter message", "Expected numeric value type for metric" in str(error) and error.error_code == "INVALID_PARAMETER_VALUE")

# Models: by run, by version, by alias.
expected = model.predict(x)
check("by run", (mlflow.pyfunc.load_model(logged.model_uri).predict(x) == expected).all())
name = f"arrival-delay-{os.environ.get('SUFFIX', '1')}"
first = mlflow.register_model(logged.model_uri, name, tags={"origin": "test"})
second = mlflow.register_model(f"runs:/{parent.info.run_id}/model", name)
check("versions", [int(first.version), int(second.version)] == [1, 2])
check("ready", client.get_model_version(name, "1").status == "READY")
client.set_registered_model_alias(name, "champion", "2")
check("alias", client.get_model_version_by_alias(name, "champion").version == "2")
check("by version", (mlflow.pyfunc.load_model(f"models:/{name}/1").predict(x) == expected).all())
check("by alias", (mlflow.sklearn.load_model(f"models:/{name}@champion").predict(x) == expected).all())
client.set_model_version_tag(name, "1", "k", "v")
client.update_model_version(name, "1", description="first")
client.update_registered_model(name, description="predicts delays")
client.set_registered_model_tag(name, "team", "ops")
one = client.get_model_version(name, "1")
check("version fields", one.tags.items() >= {"origin": "test", "k": "v"}.items() and one.description == "first" and one.run_id == parent.info.run_id)
found = client.search_model_versions(f"name = '{name}'", order_by=["version_number ASC"])
check("search versions", [v.version for v in found] == ["1", "2"])
check("search versions by run", len(client.search_model_versions(f"run_id = '{parent.info.run_id}'")) >= 2)
check("search models", [m.name for m in client.search_registered_models(f"name = '{name}' and tags.team = 'ops'")] == [name])
registered = client.get_registered_model(name)
check("registered", registered.aliases == {"champion": "2"} and registered.description == "predicts delays" and registered.latest_versions[0].version == "2")
check("latest", client.get_latest_versions(name)[0].version == "2")
staged = client.transition_model_version_stage(name, "1", "staging")
check("stage", staged.current_stage == "Staging")
client.delete_registered_model_alias(name, "champion")
try:
    client.get_model_version_by_alias(name, "champion")
    check("alias gone", False)
except mlflow.exceptions.MlflowException as error:
    check("alias error", "not found" in str(error))
client.delete_model_version(name, "1")
check("deleted", len(client.search_model_versions(f"name = '{name}'")) == 1)
third = client.create_model_version(name, source=logged.model_uri if newer else f"runs:/{parent.info.run_id}/model", run_id=parent.info.run_id)
check("numbers are not used again", third.version == "3")

# Mistakes get an answer at once.
try:
    client.log_param(parent.info.run_id, "rows", 301)
    check("param changed", False)
except mlflow.exceptions.MlflowException as error:
    check("param message", "Changing param values is not allowed" in str(error))
client.delete_run(child.info.run_id)
try:
    client.log_metric(child.info.run_id, "x", 1)
    check("deleted run", False)
except mlflow.exceptions.MlflowException as error:
    check("deleted message", "must be in the 'active' state" in str(error))
client.restore_run(child.info.run_id)
client.log_metric(child.info.run_id, "x", 1)
if newer:
    models = mlflow.search_logged_models([experiment.experiment_id], output_format="list")
    check("logged models", [m.name for m in models] == ["model"] and models[0].source_run_id == parent.info.run_id)
    facts["loggedModel"] = models[0].model_id

# Logging that does not wait, tables, files that are empty.
with mlflow.start_run(run_name="aside") as aside:
    for step in range(20):
        mlflow.log_metric("later", step, step=step, synchronous=False)
    mlflow.log_params({"first": 1, "second": 2}, synchronous=False)
    mlflow.flush_async_logging()
    mlflow.log_table({"input": ["a", "b"], "length": [1, 1]}, "table.json")
    mlflow.log_table({"input": ["c"], "length": [1]}, "table.json")
    mlflow.log_text("", "empty.txt")
read = client.get_run(aside.info.run_id)
check("async", read.data.metrics["later"] == 19 and read.data.params == {"first": "1", "second": "2"})
check("async history", len(client.get_metric_history(aside.info.run_id, "later")) == 20)
check("table", len(mlflow.load_table("table.json", run_ids=[aside.info.run_id])) == 3)
check("empty file", mlflow.artifacts.load_text(f"runs:/{aside.info.run_id}/empty.txt") == "")

if newer:
    # Prompts are models without files.
    prompt = f"greet-{os.environ.get('SUFFIX', '1')}"
    client.register_prompt(name=prompt, template="Hello {{ name }}", commit_message="first")
    client.register_prompt(name=prompt, template="Good day {{ name }}")
    client.set_prompt_alias(prompt, alias="production", version=1)
    check("prompt", client.load_prompt(f"prompts:/{prompt}/2").template == "Good day {{ name }}")
    check("prompt by alias", client.load_prompt(f"prompts:/{prompt}@production").format(name="Ann") == "Hello Ann")
    check("no prompts among models", prompt not in [m.name for m in client.search_registered_models()])

    # Webhooks: made, found, changed, removed; one that would reach inside is refused.
    hook = client.create_webhook(name="pager", url="https://1.2.3.4/hook", events=["model_version.created"], secret="swordfish")
    check("webhook", client.get_webhook(hook.webhook_id).url == "https://1.2.3.4/hook" and [w.name for w in client.list_webhooks()] == ["pager"])
    check("webhook changed", client.update_webhook(hook.webhook_id, status="DISABLED").status == "DISABLED")
    client.delete_webhook(hook.webhook_id)
    check("webhook gone", len(client.list_webhooks()) == 0)
    try:
        client.create_webhook(name="inside", url="https://127.0.0.1/hook", events=["model_version.created"])
        check("inside", False)
    except mlflow.exceptions.MlflowException as error:
        check("inside refused", "internal address" in str(error))

client.delete_experiment(client.create_experiment(f"gone {os.environ.get('SUFFIX', '1')}"))
facts["model"] = name
print(json.dumps(facts))
sys.stdout.flush()
