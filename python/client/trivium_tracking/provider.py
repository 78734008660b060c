"""What MLflow's client loads when this package is installed: it hears of runs as they begin and end."""

import functools
import importlib.util
import logging
import os
import sys
import threading

from trivium_tracking import sources
from trivium_tracking.console import Console
from trivium_tracking.server import Server

log = logging.getLogger("trivium_tracking")
EVERYTHING = ("console", "code", "environment", "system")


class TriviumRunContext:
    """A context provider of MLflow's client. Whatever goes wrong here is said once in the log; the program of the user goes on."""

    def __init__(self):
        self.lock = threading.Lock()
        self.warned = False
        self.watching = False
        self.console = None
        self.open = None

    def in_context(self):
        return True

    def tags(self):
        """Called by `start_run` before it makes a run."""
        return self.guarded(self.begin) or {}

    def begin(self):
        wanted = self.wanted()
        if not wanted:
            return {}
        self.watch()
        if "system" in wanted and importlib.util.find_spec("psutil") is not None:
            os.environ.setdefault("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "true")
        return sources.git_tags() if "code" in wanted else {}

    def wanted(self):
        """What is kept: everything, unless TRIVIUM_CAPTURE names less, or somebody else keeps it (`trivium track`, a step of a pipeline, a notebook)."""
        if os.environ.get("TRIVIUM_RUN") or os.environ.get("TRIVIUM_STEP") or "ipykernel" in sys.modules:
            return ()
        named = os.environ.get("TRIVIUM_CAPTURE")
        if named is None:
            return EVERYTHING
        return tuple(one for one in EVERYTHING if one in named.replace(" ", "").split(","))

    def watch(self):
        with self.lock:
            if self.watching:
                return
            self.watching = True
        from mlflow.tracking.client import MlflowClient

        create, end = MlflowClient.create_run, MlflowClient.set_terminated

        @functools.wraps(create)
        def create_run(this, *args, **kwargs):
            run = create(this, *args, **kwargs)
            self.guarded(self.began, this, run)
            return run

        @functools.wraps(end)
        def set_terminated(this, run_id, *args, **kwargs):
            try:
                return end(this, run_id, *args, **kwargs)
            finally:
                self.guarded(self.ended, run_id)

        MlflowClient.create_run, MlflowClient.set_terminated = create_run, set_terminated

    def began(self, client, run):
        run_id, wanted = run.info.run_id, self.wanted()
        with self.lock:
            # The console belongs to the outermost run; what is nested in it has its own metrics, not its own lines.
            if self.open is not None or not wanted:
                return
            self.open = run_id
        import mlflow

        server = Server.of(mlflow.get_tracking_uri())
        if server is None:
            return
        if "console" in wanted:
            if self.console is None:
                self.console = Console(self.say)
            self.console.follow(server, run_id)
        if "code" in wanted:
            client.log_text(run_id, sources.code(), sources.CODE)
        if "environment" in wanted:
            client.log_text(run_id, sources.packages(), sources.PACKAGES)

    def ended(self, run_id):
        with self.lock:
            if self.open == run_id:
                self.open = None

    def guarded(self, work, *args):
        try:
            return work(*args)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the program goes on
            self.say(error)
            return None

    def say(self, problem):
        if not self.warned:
            self.warned = True
            log.warning("Console, code or packages of this run are not kept: %s", problem)
