"""Metrics that were forgotten, computed from the checkpoints of a run."""

import os
import tempfile

from trivium_tracking.server import TriviumError, current


class Checkpoint:
    """What a run kept of its model at a step, in a folder of this machine for as long as it is its turn."""

    def __init__(self, server, run_id, found, path):
        self.server = server
        self.run_id = run_id
        self.step = found["step"]
        self.name = found["name"]
        self.uri = found["uri"]
        #: The file, or the folder.
        self.path = path

    def log_metric(self, key, value):
        """Logs `value` at this step of the run, marked as recovered from this checkpoint. Throws where the metric was measured at the step while the run ran."""
        self.log_metrics({key: value})

    def log_metrics(self, metrics):
        """The same of several metrics: all of them or none."""
        points = [{"key": key, "value": number(value)} for key, value in metrics.items()]
        self.server.recover(self.run_id, self.uri, self.step, points)

    def __repr__(self):
        return f"Checkpoint(step={self.step}, name={self.name!r})"


def replay(run_id=None, path=None):
    """Iterates over the checkpoints of a run in the order of their steps, each downloaded when its turn comes and deleted after it. They are what lies in the folder `path` of
    its artifacts ("checkpoints") and carries a step in its name, and the models that it logged with a step. `trivium experiments replay` says which run is meant."""
    run_id = run_id or os.environ.get("TRIVIUM_REPLAY_RUN")
    if not run_id:
        raise TriviumError("Say which run is meant: replay(run_id), or trivium experiments replay RUN -- COMMAND.")
    path = os.environ.get("TRIVIUM_REPLAY_PATH", "checkpoints") if path is None else path
    server = current()
    found = server.checkpoints(run_id, path)
    if not found["checkpoints"]:
        named = found["unnumbered"]
        others = f" No step can be read from {', '.join(named[:5])}{' and others' if len(named) > 5 else ''}." if named else ""
        raise TriviumError(
            f'The run {run_id} has no checkpoints: nothing in the folder "{path}" of its artifacts carries a step in its name,'
            f" and no model was logged with a step.{others} A metric can be recovered only from what was kept."
        )
    return walk(server, run_id, found["checkpoints"])


def walk(server, run_id, checkpoints):
    import mlflow.artifacts

    for one in checkpoints:
        with tempfile.TemporaryDirectory(prefix="trivium-replay-") as folder:
            yield Checkpoint(server, run_id, one, mlflow.artifacts.download_artifacts(artifact_uri=one["uri"], dst_path=folder))


def number(value):
    value = float(value)
    if value != value:
        return "NaN"
    return value if abs(value) != float("inf") else "Infinity" if value > 0 else "-Infinity"
