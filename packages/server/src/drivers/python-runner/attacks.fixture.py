"""What hostile code of a step tries. Each attempt says "refused" with the reason, or "got through"."""

import ctypes
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time


def attempt(function):
    try:
        found = function()
    except BaseException as error:  # noqa: BLE001  whatever stops it
        return f"refused: {type(error).__name__}: {error}"
    return "got through" if found is None else f"got through: {found}"


def opened(path, mode="rb"):
    with open(path, mode) as file:
        return file.read(20) if "r" in mode else file.write(b"x")


def connected(host, port, family=socket.AF_INET, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as made:
        made.settimeout(2)
        made.connect((host, port))


def sent(host, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.sendto(b"x", (host, port))


def sent_on_opening(host, port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
        made.sendto(b"x", socket.MSG_FASTOPEN, (host, port))


def called(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def moved_mode(path):
    before = os.stat(path).st_mode
    os.chmod(path, 0o777)
    if os.stat(path).st_mode == before:
        raise PermissionError("nothing happened")


def closed_to_others(path):
    with open(path, "rb") as file:
        before = os.fstat(file.fileno()).st_mode
        os.fchmod(file.fileno(), 0)
        if os.fstat(file.fileno()).st_mode == before:
            raise PermissionError("nothing happened")


def aged(path):
    before = os.stat(path).st_mtime
    os.utime(path, (1, 1))
    if os.stat(path).st_mtime == before:
        raise PermissionError("nothing happened")


def inherited():
    """Descriptors beyond the standard ones, the result and what this look itself opens."""
    return [fd for fd in range(3, 200) if stated(fd)][1:] or denied()


def stated(fd):
    try:
        os.fstat(fd)
        return True
    except OSError:
        return False


def denied():
    raise PermissionError("there are none")


CALLS = {
    "ptrace": (101, 117, 0x7FFF, -1, -1, -1),
    "process_vm_readv": (310, 270, -1, -1, 1, -1, 1, 1),
    "process_vm_writev": (311, 271, -1, -1, 1, -1, 1, 1),
    "perf_event_open": (298, 241, -1, -1, -1, -1, -1),
    "bpf": (321, 280, -1, -1, 8),
    "userfaultfd": (323, 282, -1),
    "mount": (165, 40, -1, -1, -1, 0, 0),
    "unshare": (272, 97, 1),
    "setns": (308, 268, -1, 1),
    "keyctl": (250, 219, -1, 0, 0, 0, 0),
    "add_key": (248, 217, -1, -1, -1, 1, 0),
    "open_by_handle_at": (304, 265, -1, -1, 0),
    "io_uring_setup": (425, 425, 0, -1),
    "io_uring_enter": (426, 426, -1, 0, 0, 0, 0),
    "shmget": (29, 194, -1, 0, 0),
    "msgget": (68, 186, -1, 0),
    "semget": (64, 190, -1, 0, 0),
    "inotify_init1": (294, 26, -1),
    "pidfd_getfd": (438, 438, -1, -1, 0),
    "kcmp": (312, 272, -1, -1, 99, 0, 0),
    # Of another process, and with a namespace of its own.
    "setpriority": (141, 140, -1, 1, 0),
    "prlimit64": (302, 261, -1, 0, 0, 0),
    "clone": (56, 220, 0x10000200, 0, 0, 0, 0),
}


def nonsense():
    """What each call says to arguments that no kernel takes: whoever gets to it hears that they are wrong, and not that it is forbidden."""
    machine = 0 if os.uname().machine == "x86_64" else 1
    said = {}
    for name, call in CALLS.items():
        try:
            called(call[machine], *[ctypes.c_long(one) for one in call[2:]])
            said[name] = "done"
        except OSError as error:
            said[name] = "forbidden" if error.errno == 1 else f"reached: {error.strerror}"
    return said


def most_processes():
    return resource.getrlimit(resource.RLIMIT_NPROC)[1]


def daemon():
    """Leaves a process behind in a session of its own, which says so by writing."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for fd in range(0, 50):
                try:
                    os.close(fd)
                except OSError:
                    pass
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                with open("alive", "a") as file:
                    file.write("x")
                time.sleep(0.05)
        os._exit(0)
    time.sleep(0.3)
    return os.stat("alive").st_size


def attack(secret, other, server, parent, port, own_port, site, blob):
    fork_server = os.getppid()
    attempts = {
        "read the data directory": lambda: opened(secret),
        "list the data directory": lambda: os.listdir(os.path.dirname(secret)) and None,
        "read another input": lambda: opened(other),
        "leave memory on the disk": lambda: resource.setrlimit(resource.RLIMIT_CORE, (4096, 4096)),
        "list shared memory": lambda: os.listdir("/dev/shm") and None,
        "list the folder of all steps": lambda: os.listdir(os.path.dirname(os.path.dirname(other))) and None,
        "overwrite the data directory": lambda: opened(secret, "ab"),
        "truncate by name": lambda: os.truncate(secret, 0),
        "open it for others": lambda: moved_mode(secret),
        "close an input to the server": lambda: closed_to_others(blob),
        "change its time": lambda: aged(secret),
        "link it into the working directory": lambda: os.link(secret, "stolen"),
        "link to it and read": lambda: (os.symlink(secret, "way"), opened("way"))[1],
        "move it": lambda: os.rename(secret, "moved"),
        "write beside the working directory": lambda: opened("../in/new", "wb"),
        "write to an input": lambda: opened(blob, "ab"),
        "write to the temporary folder": lambda: opened("/tmp/trivium-attack", "wb"),
        "write to the environment": lambda: opened(os.path.join(site, "evil.pth"), "wb"),
        "read the shadow file": lambda: opened("/etc/shadow"),
        "read the home": lambda: os.listdir(os.path.expanduser("~root" if os.getuid() == 0 else f"~{server}")) and None,
        "read the server's environment": lambda: opened(f"/proc/{parent}/environ"),
        "read the server's memory": lambda: opened(f"/proc/{parent}/mem"),
        "read the fork server's memory": lambda: opened(f"/proc/{fork_server}/mem"),
        "read the fork server's environment": lambda: opened(f"/proc/{fork_server}/environ"),
        "look through the server's descriptors": lambda: os.readlink(f"/proc/{parent}/fd/1") and None,
        "enter the server's root": lambda: os.listdir(f"/proc/{parent}/root/tmp") and None,
        "trace the fork server": lambda: called(101 if os.uname().machine == "x86_64" else 117, 16, fork_server, 0, 0),
        "signal the server": lambda: os.kill(parent, 0),
        "signal the fork server": lambda: os.kill(fork_server, 0),
        "slow the server down": lambda: os.setpriority(os.PRIO_PROCESS, parent, os.getpriority(os.PRIO_PROCESS, parent)),
        "limit the server": lambda: __import__("resource").prlimit(parent, __import__("resource").RLIMIT_NOFILE),
        "connect to a port of this machine": lambda: connected("127.0.0.1", port),
        "connect over IPv6": lambda: connected("::1", port, socket.AF_INET6),
        "connect to the metadata address": lambda: connected("169.254.169.254", 80),
        "send a datagram": lambda: sent("127.0.0.1", port),
        "connect by sending": lambda: sent_on_opening("127.0.0.1", port),
        "listen": lambda: socket.create_server(("127.0.0.1", 0)).close(),
        "open a local socket": lambda: socket.socket(socket.AF_UNIX).close(),
        "open a raw socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
        "make a user namespace": lambda: called(272 if os.uname().machine == "x86_64" else 97, 0x10000000),
        "mount": lambda: called(165 if os.uname().machine == "x86_64" else 40, b"none", b"/tmp", b"tmpfs", 0, None),
        "set up io_uring": lambda: called(425, 8, ctypes.create_string_buffer(256)),
        "take shared memory by number": lambda: called(29 if os.uname().machine == "x86_64" else 194, 1234, 4096, 0o1666),
        "watch a file": lambda: called(294 if os.uname().machine == "x86_64" else 26, 0),
        "find an inherited descriptor": inherited,
        "become root": lambda: os.setuid(0) if os.getuid() else os.setgroups([1]),
    }
    return {name: attempt(function) for name, function in attempts.items()}


def allowed(own_port, blob):
    """What has to work all the same."""
    import multiprocessing

    answers = []
    for host in ("127.0.0.1", "trivium.test"):
        with socket.create_connection((host, own_port), timeout=5) as made:
            made.sendall(b"hello")
            answers.append(made.recv(100).decode())
    reader, writer = os.pipe()
    with open("own", "w") as file:
        file.write("mine")
    os.makedirs("a/b")
    shutil.move("own", "a/b/own")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    child.terminate()
    group = subprocess.Popen(["sleep", "60"], start_new_session=True)
    group.kill()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        squares = pool.map(abs, [-1, 2])
    return {
        "answers": answers,
        "input": opened(blob).decode(),
        "terminated": child.wait(),
        "killed": group.wait(),
        "squares": squares,
        "home": os.path.expanduser("~") == os.environ["HOME"],
        "mode": oct(os.stat("a/b/own").st_mode & 0o777),
        "zone": len(os.listdir("/usr")) > 0,
        "lines": subprocess.run(["sh", "-c", "echo from a shell"], capture_output=True, text=True).stdout,
    }


def memory():
    return len(bytearray(800_000_000))


def memory_of_many():
    children = [subprocess.Popen([sys.executable, "-c", "x = bytearray(120_000_000); import time; time.sleep(60)"]) for _ in range(4)]
    return [child.wait() for child in children]


def bomb():
    try:
        while True:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
    except OSError:
        time.sleep(60)


def large():
    with open("large", "wb") as file:
        for _ in range(1000):
            file.write(b"x" * 1_000_000)


def many():
    for number in range(1000):
        with open(f"file{number}", "wb") as file:
            file.write(b"x" * 1_000_000)
        time.sleep(0.01)


def forever():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(1)
