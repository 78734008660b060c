"""Keeps console, code, packages and system metrics with the runs that an unchanged MLflow client makes at a Trivium server."""
