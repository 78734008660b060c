"""Makes an offline run of Weights & Biases with the real client, in the folder it is run in: `python wandb_run.py`."""

import os
import struct
import sys
import wave
import zlib

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


def picture(gray):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 32, 32, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes([gray] * 32)) * 32)
    with open(f"{gray}.png", "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return wandb.Image(f"{gray}.png", caption=f"gray {gray}")


# The log that is kept beside the reader was made without these.
if sys.argv[1:] == ["media"]:
    with wave.open("beep.wav", "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(bytes(80))
    for step in (30, 40):
        run.log(
            {
                "val/mask": picture(step),
                "pairs": [picture(step + 1), picture(step + 2)],
                "answers": wandb.Table(columns=["question", "score"], data=[["storms?", step], ["snow?", 0.5]]),
                "page": wandb.Html("<p>hi</p>"),
                "sound": wandb.Audio("beep.wav", caption="beep"),
                "weights": wandb.Histogram(np_histogram=([step, 2], [0.0, 0.5, 1.0])),
            },
            step=step,
        )
with open(os.path.join(run.dir, "note.txt"), "w") as file:
    file.write("hello\n")
run.summary["best"] = 0.2
run.config.update({"later": True})
print("end", file=sys.stderr, flush=True)
run.finish()
