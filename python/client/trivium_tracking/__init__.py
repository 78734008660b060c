"""Keeps console, code, packages and system metrics with the runs that an unchanged MLflow client makes at a Trivium server, and logs what that client cannot."""

from trivium_tracking.histograms import log_gradients, log_histogram
from trivium_tracking.replay import Checkpoint, replay
from trivium_tracking.server import TriviumError

__all__ = ["Checkpoint", "TriviumError", "log_gradients", "log_histogram", "replay"]
