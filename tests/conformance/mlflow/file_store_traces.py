"""`seed FOLDER` makes a file store of MLflow with traces; `read URI ID...` prints them as MLflow's client reads them there."""

import json
import sys

import mlflow

mode, place, *ids = sys.argv[1:]
mlflow.set_tracking_uri(place)

if mode == "seed":
    mlflow.set_experiment("talks")

    @mlflow.trace(span_type="CHAIN")
    def ask(question, large):
        with mlflow.start_span("llm", span_type="LLM") as span:
            span.set_attributes({"mlflow.chat.tokenUsage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}})
            span.set_attributes({"big": 2**60, "rate": 0.5, "list": [1, None, {"a": "é"}]})
        return "because"

    @mlflow.trace
    def fails():
        raise ValueError("no")

    with mlflow.start_run():
        ask("why?", 2**60)
    first = mlflow.get_last_active_trace_id()
    try:
        fails()
    except ValueError:
        pass
    second = mlflow.get_last_active_trace_id()
    mlflow.flush_trace_async_logging()
    mlflow.log_feedback(trace_id=first, name="good", value=True, rationale="clear")
    mlflow.log_expectation(trace_id=first, name="answer", value={"a": [1, 2.5]})
    mlflow.set_trace_tag(first, "team", "north")
    print(json.dumps([first, second]))
else:

    def told(trace):
        found = trace.to_dict()
        info = found["info"]
        for part in ("assessments", "trace_location"):
            info.pop(part, None)
        # Where a store keeps spans is its own.
        info["tags"] = {key: value for key, value in info["tags"].items() if key not in ("mlflow.artifactLocation", "mlflow.trace.spansLocation")}
        said = sorted((one.name, str(one.value), one.rationale, one.source.source_type) for one in trace.info.assessments)
        return {**found, "assessments": said}

    print(json.dumps([told(mlflow.get_trace(one)) for one in ids]))
