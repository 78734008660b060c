"""Autologging of PyTorch through Lightning with the unmodified MLflow client. Prints one JSON line."""

import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")

import lightning
import mlflow
import torch
from mlflow import MlflowClient
from torch.utils.data import DataLoader, TensorDataset

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../../../python/client"))
import trivium_tracking

client = MlflowClient()
torch.manual_seed(7)


def check(name, condition):
    if not condition:
        raise AssertionError(name)


class Line(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def training_step(self, batch, _):
        x, y = batch
        loss = torch.nn.functional.mse_loss(self.layer(x), y)
        self.log("loss", loss, on_epoch=True)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.1)

    def forward(self, x):
        return self.layer(x)


x = torch.randn(64, 3)
y = x.sum(dim=1, keepdim=True)
experiment = mlflow.set_experiment(f"lightning {os.environ.get('SUFFIX', '1')}").experiment_id
mlflow.pytorch.autolog(checkpoint=False)
with mlflow.start_run() as run:
    trainer = lightning.Trainer(max_epochs=4, enable_progress_bar=False, enable_checkpointing=False, logger=False, accelerator="cpu")
    trainer.fit(model := Line(), DataLoader(TensorDataset(x, y), batch_size=16))
read = client.get_run(run.info.run_id)
check(f"parameters {read.data.params}", read.data.params["epochs"] == "4" and read.data.params["optimizer_name"] == "Adam")
curve = client.get_metric_history(run.info.run_id, "loss_epoch") or client.get_metric_history(run.info.run_id, "loss")
check("curve", len(curve) >= 4 and curve[-1].value < curve[0].value)
check("summary", "model_summary.txt" in {f.path for f in client.list_artifacts(run.info.run_id)})
loaded = mlflow.pytorch.load_model(f"runs:/{run.info.run_id}/model")
check("model", torch.allclose(loaded(x), model(x)))

# Gradients of a real module, and a metric that is computed from the checkpoints that MLflow's own callback keeps.
torch.nn.functional.mse_loss(model(x), y).backward()
gradients = trivium_tracking.log_gradients(model, 4, run_id=run.info.run_id)
trivium_tracking.log_histogram("weights/layer", model.layer.weight.bfloat16(), 4, run_id=run.info.run_id)
mlflow.pytorch.autolog(checkpoint=True, checkpoint_save_best_only=False)
with mlflow.start_run() as kept:
    trainer = lightning.Trainer(max_epochs=3, enable_progress_bar=False, logger=False, accelerator="cpu")
    trainer.fit(Line(), DataLoader(TensorDataset(x, y), batch_size=16))
recovered = []
for checkpoint in trivium_tracking.replay(kept.info.run_id):
    (file,) = [os.path.join(folder, name) for folder, _, names in os.walk(checkpoint.path) for name in names if name.endswith(".pth")]
    weights = torch.load(file, weights_only=False)["state_dict"]["layer.weight"]
    checkpoint.log_metric("norm", float(weights.norm()))
    recovered.append([checkpoint.step, checkpoint.name])
versions = {"mlflow": mlflow.__version__, "torch": torch.__version__}
runs = {"run": run.info.run_id, "kept": kept.info.run_id}
print(json.dumps({**versions, **runs, "points": len(curve), "gradients": gradients, "recovered": recovered}))
