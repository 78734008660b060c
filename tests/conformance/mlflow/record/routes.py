"""Prints every route of a real MLflow server as JSON: those of Flask, with the basic-auth application, and those of FastAPI beside them."""

import json
import os
import re
import sys
import tempfile
import types

folder = tempfile.mkdtemp()
os.environ.update(
    MLFLOW_DISABLE_TELEMETRY="true",
    MLFLOW_FLASK_SERVER_SECRET_KEY="only-for-this-list",
    _MLFLOW_SERVER_FILE_STORE=f"sqlite:///{folder}/store.db",
    MLFLOW_AUTH_CONFIG_PATH=f"{folder}/auth.ini",
)
with open(f"{folder}/auth.ini", "w") as file:
    file.write(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{folder}/auth.db\n"
        "admin_username = admin\nadmin_password = a-password-for-the-list\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )

# The sign-up form's guard is a package of its own, which the list does without.
guard = types.ModuleType("flask_wtf.csrf")
guard.CSRFProtect = lambda: types.SimpleNamespace(init_app=lambda _: None, exempt=lambda view: view, protect=lambda: None)
sys.modules.update({"flask_wtf": types.ModuleType("flask_wtf"), "flask_wtf.csrf": guard})

from mlflow.server import app
from mlflow.server.auth import create_app
from mlflow.server.fastapi_app import create_fastapi_app

create_app(app)
named = r"{\1}"
parameter = re.compile(r"<(?:[^:<>]*:)?([^<>]*)>")
routes = {
    f"{method} {parameter.sub(named, rule.rule)}"
    for rule in app.url_map.iter_rules()
    for method in rule.methods - {"HEAD", "OPTIONS"}
}
for path, methods in create_fastapi_app(app).openapi()["paths"].items():
    routes |= {f"{method.upper()} {path}" for method in methods if method in {"get", "post", "put", "patch", "delete"}}
print(json.dumps(sorted(routes, key=lambda route: route.split(" ")[::-1])))
