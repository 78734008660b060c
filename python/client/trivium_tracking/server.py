"""Calls to the Trivium server that MLflow's client is set to, with nothing but Python's own library."""

import base64
import json
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request


# An answer that is cut off is no JSON, and said so.
LONGEST = 1_000_000


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """The credentials are for the server that was named: Python's own library would hand them on to wherever it points."""

    def redirect_request(self, *args):
        return None


class Server:
    def __init__(self, url, project):
        self.url = url
        self.project = project

    @classmethod
    def of(cls, uri):
        """The server at an address; None where none answers as Trivium does, such as at MLflow's own server."""
        if not uri or not uri.startswith(("http://", "https://")):
            return None
        server = cls(uri.rstrip("/"), "")
        try:
            session = server.call("GET", "/api/v1/session")
        except (urllib.error.HTTPError, ValueError):
            return None
        project = os.environ.get("MLFLOW_WORKSPACE") or (session or {}).get("homeProject")
        return cls(server.url, project) if isinstance(project, str) and project else None

    def add_console(self, run, first, lines):
        path = f"/api/v1/projects/{urllib.parse.quote(self.project, safe='')}/runs/{run}/console"
        return self.call("POST", path, {"first": first, "lines": lines})

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method, headers=credentials())
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        opener = urllib.request.build_opener(NoRedirect, urllib.request.HTTPSHandler(context=certificates(self.url)))
        with opener.open(request, timeout=10) as answer:
            return json.loads(answer.read(LONGEST))


def credentials():
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    user = os.environ.get("MLFLOW_TRACKING_USERNAME")
    if user:
        pair = f"{user}:{os.environ.get('MLFLOW_TRACKING_PASSWORD', '')}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    return {"Authorization": f"Bearer {token}"} if token else {}


def certificates(url):
    if not url.startswith("https://"):
        return None
    if os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() == "true":
        return ssl._create_unverified_context()  # noqa: S323 -- the user has told MLflow's client the same
    return ssl.create_default_context(cafile=os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or None)
