"""Fills MLflow's database with the runs of the benchmark: through its API that alone would take a quarter of an hour."""

import random
import sqlite3
import sys
import uuid

from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

path, artifacts, runs, points = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = SqlAlchemyStore(f"sqlite:///{path}", artifacts)
experiment = int(store.create_experiment("five thousand"))
random.seed(7)
start = 1_700_000_000_000
database = sqlite3.connect(path)


def add_run(name, at):
    run = uuid.uuid4().hex
    database.execute(
        "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time,"
        " deleted_time, source_version, lifecycle_stage, artifact_uri, experiment_id)"
        " VALUES (?, ?, 'UNKNOWN', '', '', 'bench', 'FINISHED', ?, ?, NULL, '', 'active', ?, ?)",
        (run, name, at, at + 1000, f"{artifacts}/{run}", experiment),
    )
    return run


def add_metrics(run, rows):
    database.executemany(
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)",
        [(key, value, at, run, step) for key, value, at, step in rows],
    )
    latest = {key: (key, value, at, step, run) for key, value, at, step in rows}
    database.executemany(
        "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, 0, ?)",
        list(latest.values()),
    )


for index in range(runs):
    run = add_run(f"r{index}", start + index)
    add_metrics(run, [(f"metric_{k}", random.random(), start, 0) for k in range(20)])
    database.executemany(
        "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
        [(f"param_{k}", f"value {index % 7} {k}", run) for k in range(20)],
    )
    database.executemany(
        "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
        [(f"tag_{k}", f"t{index % 5}", run) for k in range(8)],
    )
long = add_run("long", start - 1)
add_metrics(long, [("loss", random.random(), start + step, step) for step in range(points)])
database.commit()
print(f"{experiment} {long}")
