"""What was executed in a notebook, written to each run of MLflow that ends in it."""

import functools
import importlib.abc
import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
import warnings

NOTEBOOK = "trivium/notebook.ipynb"
PACKAGES = "trivium/requirements.txt"
CLIENT = "mlflow.tracking.client"


class CellRecorder:
    """Hears which cells are executed, and which runs begin and end. It never stops a run: what it cannot keep it says once as a warning."""

    def __init__(self, shell, own=()):
        self.shell = shell
        self.own = set(own)
        self.cells = []
        self.current = None
        self.ended = []
        self.warned = False

    def install(self):
        self.shell.events.register("pre_run_cell", self.before)
        self.shell.events.register("post_run_cell", self.after)
        module = sys.modules.get(CLIENT)
        if module is not None:
            self.watch(module)
        else:
            sys.meta_path.insert(0, ImportWatch(CLIENT, self.watch))

    def before(self, info):
        # What the shell counts is one further or not by its version; what it says of a cell that has run is the same in all.
        number = self.cells[-1]["number"] + 1 if self.cells else 1
        self.current = {"number": number, "source": info.raw_cell or "", "failed": False}
        self.ended = []

    def after(self, result):
        cell, ended, self.current, self.ended = self.current, self.ended, None, []
        if cell is None or not getattr(result.info, "store_history", True):
            return
        cell["failed"] = not result.success
        cell["number"] = result.execution_count or cell["number"]
        self.cells.append(cell)
        # A run that ended inside of a cell that then failed says so as well.
        if cell["failed"]:
            for client, run in ended:
                self.keep(client, run)

    def watch(self, module):
        client = module.MlflowClient
        begin, end = client.create_run, client.set_terminated

        @functools.wraps(begin)
        def create_run(this, *args, **kwargs):
            run = begin(this, *args, **kwargs)
            self.guard(self.began, this, run.info.run_id)
            return run

        @functools.wraps(end)
        def set_terminated(this, run_id, *args, **kwargs):
            self.keep(this, run_id)
            return end(this, run_id, *args, **kwargs)

        client.create_run, client.set_terminated = create_run, set_terminated

    def began(self, client, run):
        client.set_tag(run, "mlflow.source.type", "NOTEBOOK")
        name = os.environ.get("JPY_SESSION_NAME")
        if name:
            client.set_tag(run, "mlflow.source.name", os.path.basename(name))

    def keep(self, client, run):
        self.ended.append((client, run))
        self.guard(self.write, client, run)

    def write(self, client, run):
        cells = self.cells + ([self.current] if self.current is not None and self.current not in self.cells else [])
        client.log_text(run, json.dumps(as_notebook(cells), indent=1), NOTEBOOK)
        client.log_text(run, packages(self.own), PACKAGES)

    def guard(self, work, *args):
        try:
            work(*args)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the run of the user goes on
            if not self.warned:
                self.warned = True
                warnings.warn(f"The cells of this notebook were not kept with the run: {error}", stacklevel=2)


class ImportWatch(importlib.abc.MetaPathFinder):
    """Calls once after a module was imported."""

    def __init__(self, name, then):
        self.name = name
        self.then = then

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            self.then(module)

        spec.loader.exec_module = exec_module
        return spec


def as_notebook(cells):
    """The cells in the order in which they ran, as a notebook without outputs."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"language_info": {"name": "python", "version": platform.python_version()}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{at}",
                "execution_count": cell["number"],
                "metadata": {"trivium": {"failed": cell["failed"]}},
                "outputs": [],
                "source": cell["source"],
            }
            for at, cell in enumerate(cells)
        ],
    }


def packages(own):
    """The packages of the project's environment, one a line as pip writes them; those of the kernel itself are none of them."""
    found = {}
    for one in importlib.metadata.distributions(path=[path for path in sys.path if path not in own]):
        name = one.metadata["Name"] if one.metadata else None
        if name:
            found.setdefault(name, one.version)
    system = platform.system().lower()
    lines = [f"# python {platform.python_version()} on {system} {platform.machine()}"]
    lines += [f"{name}=={found[name]}" for name in sorted(found, key=str.lower)]
    return "\n".join(lines) + "\n"
