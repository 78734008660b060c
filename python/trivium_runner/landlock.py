"""Landlock: a process gives up, for itself and for all that it starts, every file and signal that no rule names. Needs no privilege."""

import ctypes
import os
import stat

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
RULE_PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READ = EXECUTE | READ_FILE | READ_DIR
TCP_BIND_AND_CONNECT = 0b11
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

# How many kinds of access to files each version of the interface knows; the newest that is known here counts for all after it.
RIGHTS_OF_VERSION = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}

DEVICES = ("null", "zero", "full", "random", "urandom")
GPUS = ("dri", "kfd", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-caps", "nvidia-modeset", *(f"nvidia{number}" for number in range(16)))

libc = ctypes.CDLL(None, use_errno=True)


def version():
    """The interface's version of this kernel; 0 where there is none."""
    return max(0, libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def rights(abi):
    return (1 << RIGHTS_OF_VERSION[min(abi, 5)]) - 1


def no_new_privileges():
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs was refused")


def rules(abi, read, write):
    """Rules for a list of paths to read and one to write to, with the devices that programs expect."""
    return [
        *((path, READ) for path in read),
        *((path, rights(abi)) for path in write),
        *((f"/dev/{name}", READ_FILE | WRITE_FILE | READ_DIR | IOCTL_DEV) for name in (*DEVICES, *GPUS)),
        # Semaphores and shared memory of multiprocessing; their names are random, and the folder cannot be listed.
        ("/dev/shm", rights(abi) & ~(READ_DIR | EXECUTE)),
    ]


def restrict(abi, rules, network):
    """Gives up everything but `rules`, a list of (path, rights); paths that are not there are left out. `network` leaves TCP alone."""
    attributes = [rights(abi)]
    if abi >= 4:
        attributes.append(0 if network else TCP_BIND_AND_CONNECT)
    if abi >= 6:
        attributes.append(ABSTRACT_SOCKETS_AND_SIGNALS)
    packed = b"".join(value.to_bytes(8, "little") for value in attributes)
    ruleset = libc.syscall(CREATE_RULESET, packed, ctypes.c_size_t(len(packed)), ctypes.c_uint32(0))
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "Landlock gave no ruleset")
    try:
        for path, allowed in rules:
            try:
                fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                if not stat.S_ISDIR(os.fstat(fd).st_mode):
                    allowed &= ON_FILES
                rule = (allowed & rights(abi)).to_bytes(8, "little") + fd.to_bytes(4, "little", signed=True)
                if libc.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, ctypes.c_uint32(0)) != 0:
                    raise OSError(ctypes.get_errno(), f"Landlock refused the rule for {path}")
            finally:
                os.close(fd)
        no_new_privileges()
        if libc.syscall(RESTRICT_SELF, ruleset, ctypes.c_uint32(0)) != 0:
            raise OSError(ctypes.get_errno(), "Landlock did not take hold")
    finally:
        os.close(ruleset)
