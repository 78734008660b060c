"""Reads one experiment with the credentials of the environment and prints its name, or the client's error."""

import sys

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

try:
    print(MlflowClient().get_experiment("0").name)
except MlflowException as error:
    print(error)
    sys.exit(1)
