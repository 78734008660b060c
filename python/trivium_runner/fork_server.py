"""Warm fork server: imports heavy modules once, then runs each step in a forked child of its own.

The server speaks JSON lines: requests on standard input, events on standard output. It is single-threaded, so that a fork is safe, and it
ends, with every child's process group, when standard input closes (the process that started it has gone).

Requests
    {"op": "run", "id", "workdir", "target": "module:function", "arguments": {...}, "env": {...}, "path": [...], "limits": {...}}
    {"op": "run", "id", "workdir", "argv": [...], "env": {...}}
    {"op": "cancel", "id", "graceSeconds"}
Events
    {"event": "ready", "python", "preloaded", "missing"}
    {"event": "entered", "id", "at"}            user code begins; milliseconds UTC
    {"event": "line", "id", "stream", "text"}
    {"event": "done", "id", "exit", "signal", "error", "returned"}
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
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
# A server that is killed takes its children with it. Only Linux can say so beforehand.
die_with_parent = functools.partial(ctypes.CDLL(None).prctl, PR_SET_PDEATHSIG, signal.SIGKILL) if sys.platform == "linux" else None

LONGEST_LINE = 64 * 1024


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


class ForkServer:
    def __init__(self, preload):
        self.selector = selectors.DefaultSelector()
        self.steps = {}
        self.requests = b""
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
            except BaseException:  # noqa: BLE001  the child ends here, whatever happened
                pass
            finally:
                os._exit(code)
        step = Step(request["id"], pid)
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
                self.on_result(step, json.loads(line))
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

    def on_result(self, step, message):
        if message["kind"] == "entered":
            self.send({"event": "entered", "id": step.id, "at": message["at"]})
        else:
            step.done = message

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

    def finish(self, step):
        if step.status is None or step.open_pipes > 0:
            return
        done = getattr(step, "done", None) or {}
        signalled = os.WIFSIGNALED(step.status)
        self.send({
            "event": "done", "id": step.id, "exit": None if signalled else os.WEXITSTATUS(step.status),
            "signal": os.WTERMSIG(step.status) if signalled else None, "error": done.get("error"), "returned": done.get("returned"),
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
    os.closerange(result.fileno() + 1, 1024)
    os.environ.clear()
    os.environ.update(request.get("env") or {})
    apply_limits(request.get("limits") or {})
    os.chdir(request["workdir"])

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


def apply_limits(limits):
    import resource

    names = {"fileBytes": resource.RLIMIT_FSIZE, "memoryBytes": resource.RLIMIT_AS, "cpuSeconds": resource.RLIMIT_CPU}
    for name, value in limits.items():
        resource.setrlimit(names[name], (int(value), int(value)))


if __name__ == "__main__":
    ForkServer([name for name in (sys.argv[1] if len(sys.argv) > 1 else "").split(",") if name]).serve()
