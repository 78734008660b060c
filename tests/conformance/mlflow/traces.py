"""Tracing with the unmodified MLflow client: nested spans, errors, async export, search, tags, assessments, deletion. Prints one JSON line."""

import json
import time
import warnings

warnings.filterwarnings("ignore")

import mlflow
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, AssessmentSourceType, SpanType

client = MlflowClient()
facts = {"mlflow": mlflow.__version__}


def check(name, condition):
    if not condition:
        raise AssertionError(name)


experiment = mlflow.set_experiment("answers")
place = experiment.experiment_id


@mlflow.trace(span_type=SpanType.RETRIEVER, attributes={"index": "small"})
def look_up(question):
    with mlflow.start_span("embed", span_type=SpanType.EMBEDDING) as span:
        span.set_inputs({"text": question})
        span.set_attributes({"dimensions": 3, "scores": [0.5, 1], "nothing": None, "nested": {"a": {"b": [True]}}})
        span.set_outputs([0.1, 0.2, 0.3])
    return [f"about {question}"]


@mlflow.trace(span_type=SpanType.CHAIN)
def answer(question, fail=False):
    found = look_up(question)
    mlflow.update_current_trace(tags={"team": "ops"}, metadata={"build": "7"}, client_request_id=f"id of {question}")
    if fail:
        raise ValueError("nothing found")
    return {"answer": found[0], "Ünïcode": "日本"}


# Under a run, sent in the background as by default.
with mlflow.start_run() as run:
    check("returns", answer("delays")["answer"] == "about delays")
    good = mlflow.get_last_active_trace_id()
try:
    answer("storms", fail=True)
except ValueError:
    pass
bad = mlflow.get_last_active_trace_id()
with mlflow.start_span("by hand") as span:
    span.set_inputs({"x": 1})
    time.sleep(0.05)
plain = mlflow.get_last_active_trace_id()
mlflow.flush_trace_async_logging()

trace = mlflow.get_trace(good)
check("state", trace.info.state == "OK" and trace.info.experiment_id == place)
check("spans", [s.name for s in trace.data.spans] == ["answer", "look_up", "embed"])
root, retriever, embed = trace.data.spans
check("tree", root.parent_id is None and retriever.parent_id == root.span_id and embed.parent_id == retriever.span_id)
check("types", [s.span_type for s in trace.data.spans] == ["CHAIN", "RETRIEVER", "EMBEDDING"])
check("inputs", root.inputs == {"question": "delays", "fail": False} and root.outputs == {"answer": "about delays", "Ünïcode": "日本"})
check(f"attributes {embed.attributes}", embed.get_attribute("dimensions") == 3 and embed.get_attribute("scores") == [0.5, 1] and embed.get_attribute("nested") == {"a": {"b": [True]}})
check("list", embed.outputs == [0.1, 0.2, 0.3])
check("times", root.start_time_ns <= embed.start_time_ns <= embed.end_time_ns <= root.end_time_ns)
check("tags", trace.info.tags["team"] == "ops" and trace.info.tags["mlflow.traceName"] == "answer")
check("location", trace.info.tags["mlflow.trace.spansLocation"] == "TRACKING_STORE")
check("metadata", trace.info.trace_metadata["build"] == "7" and trace.info.trace_metadata["mlflow.sourceRun"] == run.info.run_id)
check("client id", trace.info.client_request_id == "id of delays")
check("preview", "delays" in trace.info.request_preview)

failed = mlflow.get_trace(bad)
check("error", failed.info.state == "ERROR" and failed.data.spans[0].status.status_code == "ERROR")
check("event", failed.data.spans[0].events[0].name == "exception" and "nothing found" in failed.data.spans[0].events[0].attributes["exception.message"])


def found(filter_string=None, **more):
    return [t.info.trace_id for t in mlflow.search_traces(locations=[place], filter_string=filter_string, return_type="list", **more)]


check("all", found() == [plain, bad, good])
check("state", found("trace.status = 'ERROR'") == [bad])
check("name", found("trace.name = 'answer'") == [bad, good])
check("tag", found("tag.team = 'ops' AND trace.status = 'OK'") == [good])
check("metadata", found("metadata.build = '7'") == [bad, good])
check("run", found(run_id=run.info.run_id) == [good])
check("span", found("span.name = 'embed' AND span.type = 'EMBEDDING'") == [bad, good])
check("attribute", found("span.attributes.index = 'small'") == [bad, good])
check("content", found("trace.text LIKE '%storms%'") == [bad])
check("order", found(order_by=["timestamp_ms ASC"]) == [good, bad, plain])
check("first", found(max_results=1) == [plain])
check("duration", plain in found("trace.execution_time_ms >= 50"))
page = client.search_traces(locations=[place], max_results=2)
rest = client.search_traces(locations=[place], max_results=2, page_token=page.token)
check("pages", [t.info.trace_id for t in page] + [t.info.trace_id for t in rest] == [plain, bad, good] and not rest.token)
check("frame", list(mlflow.search_traces(locations=[place])["trace_id"]) == [plain, bad, good])
try:
    client.search_traces(locations=[place], filter_string="nonsense = 'x'")
    check("a filter that is wrong", False)
except mlflow.MlflowException as error:
    check(f"says so: {error}", error.error_code == "INVALID_PARAMETER_VALUE")

client.set_trace_tag(good, "reviewed", "yes")
check("tag set", client.get_trace(good).info.tags["reviewed"] == "yes")
client.delete_trace_tag(good, "reviewed")
check("tag gone", "reviewed" not in client.get_trace(good).info.tags)

person = AssessmentSource(source_type=AssessmentSourceType.HUMAN, source_id="somebody")
feedback = mlflow.log_feedback(trace_id=good, name="helpful", value=True, source=person, rationale="clear", metadata={"where": "form"})
expected = mlflow.log_expectation(trace_id=good, name="truth", value={"airport": ["SFO"]}, source=person, span_id=root.span_id)
read = mlflow.get_assessment(good, feedback.assessment_id)
check("feedback", read.value is True and read.rationale == "clear" and read.source.source_id == "somebody" and read.metadata == {"where": "form"})
read = mlflow.get_assessment(good, expected.assessment_id)
check("expectation", read.value == {"airport": ["SFO"]} and read.span_id == root.span_id)
check("on the trace", len(mlflow.get_trace(good).info.assessments) == 2)
check("by feedback", found("feedback.helpful = 'true'") == [good])
second = mlflow.override_feedback(trace_id=good, assessment_id=feedback.assessment_id, value=False, rationale="wrong after all")
check("overridden", mlflow.get_assessment(good, feedback.assessment_id).valid is False and second.overrides == feedback.assessment_id)
check("override counts", found("feedback.helpful = 'true'") == [] and found("feedback.helpful = 'false'") == [good])
mlflow.delete_assessment(trace_id=good, assessment_id=second.assessment_id)
check("valid again", mlflow.get_assessment(good, feedback.assessment_id).valid is not False)
mlflow.update_assessment(trace_id=good, assessment_id=expected.assessment_id, assessment=mlflow.entities.Expectation(name="truth", value="LAX"))
check("changed", mlflow.get_assessment(good, expected.assessment_id).value == "LAX")

related = client._tracking_client.store.calculate_trace_filter_correlation([place], "trace.status = 'ERROR'", "trace.name = 'answer'")
check(f"correlation {related}", related.total_count == 3 and related.joint_count == 1 and related.npmi > 0)
client.link_traces_to_run([plain], run.info.run_id)
check("linked", sorted(found(run_id=run.info.run_id)) == sorted([plain, good]))
facts.update({"good": good, "bad": bad, "run": run.info.run_id, "experiment": place})

check("deleted", client.delete_traces(place, trace_ids=[plain]) == 1)
check("none that old", client.delete_traces(place, max_timestamp_millis=0) == 0)
check("rest", found() == [bad, good])
print(json.dumps(facts))
