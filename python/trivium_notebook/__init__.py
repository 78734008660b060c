"""Keeps the cells of a notebook with the runs of MLflow that they make."""
