"""Calls to the Trivium server that MLflow's client is set to, with nothing but Python's own library."""

import base64
import json
import os
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request


# An answer that is cut off is no JSON, and said so.
LONGEST = 1_000_000
# How often what the server had no room for, or what failed on the way, is sent: all of it may be sent twice.
TRIES = 5
PASSING = (429, 502, 503, 504)


class TriviumError(RuntimeError):
    """What the server refused, in its words, or what is missing here."""


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
        path = f"/api/v1/projects/{quoted(self.project)}/runs/{run}/console"
        return self.call("POST", path, {"first": first, "lines": lines})

    def log_histograms(self, run, histograms):
        return self.ask("POST", f"{quoted(run)}/histograms", {"histograms": histograms})

    def checkpoints(self, run, path):
        return self.ask("GET", f"{quoted(run)}/checkpoints?{urllib.parse.urlencode({'path': path})}")

    def recover(self, run, checkpoint, step, points):
        return self.ask("POST", f"{quoted(run)}/recovered-points", {"checkpoint": checkpoint, "step": step, "points": points})

    def ask(self, method, path, body=None):
        """A call about runs that tries again for a while, and says in the server's words why it was refused."""
        for attempt in range(1, TRIES + 1):
            try:
                return self.call(method, f"/api/v1/projects/{quoted(self.project)}/runs/{path}", body)
            except urllib.error.HTTPError as error:
                if error.code not in PASSING or attempt == TRIES:
                    raise TriviumError(words_of(error)) from None
                wait = error.headers.get("Retry-After", "")
                time.sleep(min(30, int(wait)) if wait.isdigit() else 0.2 * 2**attempt)
            except OSError as error:
                if attempt == TRIES:
                    raise TriviumError(f"{self.url} does not answer: {error}") from error
                time.sleep(0.2 * 2**attempt)
        raise AssertionError("every try returns or raises")

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method, headers=credentials())
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        opener = urllib.request.build_opener(NoRedirect, urllib.request.HTTPSHandler(context=certificates(self.url)))
        with opener.open(request, timeout=10) as answer:
            return json.loads(answer.read(LONGEST))


def quoted(part):
    return urllib.parse.quote(part, safe="")


servers = {}


def current():
    """The server that MLflow's client is set to; throws where it is another one."""
    import mlflow

    key = (mlflow.get_tracking_uri(), os.environ.get("MLFLOW_WORKSPACE"))
    if key not in servers:
        found = Server.of(key[0])
        if found is None:
            raise TriviumError(
                f"{key[0]} is no server of Trivium that these credentials open. Set MLFLOW_TRACKING_URI and MLFLOW_TRACKING_TOKEN."
            )
        servers[key] = found
    return servers[key]


def words_of(error):
    try:
        detail = json.loads(error.read(LONGEST)).get("detail")
    except (ValueError, AttributeError, OSError):
        detail = None
    return detail or f"The server answered {error.code} {error.reason}."


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
