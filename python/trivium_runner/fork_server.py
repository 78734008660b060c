"""Warm fork server: imports heavy modules once, then runs each step in a forked child of its own.

The server speaks JSON lines: requests on standard input, events on standard output. It is single-threaded, so that a fork is safe, and it
ends, with every child's process group, when standard input closes (the process that started it has gone).

Requests
    {"op": "run", "id", "workdir", "target": "module:function", "arguments": {...}, "env": {...}, "path": [...], "limits": {...}, "confine": {...}}
    {"op": "run", "id", "workdir", "argv": [...], "env": {...}, "limits": {...}, "confine": {...}}
    {"op": "cancel", "id", "graceSeconds"}
Events
    {"event": "ready", "python", "preloaded", "missing"}
    {"event": "entered", "id", "at"}            user code begins; milliseconds UTC
    {"event": "line", "id", "stream", "text"}
    {"event": "done", "id", "exit", "signal", "error", "returned", "limit"}

`confine` ({"read", "write", "network", "abi", "without"}) narrows what the sandbox around this server (sandbox.py) leaves to what one step needs.
"""

import atexit
import ctypes
import errno
import functools
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import threading
import time

from . import landlock, seccomp, watch

PR_SET_PDEATHSIG = 1
# A server that is killed takes its children with it. Only Linux can say so beforehand.
die_with_parent = functools.partial(ctypes.CDLL(None).prctl, PR_SET_PDEATHSIG, signal.SIGKILL) if sys.platform == "linux" else None

LONGEST_LINE = 64 * 1024
LONGEST_RESULT = 256 * 1024 * 1024
WATCH_SECONDS = 0.2


class Step:
    """One forked child and the pipes that it writes to."""

    def __init__(self, step_id, pid):
        self.id = step_id
        self.pid = pid
        self.open_pipes = 0
        self.buffers = {}
        self.status = None
        self.kill_at = None
        self.result = b""
        self.limits = {}
        # The limit for which it was ended.
        self.exceeded = None


class ForkServer:
    def __init__(self, preload):
        self.selector = selectors.DefaultSelector()
        self.steps = {}
        self.requests = b""
        self.watch_at = 0.0
        self.out = os.dup(1)
        # Nothing that an import prints may end up among the events.
        os.dup2(2, 1)
        self.preload = preload

    def send(self, message):
        data = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
        while data:
            data = data[os.write(self.out, data):]

    def serve(self):
        loaded, missing = [], []
        for name in self.preload:
            try:
                importlib.import_module(name)
                loaded.append(name)
            except ImportError as error:
                missing.append({"module": name, "reason": str(error)})
        read_end, write_end = os.pipe()
        os.set_blocking(read_end, False)
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: self.stop())
        self.selector.register(0, selectors.EVENT_READ, self.on_request)
        self.selector.register(read_end, selectors.EVENT_READ, lambda fd: os.read(fd, 4096))
        self.send({"event": "ready", "python": sys.version.split()[0], "preloaded": loaded, "missing": missing})
        while True:
            for key, _ in self.selector.select(self.next_deadline()):
                key.data(key.fd)
            self.reap()
            self.enforce()

    def next_deadline(self):
        waiting = [step.kill_at for step in self.steps.values() if step.kill_at is not None]
        waiting += [self.watch_at for step in self.steps.values() if watch.watches(step.limits)]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def on_request(self, fd):
        data = os.read(fd, 1 << 16)
        if not data:
            self.stop()
        self.requests += data
        *lines, self.requests = self.requests.split(b"\n")
        for line in lines:
            if line:
                self.handle(json.loads(line))

    def handle(self, request):
        if request["op"] == "run":
            self.run(request)
        elif request["op"] == "cancel":
            step = self.steps.get(request["id"])
            if step is not None and step.status is None:
                self.signal_group(step, signal.SIGTERM)
                step.kill_at = time.monotonic() + float(request.get("graceSeconds", 5))

    def run(self, request):
        pipes = {name: os.pipe() for name in ("stdout", "stderr", "result")}
        server = os.getpid()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = child(request, {name: pair[1] for name, pair in pipes.items()}, server)
            except BaseException as error:  # noqa: BLE001  the child ends here, whatever happened
                os.write(2, f"The step could not be set up: {type(error).__name__}: {error}\n".encode("utf-8", "replace"))
            finally:
                os._exit(code)
        step = Step(request["id"], pid)
        step.limits = request.get("limits") or {}
        if not self.steps:
            self.watch_at = time.monotonic() + WATCH_SECONDS
        self.steps[step.id] = step
        for name, (read_end, write_end) in pipes.items():
            os.close(write_end)
            os.set_blocking(read_end, False)
            step.open_pipes += 1
            step.buffers[read_end] = b""
            self.selector.register(read_end, selectors.EVENT_READ, lambda fd, s=step, n=name: self.on_output(s, n, fd))

    def on_output(self, step, name, fd):
        try:
            data = os.read(fd, 1 << 16)
        except BlockingIOError:
            return
        if name == "result":
            step.result += data
            while b"\n" in step.result:
                line, step.result = step.result.split(b"\n", 1)
                self.on_result(step, line)
            if len(step.result) > LONGEST_RESULT:
                self.signal_group(step, signal.SIGKILL)
                step.result = b""
        else:
            text = step.buffers[fd] + data
            *lines, rest = text.replace(b"\r\n", b"\n").split(b"\n")
            if len(rest) > LONGEST_LINE or (not data and rest):
                lines.append(rest)
                rest = b""
            step.buffers[fd] = rest
            for line in lines:
                self.send({"event": "line", "id": step.id, "stream": name, "text": line.decode("utf-8", "replace")})
        if not data:
            self.close_pipe(step, fd)

    def on_result(self, step, line):
        # Code of the step may write here too; what is not of our form is not taken.
        try:
            message = json.loads(line)
            if message["kind"] == "entered":
                self.send({"event": "entered", "id": step.id, "at": int(message["at"])})
            elif message["kind"] == "done":
                step.done = {"error": error_of(message.get("error")), "returned": message.get("returned")}
        except (ValueError, KeyError, TypeError):
            pass

    def close_pipe(self, step, fd):
        self.selector.unregister(fd)
        os.close(fd)
        step.open_pipes -= 1
        del step.buffers[fd]
        self.finish(step)

    def reap(self):
        for step in list(self.steps.values()):
            if step.status is not None:
                continue
            try:
                pid, status = os.waitpid(step.pid, os.WNOHANG)
            except ChildProcessError:
                pid, status = step.pid, 0
            if pid != 0:
                step.status = status
                # Whatever the step left behind in its process group goes with it; its pipes then close.
                self.signal_group(step, signal.SIGKILL)
                self.finish(step)

    def enforce(self):
        for step in list(self.steps.values()):
            if step.kill_at is not None and step.status is None and time.monotonic() >= step.kill_at:
                self.signal_group(step, signal.SIGKILL)
                step.kill_at = time.monotonic() + 1
        if time.monotonic() < self.watch_at:
            return
        self.watch_at = time.monotonic() + WATCH_SECONDS
        watched = [step for step in self.steps.values() if step.status is None and watch.watches(step.limits)]
        for step, exceeded in watch.look([(step, step.pid, step.limits) for step in watched]):
            step.exceeded = step.exceeded or exceeded
            self.signal_group(step, signal.SIGKILL)

    def finish(self, step):
        if step.status is None or step.open_pipes > 0:
            return
        done = getattr(step, "done", None) or {}
        signalled = os.WIFSIGNALED(step.status)
        self.send({
            "event": "done", "id": step.id, "exit": None if signalled else os.WEXITSTATUS(step.status),
            "signal": os.WTERMSIG(step.status) if signalled else None, "error": done.get("error"), "returned": done.get("returned"),
            "limit": step.exceeded or watch.limit_behind(os.WTERMSIG(step.status) if signalled else None, done.get("error"), step.limits),
        })
        del self.steps[step.id]

    @staticmethod
    def signal_group(step, number):
        try:
            os.killpg(step.pid, number)
        except OSError as error:
            if error.errno not in (errno.ESRCH, errno.EPERM):
                raise

    def stop(self):
        for step in self.steps.values():
            self.signal_group(step, signal.SIGKILL)
        os._exit(0)


def child(request, pipes, server):
    """Runs in the forked child: becomes the step's own session, directory and environment, then runs user code."""
    os.setsid()
    if die_with_parent is not None:
        die_with_parent()
        if os.getppid() != server:
            return 1
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(pipes["stdout"], 1)
    os.dup2(pipes["stderr"], 2)
    result = os.fdopen(os.dup(pipes["result"]), "w", encoding="utf-8")
    os.set_inheritable(result.fileno(), False)
    os.closerange(3, result.fileno())
    os.closerange(result.fileno() + 1, 1 << 20)
    os.environ.clear()
    os.environ.update(request.get("env") or {})
    os.chdir(request["workdir"])
    limits = request.get("limits") or {}
    apply_limits(limits)
    if request.get("confine") is not None:
        confine(request["confine"], "cpus" in limits)

    def tell(message):
        result.write(json.dumps(finite(message), default=plain) + "\n")
        result.flush()

    if "argv" in request:
        tell({"kind": "entered", "at": int(time.time() * 1000)})
        try:
            os.execvpe(request["argv"][0], request["argv"], os.environ)
        except OSError as error:
            tell({"kind": "done", "error": {"type": type(error).__name__, "message": f"{request['argv'][0]}: {error.strerror}", "traceback": ""}})
            return 127

    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    sys.path[:0] = request.get("path") or [request["workdir"]]
    # The folder of the code is shared by steps and never written to.
    sys.dont_write_bytecode = True
    reseed()
    try:
        module_name, _, function_name = request["target"].partition(":")
        function = getattr(importlib.import_module(module_name), function_name)
        tell({"kind": "entered", "at": int(time.time() * 1000)})
        returned = function(**(request.get("arguments") or {}))
        run_exit_handlers()
        flush()
        tell({"kind": "done", "returned": returned})
        return 0
    except SystemExit as stop:
        run_exit_handlers()
        flush()
        code = stop.code if isinstance(stop.code, int) else (0 if stop.code is None else 1)
        if code != 0:
            tell({"kind": "done", "error": {"type": "SystemExit", "message": str(stop.code), "traceback": ""}})
        return code
    except BaseException as error:  # noqa: BLE001  reported to whoever ran the step
        import traceback

        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        sys.stderr.write(text)
        run_exit_handlers()
        flush()
        tell({"kind": "done", "error": {"type": type(error).__name__, "message": str(error), "traceback": text}})
        return 1


def plain(value):
    """Numbers and arrays of numpy and pandas as JSON has them; everything else as its text."""
    return finite(value.tolist()) if hasattr(value, "tolist") else str(value)


def finite(value):
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value


def run_exit_handlers():
    """What the interpreter does at its end, which `os._exit` leaves out: waits for threads, then runs `atexit` (clients close their runs there)."""
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
    except BaseException:  # noqa: BLE001  an exit handler never changes the step's outcome
        sys.excepthook(*sys.exc_info())


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            pass


def reseed():
    """Two forks of one server must not draw the same numbers."""
    import random

    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(int.from_bytes(os.urandom(4), "little"))


def confine(what, pinned):
    without = what.get("without") or []
    if "step-files" not in without:
        abi = min(landlock.version(), what.get("abi") or 99)
        landlock.restrict(abi, landlock.rules(abi, what["read"], what["write"]), what["network"])
    if "step-calls" not in without:
        landlock.no_new_privileges()
        seccomp.install(seccomp.inside_step(pinned))
    if what.get("link") and not what["network"]:
        know_server(what["link"])


def know_server(link):
    """Nobody inside can ask what a name stands for; that of the server is known."""
    ask = socket.getaddrinfo

    def answer(host, *arguments, **named):
        known = link["addresses"][0] if host == link["host"] and link["addresses"] else host
        return ask(known, *arguments, **named)

    socket.getaddrinfo = answer


def apply_limits(limits):
    import resource

    if "fileBytes" in limits:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limits["fileBytes"]), int(limits["fileBytes"])))
    if "memoryBytes" in limits:
        # What the server had loaded counts for its children too.
        most = int(limits["memoryBytes"]) + watch.private_bytes()
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    if "cpus" in limits and hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        first = os.getpid() % len(allowed)
        os.sched_setaffinity(0, {allowed[(first + place) % len(allowed)] for place in range(min(int(limits["cpus"]), len(allowed)))})


def error_of(given):
    return {key: str(given[key]) for key in ("type", "message", "traceback")} if given else None


if __name__ == "__main__":
    ForkServer([name for name in (sys.argv[1] if len(sys.argv) > 1 else "").split(",") if name]).serve()
