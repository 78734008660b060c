"""How the values of tensors are spread at a step: logged to the run that MLflow's client has open."""

import logging
import math
import operator
import time

from trivium_tracking.server import TriviumError, current

log = logging.getLogger("trivium_tracking")
MOST_BINS = 512
AT_ONCE = 100
warned = set()


def log_histogram(key, values, step=None, bins=64, run_id=None):
    """Logs how `values` (an array, a sequence, a tensor) are spread: `bins` bins of one width from the least to the greatest. Values that are NaN or infinite are in no bin
    and counted by themselves. The run is the active one, unless `run_id` names another."""
    send(run_id, [point(key, values, step, bins)])


def log_gradients(model, step=None, bins=64, run_id=None):
    """Logs the gradient of every parameter of a torch-like `model` as `gradients/NAME`. Call it between `backward()` and the step of the optimizer. Says how many there were."""
    gradients = [(name, getattr(one, "grad", None)) for name, one in model.named_parameters()]
    points = [point(f"gradients/{name}", one, step, bins) for name, one in gradients if one is not None]
    if not points:
        raise ValueError("No parameter of the model has a gradient. Call log_gradients after backward() and before zero_grad().")
    send(run_id, points)
    return len(points)


def send(run_id, points):
    server = current()
    if run_id is None:
        import mlflow

        active = mlflow.active_run()
        if active is None:
            raise TriviumError("No run is active. Call mlflow.start_run() first, or name a run by run_id.")
        run_id = active.info.run_id
    for start in range(0, len(points), AT_ONCE):
        server.log_histograms(run_id, points[start : start + AT_ONCE])


def point(key, values, step, bins):
    if not hasattr(bins, "__index__") or not 1 <= operator.index(bins) <= MOST_BINS:
        raise ValueError(f"bins is a whole number from 1 to {MOST_BINS}, not {bins!r}.")
    import numpy

    array = as_array(numpy, values)
    finite = array[numpy.isfinite(array)]
    edges, counts = spread(numpy, finite, operator.index(bins))
    with numpy.errstate(over="ignore"):
        total, squares = float(finite.sum()), float(numpy.square(finite).sum())
    others = {
        "nan": int(numpy.isnan(array).sum()),
        "positiveInfinities": int(numpy.isposinf(array).sum()),
        "negativeInfinities": int(numpy.isneginf(array).sum()),
    }
    left = array.size - finite.size
    if left and key not in warned:
        warned.add(key)
        log.warning("%d of %d values of %s are NaN or infinite; they are counted by themselves.", left, array.size, key)
    return {
        "key": str(key),
        "step": 0 if step is None else int(step),
        "timestamp": int(time.time() * 1000),
        "edges": edges,
        "counts": counts,
        "count": int(finite.size),
        "min": float(finite.min()) if finite.size else None,
        "max": float(finite.max()) if finite.size else None,
        # What is greater than any number is not known.
        "sum": total if math.isfinite(total) else None,
        "sumSquares": squares if math.isfinite(squares) else None,
        **{name: count for name, count in others.items() if count},
    }


def as_array(numpy, values):
    """Tensors are known by what they can do: no framework is imported."""
    for name in ("detach", "cpu"):
        if callable(getattr(values, name, None)):
            values = getattr(values, name)()
    if getattr(values, "is_sparse", False):
        values = values.to_dense()
    is_complex = getattr(values, "is_complex", None)
    if is_complex() if callable(is_complex) else numpy.iscomplexobj(values):
        raise ValueError("Complex numbers have no order, so they have no histogram. Log their absolute values or their parts.")
    # numpy has no bfloat16.
    if callable(getattr(values, "double", None)):
        values = values.double()
    return numpy.asarray(values, dtype=numpy.float64).ravel()


def spread(numpy, finite, bins):
    if finite.size == 0:
        return [0.0, 1.0], [0]
    try:
        with numpy.errstate(all="ignore"):
            counts, edges = numpy.histogram(finite, bins=bins)
        if numpy.isfinite(edges).all() and (numpy.diff(edges) > 0).all():
            return edges.tolist(), counts.tolist()
    except ValueError:
        pass
    # So near to each other, or so far apart, that no edges lie between them: one bin holds all.
    most = numpy.finfo(numpy.float64).max
    low, high = float(finite.min()), float(finite.max())
    return [max(-most, float(numpy.nextafter(low, -most))), min(most, float(numpy.nextafter(high, most)))], [int(finite.size)]
