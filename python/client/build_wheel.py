"""Makes the wheel of this package with nothing but Python, so that pip needs no network to install it."""

import base64
import hashlib
import os
import zipfile

NAME, VERSION = "trivium_tracking", "0.1.0"
METADATA = f"""Metadata-Version: 2.1
Name: trivium-tracking
Version: {VERSION}
Summary: Keeps console, code, packages and system metrics with the runs that an unchanged MLflow client makes, logs histograms, and recovers metrics from checkpoints.
License: Apache-2.0
Requires-Python: >=3.9
"""
WHEEL = "Wheel-Version: 1.0\nGenerator: trivium\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
ENTRY_POINTS = f"[mlflow.run_context_provider]\ntrivium = {NAME}.provider:TriviumRunContext\n"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    here = os.path.dirname(os.path.abspath(__file__))
    folder = os.path.join(here, NAME)
    files = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), "rb") as file:
                files[f"{NAME}/{name}"] = file.read()
    info = f"{NAME}-{VERSION}.dist-info"
    for name, text in (("METADATA", METADATA), ("WHEEL", WHEEL), ("entry_points.txt", ENTRY_POINTS)):
        files[f"{info}/{name}"] = text.encode()
    record = "".join(f"{path},sha256={digest(content)},{len(content)}\n" for path, content in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    wheel = f"{NAME}-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, wheel), "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return wheel


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
