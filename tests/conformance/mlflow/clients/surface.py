"""Every public method of MlflowClient, found by introspection: each is called here, or stands below with the reason why not. Prints one JSON line."""

import inspect
import io
import json
import os
import tempfile
import time
import warnings

warnings.filterwarnings("ignore")

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
    ViewType,
)
from mlflow.exceptions import MlflowException

real = MlflowClient()
called = set()


class Client:
    """Notes which methods are called."""

    def __getattr__(self, name):
        called.add(name)
        return getattr(real, name)


client = Client()
suffix = os.environ.get("SUFFIX", "1")


def check(name, condition):
    if not condition:
        raise AssertionError(name)


def refused(code, call):
    """The call fails with this error code, and at once: the client repeats nothing."""
    started = time.monotonic()
    try:
        call()
    except MlflowException as error:
        check(f"{code}, not {error.error_code}: {error}", error.error_code == code)
        check("told at once", time.monotonic() - started < 5)
        return
    raise AssertionError(f"{code} was expected")


# Experiments.
experiment = client.create_experiment(f"surface {suffix}", tags={"team": "ops"})
client.set_experiment_tag(experiment, "stage", "early")
client.delete_experiment_tag(experiment, "team")
client.rename_experiment(experiment, f"surface of {suffix}")
check("experiment", client.get_experiment(experiment).tags == {"stage": "early"})
check("by name", client.get_experiment_by_name(f"surface of {suffix}").experiment_id == experiment)
client.delete_experiment(experiment)
check("gone", [e.experiment_id for e in client.search_experiments(ViewType.DELETED_ONLY, filter_string=f"name = 'surface of {suffix}'")] == [experiment])
client.restore_experiment(experiment)

# Runs.
parent = client.create_run(experiment, run_name="parent", tags={"a": "b"}).info.run_id
run = client.create_run(experiment, tags={"mlflow.parentRunId": parent}).info.run_id
check("parent", client.get_parent_run(run).info.run_id == parent)
client.log_param(run, "depth", 3)
client.log_metric(run, "loss", 0.5, step=1)
client.log_metric(run, "loss", 0.25, step=2, synchronous=False).wait()
client.set_tag(run, "team", "ops")
client.delete_tag(run, "team")
client.log_batch(run, [Metric("auc", 0.7, 1, 0)], [Param("seed", "1")], [RunTag("kind", "trial")])
client.log_inputs(run, [DatasetInput(Dataset("flights", "abc", "local", "{}"), [])])
client.update_run(run, name="child")
client.set_terminated(run, "FINISHED")
seen = client.get_run(run)
check("run", seen.info.run_name == "child" and seen.data.metrics == {"loss": 0.25, "auc": 0.7} and "team" not in seen.data.tags)
check("history", [m.step for m in client.get_metric_history(run, "loss")] == [1, 2])
check("search", [r.info.run_id for r in client.search_runs([experiment], "params.depth = '3' and metrics.loss < 0.3")] == [run])
client.delete_run(run)
client.restore_run(run)

# Artifacts.
with tempfile.TemporaryDirectory() as folder:
    for name in ("one.txt", "two.txt"):
        with open(os.path.join(folder, name), "w") as file:
            file.write(name)
    client.log_artifact(run, os.path.join(folder, "one.txt"), "single")
    client.log_artifacts(run, folder, "many")
    client.log_dict(run, {"a": 1}, "a.json")
    client.log_text(run, "hello", "a.txt")
    client.log_stream(run, io.BytesIO(b"stream"), "stream.bin")
    client.log_table(run, {"in": ["x", "y"], "out": [1, 2]}, "table.json")
    client.log_image(run, np.zeros((4, 4, 3), dtype=np.uint8), "black.png")
    client.log_image(run, np.zeros((4, 4, 3), dtype=np.uint8), key="steps", step=1)
    figure = plt.figure()
    plt.plot([1, 2])
    client.log_figure(run, figure, "curve.png")
    names = {f.path for f in client.list_artifacts(run)}
    check(f"artifacts {names}", {"single", "many", "a.json", "a.txt", "stream.bin", "table.json", "black.png", "images", "curve.png"} <= names)
    check("table", len(client.load_table(experiment, "table.json", [run])) == 2)
    with open(client.download_artifacts(run, "many/two.txt", folder)) as file:
        check("download", file.read() == "two.txt")

    # Logged models.
    model = client.create_logged_model(experiment, "forest", run, tags={"a": "b"}, params={"depth": "3"}, model_type="tree").model_id
    client.log_model_params(model, {"seed": "1"})
    client.log_model_artifact(model, os.path.join(folder, "one.txt"))
    client.log_model_artifacts(model, folder)
check("model files", {f.path for f in client.list_logged_model_artifacts(model)} >= {"one.txt", "two.txt"})
client.finalize_logged_model(model, "READY")
client.set_logged_model_tags(model, {"c": "d"})
client.delete_logged_model_tag(model, "a")
client.log_inputs(run, models=[LoggedModelInput(model)])
client.log_outputs(run, [LoggedModelOutput(model, 2)])
client.log_metric(run, "loss", 0.1, step=3, model_id=model, dataset_name="flights", dataset_digest="abc")
told = client.get_logged_model(model)
check("logged model", told.tags == {"c": "d"} and told.params == {"depth": "3", "seed": "1"} and [m.value for m in told.metrics] == [0.1])
check("found", [m.model_id for m in client.search_logged_models([experiment], "metrics.loss < 0.2")] == [model])

# Registry.
name = f"surface-{suffix}"
client.create_registered_model(name, tags={"a": "b"}, description="one")
client.rename_registered_model(name, f"{name}-new")
name = f"{name}-new"
client.update_registered_model(name, "two")
client.set_registered_model_tag(name, "c", "d")
client.delete_registered_model_tag(name, "a")
version = client.create_model_version(name, f"models:/{model}", run, tags={"x": "y"}, description="first", model_id=model).version
client.update_model_version(name, version, "better")
client.set_model_version_tag(name, version, "k", "v")
client.delete_model_version_tag(name, version, "x")
client.set_registered_model_alias(name, "champion", version)
check("by alias", client.get_model_version_by_alias(name, "champion").tags == {"k": "v"})
check("stages", "Production" in client.get_model_version_stages(name, version))
client.transition_model_version_stage(name, version, "Staging")
check("latest", [v.version for v in client.get_latest_versions(name, ["Staging"])] == [version])
check("place", client.get_model_version_download_uri(name, version).startswith("mlflow-artifacts:"))
copy = client.copy_model_version(f"models:/{name}/{version}", f"{name}-copy")
check("copy", copy.version == "1")
check("model", client.get_registered_model(name).tags == {"c": "d"} and client.get_model_version(name, version).description == "better")
check("models", [m.name for m in client.search_registered_models(f"name LIKE '{name}%'", order_by=["name"])] == [name, f"{name}-copy"])
check("versions", len(client.search_model_versions(f"run_id = '{run}'")) >= 1)
client.delete_registered_model_alias(name, "champion")
client.delete_model_version(name, version)
client.delete_registered_model(f"{name}-copy")
client.delete_logged_model(model)

# Prompts.
prompt = f"ask-{suffix}"
client.create_prompt(prompt, "kept", tags={"a": "b"})
check("prompt", client.get_prompt(prompt).tags.get("a") == "b")
first = client.create_prompt_version(prompt, "Hello {{ name }}", "first")
second = client.register_prompt(prompt, "Good day {{ name }}")
client.set_prompt_tag(prompt, "c", "d")
client.delete_prompt_tag(prompt, "a")
client.set_prompt_version_tag(prompt, 1, "k", "v")
client.delete_prompt_version_tag(prompt, 1, "k")
client.set_prompt_alias(prompt, "production", 1)
check("prompt version", client.get_prompt_version(prompt, 2).template == "Good day {{ name }}")
check("prompt by alias", client.get_prompt_version_by_alias(prompt, "production").version == 1)
check("loaded", client.load_prompt(f"prompts:/{prompt}/1").template == "Hello {{ name }}")
check("parsed", client.parse_prompt_uri(f"prompts:/{prompt}/1") == (prompt, "1"))
check("versions of a prompt", sorted(v.version for v in client.search_prompt_versions(prompt)) == [1, 2])
check("prompts", [p.name for p in client.search_prompts(f"name = '{prompt}'")] == [prompt])
client.link_prompt_version_to_run(run, first)
check("prompt of a run", prompt in client.get_run(run).data.tags["mlflow.linkedPrompts"])
# The client looks for a tag of versions that its own link sets no more.
client.set_prompt_version_tag(prompt, 1, "mlflow.prompt.associatedRunIds", run)
check("prompts of a run", [p.version for p in client.list_logged_prompts(run)] == [1])
client.detach_prompt_from_run(run, f"prompts:/{prompt}/1")
other = client.create_logged_model(experiment, "with a prompt").model_id
client.link_prompt_version_to_model(prompt, "1", other)
client.delete_prompt_alias(prompt, "production")

# Traces.
root = client.start_trace("answer", experiment_id=experiment, inputs={"q": 1})
inner = client.start_span("look up", root.trace_id, root.span_id)
client.end_span(inner.trace_id, inner.span_id, outputs=[1])
client.end_trace(root.trace_id, outputs={"a": 1})
mlflow.flush_trace_async_logging()
client.set_trace_tag(root.trace_id, "team", "ops")
check("trace", [s.name for s in client.get_trace(root.trace_id, display=False).data.spans] == ["answer", "look up"])
client.delete_trace_tag(root.trace_id, "team")
client.link_traces_to_run([root.trace_id], run)
client.link_prompt_versions_to_trace([second], root.trace_id)
check("traces", [t.info.trace_id for t in client.search_traces(locations=[experiment])] == [root.trace_id])
check("traces of a run", [t.info.trace_id for t in client.search_traces(locations=[experiment], run_id=run)] == [root.trace_id])
client.delete_prompt_version(prompt, "2")
client.delete_prompt_version(prompt, "1")
client.delete_prompt(prompt)
check("traces go", client.delete_traces(experiment, trace_ids=[root.trace_id]) == 1)

# Evaluation datasets.
dataset = client.create_dataset(f"questions {suffix}", experiment, {"team": "ops"})
dataset.merge_records([{"inputs": {"q": "storms?"}, "expectations": {"a": "yes"}}, {"inputs": {"q": "snow?"}}])
dataset.merge_records([{"inputs": {"q": "snow?"}, "expectations": {"a": "no"}}])
again = client.get_dataset(dataset.dataset_id)
check("records", sorted(r["expectations"]["a"] for r in (x.to_dict() for x in again.records)) == ["no", "yes"])
check("frame", len(again.to_df()) == 2)
client.set_dataset_tags(dataset.dataset_id, {"stage": "early"})
client.delete_dataset_tag(dataset.dataset_id, "team")
tags = client.get_dataset(dataset.dataset_id).tags
check(f"tags of a dataset {tags}", tags["stage"] == "early" and "team" not in tags)
client.add_dataset_to_experiments(dataset.dataset_id, ["0"])
check("experiments of a dataset", sorted(client.get_dataset(dataset.dataset_id).experiment_ids) == sorted(["0", experiment]))
client.remove_dataset_from_experiments(dataset.dataset_id, ["0"])
check("datasets", [d.dataset_id for d in client.search_datasets([experiment], "tags.stage = 'early'")] == [dataset.dataset_id])
client.delete_dataset(dataset.dataset_id)

# Webhooks: what is sent stays here, an address inside is refused.
hook = client.create_webhook("pager", "https://1.2.3.4/hook", ["model_version.created", "model_version_alias.created"], secret="swordfish").webhook_id
check("webhooks", [w.webhook_id for w in client.list_webhooks()] == [hook])
client.update_webhook(hook, status="DISABLED", description="off")
check("webhook", client.get_webhook(hook).description == "off")
check("trial", client.test_webhook(hook).success is False)
client.delete_webhook(hook)

# Workspaces are projects.
check("workspaces", "default" in [w.name for w in client.list_workspaces()])
check("workspace", client.get_workspace("default").name == "default")
made = client.create_workspace(f"surface-{suffix}", "made by a test")
check("made", made.description == "made by a test")
refused("INVALID_PARAMETER_VALUE", lambda: client.update_workspace(made.name, "another"))
refused("INVALID_PARAMETER_VALUE", lambda: client.delete_workspace(made.name))
check("store of workspaces", client.get_workspace_store_uri() == os.environ["MLFLOW_TRACKING_URI"])

# What is not here is said at once.
reasons = {
    "unlink_traces_from_run": "only Databricks has the call; the client itself refuses it",
}
for method in [one for one in dir(MlflowClient) if "_mcp_" in one and not one.startswith("_")]:
    reasons[method] = "the registry of MCP servers is not there"
absent = {
    "create_mcp_server": lambda: real.create_mcp_server("s/x"),
    "get_mcp_server": lambda: real.get_mcp_server("s/x"),
    "search_mcp_servers": lambda: real.search_mcp_servers(),
    "delete_mcp_server": lambda: real.delete_mcp_server("s/x"),
    "set_mcp_server_tag": lambda: real.set_mcp_server_tag("s/x", "a", "b"),
}
for call in absent.values():
    refused("NOT_IMPLEMENTED", call)

client.delete_experiment(experiment)
public = {name for name, _ in inspect.getmembers(MlflowClient, callable) if not name.startswith("_")}
print(json.dumps({"mlflow": mlflow.__version__, "methods": len(public), "left": sorted(public - called - set(reasons)), "unknown": sorted(set(reasons) - public)}))
