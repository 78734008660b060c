"""Makes an offline run of Weights & Biases with the real client, in the folder it is run in: `python wandb_run.py`."""

import os
import sys

os.environ.update({"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_DIR": ".", "WANDB_DISABLE_GIT": "true"})
import wandb  # noqa: E402

settings = wandb.Settings(
    x_stats_sampling_interval=0.2, console="redirect", host="laptop", program="train.py", x_executable="python", username="ada"
)
config = {"lr": 0.5, "net": {"depth": 3}}
run = wandb.init(
    project="flights", id="fixture1", name="first", group="folds", job_type="train", tags=["a", "b"], notes="why",
    config=config, settings=settings,
)
for i in range(5):
    run.log({"loss": 1 / (i + 1), "val/acc": i / 10, "good": i % 2 == 0})
    print("step", i, flush=True)
run.log({"odd": float("nan"), "big": float("inf"), "nested": {"a": 1.5}})
run.log({"late": 2, "hist": wandb.Histogram(np_histogram=([1, 2], [0, 1, 2]))}, step=20)
run.log({"filler": "x" * 33_000}, step=21)
with open(os.path.join(run.dir, "note.txt"), "w") as file:
    file.write("hello\n")
run.summary["best"] = 0.2
run.config.update({"later": True})
print("end", file=sys.stderr, flush=True)
run.finish()
