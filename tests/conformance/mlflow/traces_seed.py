"""Fills an MLflow server, by its own client, with traces, what is said of them, evaluation datasets and deleted logged models."""

import json
import sys
import urllib.request

import mlflow
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, SpanType
from mlflow.genai import datasets
from mlflow.tracing.attachments import Attachment
from mlflow.tracing.client import TracingClient

uri = sys.argv[1]
mlflow.set_tracking_uri(uri)
client = MlflowClient(uri)
experiment = mlflow.set_experiment("answers")
place = experiment.experiment_id


@mlflow.trace(span_type=SpanType.RETRIEVER, attributes={"index": "small"})
def look_up(question):
    with mlflow.start_span("embed", span_type=SpanType.EMBEDDING) as span:
        span.set_inputs({"text": question, "picture": Attachment(content_type="image/png", content_bytes=b"\x89PNG no more")})
        span.set_attributes({"dimensions": 3, "scores": [0.5, 1, 2.0], "nothing": None, "nested": {"a": {"b": [True, []]}}})
        span.set_attribute("large", 2**60)
        span.set_outputs([0.1, 0.2, 1e-7])
    return [f"about {question}"]


@mlflow.trace(span_type=SpanType.CHAIN)
def answer(question, fail=False):
    found = look_up(question)
    with mlflow.start_span("model", span_type=SpanType.CHAT_MODEL) as span:
        span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12})
        span.add_event(mlflow.entities.SpanEvent("chosen", attributes={"n": 2, "score": 1.0, "list": ["a", "b"]}))
    mlflow.update_current_trace(tags={"team": "ops"}, metadata={"mlflow.trace.session": "s-1"}, client_request_id=f"id of {question}")
    if fail:
        raise ValueError("nothing found")
    return {"answer": found[0], "Ünïcode": "日本"}


with mlflow.start_run(run_name="traced") as run:
    answer("delays")
    good = mlflow.get_last_active_trace_id()
    active = mlflow.create_external_model(name="judge", model_type="agent")
    gone = mlflow.create_external_model(name="replaced", params={"p": "2"}, tags={"t": "u"})
    mlflow.log_metric("accuracy", 0.5, model_id=gone.model_id)
try:
    answer("storms", fail=True)
except ValueError:
    pass
bad = mlflow.get_last_active_trace_id()
lost = mlflow.create_external_model(name="of-no-run")
span = mlflow.start_span_no_context("large", start_time_ns=1_700_000_000_000_999_999)
span.set_outputs("x" * 100_000)
span.end(end_time_ns=1_700_000_000_003_000_000)
large = span.trace_id
mlflow.flush_trace_async_logging()
# Its time in whole milliseconds is 2; between the whole milliseconds of its beginning and end are 3. The server holds what it is told last.
info = mlflow.get_trace(large).info
info.execution_duration = 2
TracingClient().start_trace(info)

# Spans alone, as any program with OpenTelemetry sends them.
otlp = {
    "resourceSpans": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
            "scopeSpans": [
                {
                    "spans": [
                        {
                            "traceId": "0af7651916cd43dd8448eb211c80319c",
                            "spanId": "b7ad6b7169203331",
                            "name": "GET /price",
                            "startTimeUnixNano": "1700000000123456789",
                            "endTimeUnixNano": "1700000000623456789",
                            "attributes": [{"key": "http.status_code", "value": {"intValue": "200"}}, {"key": "load", "value": {"doubleValue": 0.25}}],
                            "links": [{"traceId": "CvdlGRbNQ92ESOshHIAxnQ==", "spanId": "t61rcWkgMzI="}],
                            "status": {"code": 1},
                        }
                    ]
                }
            ],
        }
    ]
}
urllib.request.urlopen(
    urllib.request.Request(
        f"{uri}/v1/traces",
        data=json.dumps(otlp).encode(),
        headers={"content-type": "application/json", "x-mlflow-experiment-id": place},
    )
)

person = AssessmentSource(source_type="HUMAN", source_id="somebody")
judge = AssessmentSource(source_type="LLM_JUDGE", source_id="judge-1")
first = mlflow.log_feedback(trace_id=good, name="helpful", value=True, source=person, rationale="clear", metadata={"where": "form"})
mlflow.override_feedback(trace_id=good, assessment_id=first.assessment_id, value=False, rationale="wrong after all", source=person)
mlflow.log_feedback(trace_id=good, name="score", value=0.75, source=judge, metadata={"mlflow.assessment.sourceRunId": run.info.run_id})
mlflow.log_feedback(trace_id=bad, name="judged", source=judge, error=mlflow.entities.AssessmentError(error_code="TIMEOUT", error_message="slow"))
root = mlflow.get_trace(good).data.spans[0]
mlflow.log_expectation(trace_id=good, name="truth", value={"airport": ["SFO"]}, source=person, span_id=root.span_id)
mlflow.log_expectation(trace_id=bad, name="truth", value="LAX", source=person)
client.set_trace_tag(good, "reviewed", "yes")
client.link_traces_to_run([bad], run.info.run_id)
other = client.create_experiment("elsewhere")
elsewhere = client.create_run(other, run_name="elsewhere")
client.link_traces_to_run([bad, large], elsewhere.info.run_id)

questions = datasets.create_dataset(name="questions", experiment_id=[place, other], tags={"team": "ops"})
questions.merge_records(
    [
        {"inputs": {"q": "storms?", "top": 3}, "expectations": {"a": "yes", "sure": 0.5}, "tags": {"mlflow.user": "bob"}},
        {"inputs": {"q": "snow?"}, "outputs": {"a": "no"}},
        {"inputs": {"q": "rain?"}, "outputs": "a text", "source": {"source_type": "TRACE", "source_data": {"trace_id": good}}},
    ]
)
datasets.create_dataset(name="empty", experiment_id=[other])
client.delete_logged_model(gone.model_id)
client.delete_logged_model(lost.model_id)
print(json.dumps({"good": good, "bad": bad, "large": large, "gone": gone.model_id, "lost": lost.model_id, "run": run.info.run_id, "place": place}))
