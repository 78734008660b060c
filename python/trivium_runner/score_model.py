"""Runs a model that was logged for Python over recorded rows, for a parity test. It runs where steps run: code of people, kept in.

The model is loaded by MLflow where the environment has it, else as the python_function flavour describes it: its loader module, found in its code
folder, and `_load_pyfunc`. Rows come as JSON lines; pandas gets a frame, without pandas a model gets a dictionary of lists.
"""

import importlib
import json
import os
import sys


def score(model, rows, out, columns, method, flavor):
    records = read(rows)
    try:
        import pandas
    except ImportError:
        data = {name: [record.get(name) for record in records] for name in columns}
    else:
        data = pandas.DataFrame(records, columns=columns)
    outputs = columns_of(call(load(model, flavor), method, data), method)
    for name, values in outputs.items():
        if len(values) != len(records):
            raise ValueError(f'The model gave {len(values)} values of "{name}" for {len(records)} rows.')
    with open(out, "w", encoding="utf-8") as file:
        for index in range(len(records)):
            file.write(json.dumps({name: plain(values[index]) for name, values in outputs.items()}) + "\n")
    return {"columns": list(outputs), "rows": len(records)}


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def load(model, flavor):
    try:
        from mlflow import pyfunc
    except ImportError:
        if not flavor.get("loader_module"):
            raise RuntimeError("The model has no python_function flavour that says how it is loaded.") from None
        for code in (flavor.get("code"), "."):
            if code:
                sys.path.insert(0, os.path.join(model, code))
        loader = importlib.import_module(flavor["loader_module"])
        return loader._load_pyfunc(os.path.join(model, flavor["data"]) if flavor.get("data") else model)
    return pyfunc.load_model(model)


def call(model, method, data):
    if method == "predict":
        return model.predict(data)
    raw = model.get_raw_model() if hasattr(model, "get_raw_model") else model
    return getattr(raw, method)(data)


def columns_of(found, method):
    """Outputs by name, each a list with one value a row."""
    base = "probabilities" if method == "predict_proba" else "prediction"
    if hasattr(found, "to_dict") and hasattr(found, "columns"):
        return {str(name): found[name].tolist() for name in found.columns}
    if hasattr(found, "tolist"):
        found = found.tolist()
    if isinstance(found, dict):
        return {str(name): values.tolist() if hasattr(values, "tolist") else list(values) for name, values in found.items()}
    found = list(found)
    if found and isinstance(found[0], dict):
        return {str(name): [row.get(name) for row in found] for name in found[0]}
    if found and isinstance(found[0], (list, tuple)):
        if len(found[0]) == 1:
            return {base: [row[0] for row in found]}
        return {f"{base}_{index}": [row[index] for row in found] for index in range(len(found[0]))}
    return {base: found}


def plain(value):
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and value - value != 0:
        return None
    return value
