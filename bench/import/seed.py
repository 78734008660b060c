"""Fills MLflow's database with runs whose metrics have a history: through its API that alone would take an hour."""

import random
import sqlite3
import sys
import uuid

from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

path, artifacts, runs, keys, steps = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
store = SqlAlchemyStore(f"sqlite:///{path}", artifacts)
experiment = int(store.create_experiment("history"))
random.seed(7)
start = 1_700_000_000_000
database = sqlite3.connect(path)
for index in range(runs):
    run = uuid.uuid4().hex
    at = start + index
    database.execute(
        "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time,"
        " deleted_time, source_version, lifecycle_stage, artifact_uri, experiment_id)"
        " VALUES (?, ?, 'UNKNOWN', '', '', 'bench', 'FINISHED', ?, ?, NULL, '', 'active', ?, ?)",
        (run, f"r{index}", at, at + 1000, f"{artifacts}/{run}", experiment),
    )
    points = [(f"metric_{k}", random.random(), at + s, run, s) for k in range(keys) for s in range(steps)]
    database.executemany(
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)", points
    )
    database.executemany(
        "INSERT INTO latest_metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)",
        points[steps - 1 :: steps],
    )
    database.executemany(
        "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
        [(f"param_{k}", f"value {index % 7} {k}", run) for k in range(10)],
    )
    database.executemany(
        "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
        [(f"tag_{k}", f"t{index % 5}", run) for k in range(5)],
    )
database.commit()
