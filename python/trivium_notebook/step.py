"""Makes a pipeline step of a notebook, and says what differs between the two, or between two notebooks. Python's own library alone; nothing of the notebook runs."""

import ast
import builtins
import difflib
import hashlib
import json
import keyword
import re
import sys

LEFT_OUT = {"skip", "skip-step", "exploratory", "remove-cell"}
SHOWN = {"head", "tail", "describe", "info", "sample", "show"}
MAGIC = re.compile(r"^\s*(%|!|\?)|\?\s*$")


def cells_of(path):
    """The code cells of a notebook, without what they put out."""
    with open(path, encoding="utf-8") as file:
        notebook = json.load(file)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError(f"{path} is no notebook of format 4: it has no cells.")
    found = []
    for number, cell in enumerate(cells, 1):
        source = cell.get("source", "")
        text = "".join(source) if isinstance(source, list) else source
        tags = cell.get("metadata", {}).get("tags", [])
        found.append({"number": number, "kind": cell.get("cell_type"), "tags": tags, "source": text.rstrip("\n")})
    return found


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def plain(cell, warnings):
    """The Python of a cell: magics and calls of the shell are commented out."""
    lines = cell["source"].split("\n")
    if lines and lines[0].startswith("%%"):
        warnings.append(f"cell {cell['number']}: {lines[0]} is no Python; the whole cell is commented out")
        return "\n".join(f"# {line}" for line in lines)
    whole = "\n".join(lines)
    try:
        ast.parse(whole)
        return whole
    except SyntaxError:
        pass
    for at, line in enumerate(lines):
        if MAGIC.search(line):
            warnings.append(f"cell {cell['number']}: \"{line.strip()}\" is commented out")
            indent = line[: len(line) - len(line.lstrip())]
            # Something has to stand where a block would be empty.
            lines[at] = f"{indent}pass  # {line.strip()}" if indent else f"# {line}"
    return "\n".join(lines)


def only_shows(node):
    if not isinstance(node, ast.Expr):
        return False
    value = node.value
    if isinstance(value, (ast.Name, ast.Attribute, ast.Subscript, ast.Constant)):
        return not (isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value == "")
    if isinstance(value, ast.Call):
        called = value.func
        return (isinstance(called, ast.Name) and called.id == "display") or (
            isinstance(called, ast.Attribute) and called.attr in SHOWN
        )
    return False


class Names(ast.NodeVisitor):
    """Names that are read before they are given a value, in the order of the text. What a function reads counts when it is defined."""

    def __init__(self):
        self.given, self.missing = set(dir(builtins)), []

    def read(self, name):
        if name not in self.given and name not in self.missing:
            self.missing.append(name)

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load):
            self.read(node.id)
        else:
            self.given.add(node.id)

    def visit_Assign(self, node):
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_AugAssign(self, node):
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self.read(node.target.id)
        self.visit(node.target)

    def visit_AnnAssign(self, node):
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_NamedExpr(self, node):
        self.visit(node.value)
        self.visit(node.target)

    def visit_For(self, node):
        self.visit(node.iter)
        self.visit(node.target)
        for one in node.body + node.orelse:
            self.visit(one)

    def visit_Import(self, node):
        for one in node.names:
            self.given.add((one.asname or one.name).split(".")[0])

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node):
        if node.type:
            self.visit(node.type)
        if node.name:
            self.given.add(node.name)
        for one in node.body:
            self.visit(one)

    def comprehension(self, node):
        before = set(self.given)
        for one in node.generators:
            self.visit(one.iter)
            self.visit(one.target)
            for test in one.ifs:
                self.visit(test)
        for part in (("key", "value") if isinstance(node, ast.DictComp) else ("elt",)):
            self.visit(getattr(node, part))
        self.given = before

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = comprehension

    def function(self, node):
        named = getattr(node, "name", None)
        for one in getattr(node, "decorator_list", []) + node.args.defaults + [d for d in node.args.kw_defaults if d]:
            self.visit(one)
        if named:
            self.given.add(named)
        before = set(self.given)
        every = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
        self.given |= {one.arg for one in every + [a for a in (node.args.vararg, node.args.kwarg) if a]}
        body = node.body if isinstance(node.body, list) else [node.body]
        # A name that the function sets anywhere is its own.
        self.given |= {n.id for one in body for n in ast.walk(one) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        for one in body:
            self.visit(one)
        self.given = before

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = function

    def visit_ClassDef(self, node):
        for one in node.decorator_list + node.bases:
            self.visit(one)
        before = set(self.given)
        for one in node.body:
            self.visit(one)
        self.given = before | {node.name}


def parameters_of(cell):
    found = {}
    for node in ast.parse(cell["source"]).body:
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if not isinstance(target, ast.Name) or value is None:
            raise ValueError(f"cell {cell['number']} is tagged \"parameters\": it may only give names a value, such as depth = 3.")
        try:
            found[target.id] = ast.literal_eval(value)
        except ValueError:
            raise ValueError(f"cell {cell['number']}: the value of parameter {target.id} must be plain: a number, a text, a list.") from None
    return found


def make(path, name, inputs, outputs):
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"\"{name}\" is no name of a function in Python.")
    warnings, parameters, imports, body, used = [], {}, [], [], []
    names = Names()
    for cell in cells_of(path):
        if cell["kind"] != "code" or not cell["source"].strip() or LEFT_OUT & set(cell["tags"]):
            continue
        used.append({"number": cell["number"], "source": cell["source"], "sha256": digest(cell["source"])})
        if "parameters" in cell["tags"]:
            parameters.update(parameters_of(cell))
            names.given |= set(parameters)
            continue
        text = plain(cell, warnings)
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            raise ValueError(f"cell {cell['number']} is no Python: {error.msg} (line {error.lineno}). Tag it \"skip\" to leave it out.") from None
        lines = text.split("\n")
        for node in tree.body:
            if any(isinstance(one, (ast.Await, ast.AsyncFor, ast.AsyncWith)) for one in ast.walk(node)) and not isinstance(node, ast.AsyncFunctionDef):
                raise ValueError(f"cell {cell['number']} awaits at its top, which a step cannot. Tag it \"skip\", or use asyncio.run().")
            span = range(node.lineno - 1, node.end_lineno)
            shares = sum(one.lineno <= node.end_lineno and one.end_lineno >= node.lineno for one in tree.body) > 1
            if any(isinstance(one, ast.Global) for one in ast.walk(node)):
                warnings.append(f"cell {cell['number']}: \"global\" means another thing in a step; hand the value on instead")
            # What stands on a line with others stays there.
            if isinstance(node, (ast.Import, ast.ImportFrom)) and not shares:
                names.visit(node)
                statement = ast.unparse(node)
                if statement not in imports:
                    imports.append(statement)
                for at in span:
                    lines[at] = None
            elif only_shows(node) and not shares:
                warnings.append(f"cell {cell['number']}: \"{lines[node.lineno - 1].strip()}\" only shows something; it is commented out")
                for at in span:
                    lines[at] = f"# {lines[at]}"
            else:
                names.visit(node)
        kept = "\n".join(line for line in lines if line is not None).strip("\n")
        if kept.strip():
            body.append((cell["number"], kept))
    for one in inputs:
        parameters.pop(one, None)
    needed = list(dict.fromkeys([*inputs, *names.missing]))
    for one in outputs:
        if one not in names.given and one not in needed and one not in parameters:
            raise ValueError(f"The notebook never gives \"{one}\" a value, so that it cannot be an output.")
    module = module_text(name, imports, body, needed, parameters, outputs, path)
    record = {
        "format": 1, "notebook": path.replace("\\", "/").rsplit("/", 1)[-1], "step": name, "cells": used, "module": module,
        "moduleSha256": digest(module), "inputs": needed, "parameters": parameters, "outputs": outputs,
    }
    return {"module": module, "test": test_text(name, needed, outputs), "record": record, "warnings": warnings}


def module_text(name, imports, body, inputs, parameters, outputs, path):
    given = [*inputs, *(f"{key}={value!r}" for key, value in parameters.items())]
    lines = [f'"""Step "{name}", made of the notebook {path.rsplit("/", 1)[-1]} by trivium notebook step."""', ""]
    lines += [*sorted(imports, key=lambda one: (not one.startswith("from __future__"), one)), ""] if imports else []
    lines += ["", f"def {name}({'*, ' if given else ''}{', '.join(given)}):"]
    for number, text in body:
        lines.append(f"    # cell {number}")
        lines += indented(text)
    lines.append(f"    return {{{', '.join(f'{one!r}: {one}' for one in outputs)}}}")
    return "\n".join(lines) + "\n"


def indented(text):
    """Indents statements, but not what stands inside of texts of several lines."""
    inside = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Constant, ast.JoinedStr)) and node.end_lineno > node.lineno:
            inside |= set(range(node.lineno + 1, node.end_lineno + 1))
    return [line if at in inside or not line.strip() else f"    {line}" for at, line in enumerate(text.split("\n"), 1)]


def test_text(name, inputs, outputs):
    lines = [f'"""Runs step "{name}" on a small input: python -m unittest test_{name}"""', ""]
    lines += ["import os", "import unittest", "", f"from {name} import {name}", ""]
    lines += ["# Small inputs, named by the environment: SAMPLE_X is the input x.", f"INPUTS = {inputs!r}"]
    lines += ['SAMPLES = {one: os.environ.get(f"SAMPLE_{one.upper()}") for one in INPUTS}', "", ""]
    lines += ['@unittest.skipIf(None in SAMPLES.values(), f"no sample is set of {INPUTS}")']
    lines += [f"class Test{name.title().replace('_', '')}(unittest.TestCase):", "    def test_it_gives_its_outputs(self):"]
    lines += [f"        made = {name}(**SAMPLES)", f"        self.assertEqual(sorted(made), {sorted(outputs)!r})"]
    lines += ["        for value in made.values():", "            self.assertIsNotNone(value)"]
    return "\n".join(lines) + "\n"


def changed(before, after):
    """Cells of two lists side by side: those that are the same are left out."""
    found = []
    matcher = difflib.SequenceMatcher(None, [one["source"] for one in before], [one["source"] for one in after], autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        for at in range(max(b - a, d - c)):
            one = before[a + at] if a + at < b else None
            two = after[c + at] if c + at < d else None
            text = lines_of(one["source"] if one else "", two["source"] if two else "")
            found.append({"before": one and one["number"], "after": two and two["number"], "lines": text})
    return found


def lines_of(before, after):
    return [line for line in difflib.unified_diff(before.split("\n"), after.split("\n"), lineterm="", n=2) if not line.startswith(("---", "+++", "@@"))]


def compare(first, second):
    return {"cells": changed(cells_of(first), cells_of(second)), "module": []}


def since(record_path, notebook, module):
    with open(record_path, encoding="utf-8") as file:
        record = json.load(file)
    known = [one for one in cells_of(notebook) if one["kind"] == "code" and one["source"].strip() and not LEFT_OUT & set(one["tags"])]
    with open(module, encoding="utf-8") as file:
        text = file.read()
    return {"cells": changed(record["cells"], known), "module": [] if digest(text) == record["moduleSha256"] else lines_of(record["module"], text)}


def main(argv):
    asked = json.loads(argv[0])
    work = {"make": make, "compare": compare, "since": since}[asked.pop("do")]
    try:
        print(json.dumps(work(**asked)))
    except (ValueError, OSError, SyntaxError, KeyError) as error:
        print(json.dumps({"problem": str(error)}))


if __name__ == "__main__":
    main(sys.argv[1:])
