"""Prints the import closure of entry modules inside a project folder, found without running anything.

    python closure.py ROOT MODULE [MODULE ...]

Writes one JSON object: {"files": [relative paths, sorted], "missing": [entry modules that are not in the folder's reach], "external": [installed packages
that are imported]}. Only files below ROOT are listed; installed packages are the environment's business. A step's cache key holds the digests of these files, so an edit elsewhere does not run it again.
"""

import ast
import json
import os
import sys


def find(root, module):
    """The file of a module below the root, or None."""
    base = os.path.join(root, *module.split("."))
    for candidate in (base + ".py", os.path.join(base, "__init__.py")):
        if os.path.isfile(candidate):
            return candidate
    return None


def imported(path, package):
    """Names that a file imports: absolute, with relative ones resolved against its package."""
    with open(path, "rb") as source:
        tree = ast.parse(source.read(), path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            parts = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*parts, *(node.module.split(".") if node.module else [])])
            if base:
                yield base
            for alias in node.names:
                yield f"{base}.{alias.name}" if base else alias.name


def closure(root, entries):
    files, missing, external, seen = set(), [], set(), set()
    waiting = [(entry, True) for entry in entries]
    while waiting:
        module, is_entry = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        path = find(root, module)
        if path is None:
            if is_entry:
                missing.append(module)
            top = module.split(".")[0]
            if top not in sys.stdlib_module_names and find(root, top) is None and not os.path.isdir(os.path.join(root, top)):
                external.add(top)
            continue
        parts = module.split(".")
        # Packages above a module run their __init__ first.
        for depth in range(1, len(parts)):
            waiting.append((".".join(parts[:depth]), False))
        files.add(os.path.relpath(path, root))
        package = parts if path.endswith("__init__.py") else parts[:-1]
        waiting.extend((name, False) for name in imported(path, package))
    return {"files": sorted(files), "missing": missing, "external": sorted(external)}


if __name__ == "__main__":
    try:
        print(json.dumps(closure(sys.argv[1], sys.argv[2:])))
    except SyntaxError as error:
        print(json.dumps({"error": f"{os.path.relpath(error.filename, sys.argv[1])} line {error.lineno}: {error.msg}"}))
