"""The forest behind FastAPI, as its documentation shows it: a declared body, one worker, uvicorn's fast loop and parser."""

import sys

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[2], options, providers=["CPUExecutionProvider"])
names = [output.name for output in session.get_outputs()]
app = FastAPI()


class Input(BaseModel):
    name: str
    shape: list[int]
    datatype: str
    data: list[float]


class Request(BaseModel):
    id: str | None = None
    inputs: list[Input]


@app.get("/v2/health/ready")
async def ready() -> dict:
    return {"ready": True}


@app.post("/v2/models/forest/infer")
async def infer(request: Request) -> dict:
    feeds = {one.name: np.asarray(one.data, dtype=np.float32).reshape(one.shape) for one in request.inputs}
    found = session.run(names, feeds)
    outputs = [
        {
            "name": name,
            "datatype": "INT64" if values.dtype == np.int64 else "FP32",
            "shape": list(values.shape),
            "data": values.ravel().tolist(),
        }
        for name, values in zip(names, found)
    ]
    return {"model_name": "forest", "outputs": outputs}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
