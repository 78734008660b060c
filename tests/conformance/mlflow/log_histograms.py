"""Logs histograms with the package trivium-tracking and prints what numpy says of the same values."""

import json
import logging
import sys

import mlflow
import numpy as np
import trivium_tracking

logging.basicConfig(format="%(message)s", stream=sys.stderr)
random = np.random.default_rng(7)


class Tensor:
    """What a tensor of torch can do, as far as the package asks for it."""

    def __init__(self, values, grad=None):
        self.values, self.grad, self.where = values, grad, "gpu with a graph"

    def detach(self):
        return Tensor(self.values)

    def is_complex(self):
        return False

    def cpu(self):
        one = Tensor(self.values)
        one.where = "cpu"
        return one

    def double(self):
        return np.asarray(self.values, dtype=np.float64)

    def __array__(self, *args, **kwargs):
        raise TypeError("can't convert a tensor that needs a gradient to numpy")


class Model:
    def named_parameters(self):
        yield "conv.weight", Tensor([[1.0, 2.0]], grad=Tensor([[0.5, -0.5], [0.25, 0.0]]))
        yield "conv.bias", Tensor([1.0], grad=Tensor([3.0]))
        yield "frozen", Tensor([1.0])


cases = {
    "normal": (random.normal(size=5000), 64),
    "float32": (random.normal(size=(10, 20, 3)).astype(np.float32), 32),
    "list": ([1, 2, 2, 3, 10], np.int64(5)),
    "same": (np.full(9, 4.0), 4),
    "bool": (np.array([True, False, True]), 2),
    "most bins": (random.exponential(size=3000), 512),
}
expected = {}
with mlflow.start_run() as run:
    for key, (values, bins) in cases.items():
        trivium_tracking.log_histogram(key, values, step=3, bins=bins)
        flat = np.asarray(values, dtype=np.float64).ravel()
        counts, edges = np.histogram(flat, bins=bins)
        expected[key] = {
            "counts": counts.tolist(),
            "edges": edges.tolist(),
            "count": flat.size,
            "min": flat.min(),
            "max": flat.max(),
            "sum": flat.sum(),
            "sumSquares": np.square(flat).sum(),
        }
    trivium_tracking.log_histogram("holes", [1.0, float("nan"), float("inf"), float("-inf"), float("inf"), 2.0], bins=2)
    trivium_tracking.log_histogram("empty", [])
    trivium_tracking.log_histogram("tiny", [1.0, np.nextafter(1.0, 2.0)])
    trivium_tracking.log_histogram("huge", [-1.7e308, 1.7e308])
    trivium_tracking.log_histogram("tensor", Tensor([0.0, 1.0, 1.0]), bins=2)
    gradients = trivium_tracking.log_gradients(Model(), 11)
    refused = []
    for attempt in (
        lambda: trivium_tracking.log_histogram("x", [1], bins=513),
        lambda: trivium_tracking.log_histogram("x", [1], bins=2.5),
        lambda: trivium_tracking.log_histogram("x", ["a"]),
        lambda: trivium_tracking.log_histogram("x", [1j]),
        lambda: trivium_tracking.log_histogram("k" * 251, [1]),
        lambda: trivium_tracking.log_histogram("x", [1], run_id="f" * 32),
    ):
        try:
            attempt()
        except (ValueError, trivium_tracking.TriviumError) as error:
            refused.append(f"{type(error).__name__}: {error}")
try:
    trivium_tracking.log_histogram("x", [1])
except trivium_tracking.TriviumError as error:
    refused.append(str(error))
print(json.dumps({"run": run.info.run_id, "expected": expected, "gradients": gradients, "refused": refused}))
