"""What a run was started from: the commit, what was changed since, the source files and the packages."""

import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys

CODE = "trivium/code.json"
PACKAGES = "trivium/requirements.txt"
ENDINGS = re.compile(r"\.(py|pyx|ipynb|r|rmd|jl|sql|sh|toml|cfg|ya?ml|ts|js|mjs|java|scala|kt|go|rs|c|cc|cpp|h|hpp|cu)$", re.I)
# What begins with a dot may be where a secret lies.
SKIPPED = re.compile(r"(^|/)(\.[^/]*|node_modules|__pycache__|venv|env|dist|build|mlruns|wandb|site-packages)(/|$)")
READ = (".", ":(exclude,glob)**/.*", ":(exclude,glob)**/.*/**")
MOST_FILES, MOST_FILE, MOST_IN_ALL, MOST_PATCH = 400, 200_000, 4_000_000, 1_000_000


def git(*args):
    try:
        done = subprocess.run(["git", *args], capture_output=True, timeout=10, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def state():
    commit = git("rev-parse", "HEAD")
    if commit is None:
        return None
    branch = (git("rev-parse", "--abbrev-ref", "HEAD") or "").strip()
    remote = (git("remote", "get-url", "origin") or "").strip()
    return {
        "commit": commit.strip(),
        "branch": None if branch in ("", "HEAD") else branch,
        "repository": re.sub(r"^([a-z+]+://)[^/]*@", r"\1", remote, flags=re.I) or None,
        "patch": (git("diff", "--no-ext-diff", "--no-textconv", "--no-color", "HEAD", "--", *READ) or "")[:MOST_PATCH],
    }


def git_tags():
    found = state()
    if found is None:
        return {}
    tags = {
        "mlflow.source.git.commit": found["commit"],
        "mlflow.source.git.branch": found["branch"],
        "mlflow.source.git.repoURL": found["repository"],
        "mlflow.source.git.dirty": str(found["patch"] != "").lower(),
    }
    return {key: value for key, value in tags.items() if value}


def code():
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "-z")
    paths = walk() if listed is None else [path for path in listed.split("\0") if path]
    script = os.path.relpath(sys.argv[0]).replace(os.sep, "/") if sys.argv and sys.argv[0] else ""
    wanted = sorted(set(paths), key=lambda path: (path != script, path))
    files, room, left = [], MOST_IN_ALL, 0
    for path in wanted:
        if not ENDINGS.search(path) or SKIPPED.search(path) or os.path.islink(path) or not os.path.isfile(path):
            continue
        size = os.path.getsize(path)
        if len(files) >= MOST_FILES or size > min(room, MOST_FILE):
            left += 1
            continue
        room -= size
        with open(path, encoding="utf-8", errors="replace") as file:
            files.append({"path": path, "text": file.read()})
    found = state() or {"commit": None, "branch": None, "repository": None, "patch": None}
    return json.dumps({**found, "command": [os.path.basename(sys.executable), *sys.argv], "files": files, "leftOut": left})


def walk():
    """Outside of Git: what lies in the folder of the script, where that is the working directory or below it; nothing of a home directory or a whole disk."""
    root = os.path.dirname(os.path.abspath(sys.argv[0])) if sys.argv and sys.argv[0] else ""
    here = os.getcwd()
    if not root or os.path.commonpath([root, here]) != here or root in ("/", os.path.expanduser("~")):
        return []
    found = []
    for folder, folders, names in os.walk(root):
        below = os.path.relpath(folder, here).replace(os.sep, "/")
        folders[:] = sorted(one for one in folders if not SKIPPED.search(one)) if below.count("/") < 8 else []
        found += [name if below == "." else f"{below}/{name}" for name in sorted(names)]
        if len(found) > 20 * MOST_FILES:
            break
    return found


def packages():
    found = {}
    for one in importlib.metadata.distributions():
        name = one.metadata["Name"] if one.metadata else None
        if name:
            found.setdefault(name, one.version)
    lines = [f"# python {platform.python_version()} on {platform.system().lower()} {platform.machine()}"]
    lines += [f"{name}=={found[name]}" for name in sorted(found, key=str.lower)]
    return "\n".join(lines) + "\n"
