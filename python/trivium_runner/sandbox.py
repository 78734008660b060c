"""Starts the fork server inside a boundary of the kernel's own, and stays outside of it as broker and undertaker.

    python -I -S -c '…main()' JSON      {"argv", "read", "write", "network", "link", "identity", "processes", "abi"?, "without"?}
    python -I -S -c '…probe()'          prints {"layers": [{"name", "active", "found"}], "contained"}

The fork server loads packages that users chose, so that it is as little trusted as their steps: both are inside.
"""

import ctypes
import json
import os
import resource
import select
import signal
import socket
import sys
import time

from . import landlock, seccomp
from .broker import Broker, members, parent_and_group, processes

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_CHILD_SUBREAPER = 1, 4, 8, 36
PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 24, 47, 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_SETUID, CAP_SETGID, CAP_SYS_PTRACE = 1, 2, 7, 6, 19
CAPSET, CAPABILITY_VERSION = {"x86_64": 126, "aarch64": 91}, 0x20080522
KEPT = (1 << CAP_DAC_OVERRIDE) | (1 << CAP_DAC_READ_SEARCH)

libc = ctypes.CDLL(None, use_errno=True)


def effective_capabilities():
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1], 16) for line in lines if line.startswith("CapEff"))


def may_change_identity():
    """Root that may also read what other users do: the broker has to look at addresses, and the steps at files that belong to root."""
    needed = (1 << CAP_SETUID) | (1 << CAP_SETGID) | (1 << CAP_SYS_PTRACE) | KEPT
    return os.geteuid() == 0 and effective_capabilities() & needed == needed


def take_identity(number):
    """Becomes another user. Of root's powers only the one to pass rights of files is kept: Landlock says which files those are."""
    for capability in range(64):
        if not KEPT >> capability & 1 and libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(number, number, number)
    os.setresuid(number, number, number)
    set_capabilities(KEPT)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


def set_capabilities(kept):
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    data = (ctypes.c_uint32 * 6)(kept, kept, kept, 0, 0, 0)
    if libc.syscall(CAPSET[os.uname().machine], header, data) != 0:
        raise OSError(ctypes.get_errno(), "capabilities could not be given up")


def drop_powers():
    """Root that stays root keeps what lets it read files; an ordinary user has nothing to give up."""
    if os.geteuid() == 0:
        set_capabilities(effective_capabilities() & KEPT)


def enter(config, channel):
    """In the child that becomes the fork server: gives everything up, hands the listener out, and goes on as the program."""
    abi = min(landlock.version(), config.get("abi") or 99)
    # For tests of the tests: an attack has to get through where its layer is left out.
    without = set(config.get("without") or [])
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit_processes(config)
    if config["identity"] is not None and may_change_identity():
        take_identity(config["identity"])
        own_identity = True
    else:
        drop_powers()
        own_identity = False
    die_with(os.getppid())
    if "filesystem" not in without:
        landlock.restrict(abi, landlock.rules(abi, config["read"], config["write"]), config["network"])
    landlock.no_new_privileges()
    if "calls" not in without:
        listener = seccomp.install(seccomp.boundary(config["network"], abi, own_identity), listener=True)
        socket.send_fds(channel, [b"l"], [listener])
        os.close(listener)
    channel.close()
    argv = config["argv"]
    os.execve(argv[0], argv, dict(os.environ))


def limit_processes(config):
    """The kernel counts all processes of a user, whatever they are; what is there already has to be added for a user that is not alone."""
    identity = config["identity"] if may_change_identity() else None
    if identity is None and os.geteuid() == 0:
        return
    used = 0
    for pid in processes() if identity is None else []:
        try:
            if os.stat(f"/proc/{pid}").st_uid == os.geteuid():
                used += len(os.listdir(f"/proc/{pid}/task"))
        except OSError:
            pass
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    limit = used + config["processes"] + 64
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))


def die_with(parent):
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def main():
    config = json.loads(sys.argv[1])
    # It does not die with who started it: the end of standard input says so as well, and leaves it the time to end what is inside.
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ours, theirs = socket.socketpair()
    signal.signal(signal.SIGTERM, lambda *_: finish(None))
    server = os.fork()
    if server == 0:
        try:
            ours.close()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.setsid()
            enter(config, theirs)
        except BaseException as error:  # noqa: BLE001  said to whoever starts us, which reads standard error
            sys.stderr.write(f"The sandbox could not be entered: {error}\n")
            sys.stderr.flush()
        os._exit(126)
    theirs.close()
    descriptors = socket.recv_fds(ours, 1, 1)[1]
    ours.close()
    os.close(1)
    ended = os.pidfd_open(server)
    watch = select.poll()
    watch.register(ended, select.POLLIN)
    # The other end of standard input is the program that started us; the fork server reads it.
    watch.register(0, 0)
    broker = None
    if descriptors:
        broker = Broker(descriptors[0], config.get("link"), server)
        watch.register(descriptors[0], select.POLLIN)
    while True:
        for descriptor, happened in watch.poll():
            if descriptor == ended:
                finish(os.waitpid(server, 0)[1])
            elif descriptor == 0:
                # It ends by itself when its input does; if not, it is ended.
                watch.unregister(0)
                signal.setitimer(signal.ITIMER_REAL, 3)
                signal.signal(signal.SIGALRM, lambda *_: finish(None))
            elif happened & select.POLLIN:
                broker.handle()
            else:
                watch.unregister(descriptor)


def finish(status):
    """Ends whatever is left inside, wherever it moved to: orphans become children of this process."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        for pid in children(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.005)
        except ChildProcessError:
            break
    os._exit(0 if status is None else os.waitstatus_to_exitcode(status) & 0xFF)


def children(pid):
    found = []
    for one in processes():
        try:
            if parent_and_group(one)[0] == pid:
                found.append(one)
        except OSError:
            pass
    return found


def probe():
    """Tries each layer in a child of its own, and says what holds."""
    abi = landlock.version() if sys.platform == "linux" else 0
    identity = sys.platform == "linux" and may_change_identity()
    files = abi >= 1 and tried(lambda: landlock.restrict(abi, [("/usr", landlock.READ)], False))
    calls = sys.platform == "linux" and os.uname().machine in seccomp.MACHINES and tried(lambda: (landlock.no_new_privileges(), seccomp.install(seccomp.boundary(False, abi, identity), listener=True)))
    layers = [
        {"name": "files", "active": files, "found": f"Landlock, version {abi}" if files else "the kernel has no Landlock, or it is not allowed here"},
        {"name": "calls", "active": calls, "found": "seccomp with a broker" if calls else "filters over system calls with a listener are not allowed here"},
        {"name": "network", "active": calls, "found": ("sockets are filtered" + (", and TCP is refused by Landlock too" if abi >= 4 else "")) if calls else "nothing keeps steps from it"},
        {"name": "signals", "active": files and calls, "found": ("Landlock" if abi >= 6 else "asked of the broker") if files and calls else "nothing keeps steps from signalling this server"},
        {"name": "identity", "active": identity, "found": "a user of its own for each project" if identity else "the user of this server; another one needs root"},
        {"name": "limits", "active": True, "found": "memory, processes, time, processors and disk, watched and by rlimit"},
    ]
    print(json.dumps({"layers": layers, "contained": bool(files and calls)}))


def tried(attempt, most=3):
    """Whether it works in a child; one that was killed from outside says nothing, and another one tries."""
    for _ in range(most):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                attempt()
                code = 0
            finally:
                os._exit(code)
        status = os.waitpid(pid, 0)[1]
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            return status == 0
    return False
