"""Starts a kernel in the project's environment. The kernel's own packages come after the environment's, so that those of its lock win."""

import os
import sys


def main() -> None:
    own = [path for path in os.environ.pop("TRIVIUM_NOTEBOOK_PACKAGES", "").split(os.pathsep) if path]
    sys.path.extend(own)
    # The folder of the notebook comes first, as Jupyter's own kernels have it.
    sys.path.insert(0, "")
    from ipykernel.kernelapp import IPKernelApp

    from trivium_notebook.cells import CellRecorder

    app = IPKernelApp.instance()
    app.initialize(sys.argv[1:])
    CellRecorder(app.shell, own).install()
    # MLflow takes the commit of the program that runs, which is this one: the notebook's folder is meant.
    sys.argv = [os.getcwd()]
    app.start()


if __name__ == "__main__":
    main()
