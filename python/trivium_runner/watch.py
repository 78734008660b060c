"""Watches what the processes of steps use together: memory and number. The kernel's own limits count for each process, or for each user."""

import os
import signal
import sys

PAGE = os.sysconf("SC_PAGE_SIZE")


def watches(limits):
    return sys.platform == "linux" and ("memoryBytes" in limits or "processes" in limits)


def look(steps):
    """[(step, limit)] of those that use more than they may; `steps` is [(step, pid, limits)]."""
    if not steps:
        return
    below = descendants()
    for step, pid, limits in steps:
        family = family_of(pid, below)
        if len(family) > limits.get("processes", 1 << 31):
            yield step, "processes"
        elif "memoryBytes" in limits and sum(map(resident, family)) > limits["memoryBytes"] < sum(map(proportional, family)):
            yield step, "memory"


def descendants():
    """Children by parent."""
    below = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:
                parent = int(stat.read().rpartition(b")")[2].split()[1])
        except OSError:
            continue
        below.setdefault(parent, []).append(int(name))
    return below


def family_of(pid, below):
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += below.get(one, [])
    return found


def resident(pid):
    return sum(field(pid, "status", name) for name in ("RssAnon", "RssShmem"))


def proportional(pid):
    """What is shared with others counts in part: a fork shares most of the server's memory."""
    try:
        return field(pid, "smaps_rollup", "Pss")
    except OSError:
        return resident(pid)


def field(pid, file, name):
    try:
        with open(f"/proc/{pid}/{file}", encoding="ascii", errors="replace") as lines:
            for line in lines:
                if line.startswith(f"{name}:"):
                    return int(line.split()[1]) * 1024
    except FileNotFoundError:
        pass
    except ProcessLookupError:
        pass
    return 0


def private_bytes():
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[5]) * PAGE
    except OSError:
        return 0


def limit_behind(number, error, limits):
    """The limit that an end points to, where the kernel keeps it: out of memory, a file too large, no more processes."""
    kind, message = (error["type"], error["message"]) if error else ("", "")
    if "memoryBytes" in limits and kind.endswith("MemoryError"):
        return "memory"
    if "fileBytes" in limits and (number == getattr(signal, "SIGXFSZ", -1) or message.startswith("[Errno 27]")):
        return "disk"
    if "processes" in limits and kind == "BlockingIOError" and message.startswith("[Errno 11]"):
        return "processes"
    return None
