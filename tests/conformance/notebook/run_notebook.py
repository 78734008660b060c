"""Runs a notebook as JupyterLab would: with the kernel that `trivium notebook` has made."""

import json
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

sources = json.loads(sys.argv[1])
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
try:
    NotebookClient(notebook, kernel_name="trivium", timeout=120).execute()
except CellExecutionError as error:
    print(error, file=sys.stderr)
outputs = [
    "".join(output.get("text", "") for output in cell.get("outputs", []) if output["output_type"] == "stream")
    for cell in notebook.cells
]
print(json.dumps(outputs))
