"""A filter over system calls (seccomp), as a program of the kernel's classic packet filter. Needs no privilege.

What is refused answers EPERM or EACCES, as if the right to it were missing. What is pretended answers success and does nothing: programs call it out of habit
(copying the mode of a file), and nothing depends on it. What is asked goes to the broker, which sits outside of the sandbox.
"""

import ctypes
import errno
import os
import struct

# Numbers on x86-64 and on arm64.
NUMBERS = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "lookup_dcookie": (212, 18),
    "syslog": (103, 116),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "chroot": (161, 51),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "unshare": (272, 97),
    "setns": (308, 268),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "vhangup": (153, 58),
    "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "fanotify_init": (300, 262),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "semctl": (66, 191),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "ioprio_set": (251, 30),
    "uselib": (134, None),
    "ustat": (136, None),
    "sysfs": (139, None),
    "bind": (49, 200),
    "listen": (50, 201),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchown": (93, 55),
    "fsetxattr": (190, 7),
    "fremovexattr": (199, 16),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "removexattrat": (466, 466),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "clone": (56, 220),
    "clone3": (435, 435),
    "utimensat": (280, 88),
    "truncate": (76, 45),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
    "setpriority": (141, 140),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "seccomp": (317, 277),
}
MACHINES = {"x86_64": (0, 0xC000003E, 317), "aarch64": (1, 0xC00000B7, 277)}

# Other processes, the kernel itself, mounts and namespaces, keys, clocks, memory that is shared by number, watching of other files.
REFUSED = """
ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_getfd kcmp perf_event_open bpf userfaultfd lookup_dcookie syslog
mount umount2 pivot_root move_mount open_tree open_tree_attr fsopen fsconfig fsmount fspick mount_setattr chroot quotactl quotactl_fd swapon swapoff acct
unshare setns keyctl add_key request_key init_module finit_module delete_module kexec_load kexec_file_load reboot settimeofday clock_settime clock_adjtime
adjtimex sethostname setdomainname iopl ioperm modify_ldt vhangup nfsservctl open_by_handle_at io_uring_setup io_uring_enter io_uring_register fanotify_init
inotify_init inotify_init1 shmget shmat shmctl msgget msgsnd msgrcv msgctl semget semop semtimedop semctl mq_open mq_unlink migrate_pages move_pages
ioprio_set uselib ustat sysfs
""".split()
# Landlock lets a process change modes, owners and times of files that it cannot open, or only read: inputs are the server's own content.
PRETENDED = "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat".split()
ATTRIBUTES = "setxattr fsetxattr lsetxattr setxattrat removexattr fremovexattr lremovexattr removexattrat".split()
SIGNALS = "kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo".split()

ALLOW, NOTIFY, KILL = 0x7FFF0000, 0x7FC00000, 0x80000000
LOAD, AND, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
NEW_NAMESPACES = 0x7E020000
MSG_FASTOPEN = 0x20000000
AF_INET, AF_INET6, AF_NETLINK, SOCK_STREAM, SOCK_DGRAM = 2, 10, 16, 1, 2
PR_SET_PDEATHSIG = 1
SET_MODE_FILTER, NEW_LISTENER, WAIT_KILLABLE = 1, 1 << 3, 1 << 5

PRETEND = 0x00050000

libc = ctypes.CDLL(None, use_errno=True)


def refuse(number):
    return 0x00050000 | number


def argument(index, high=False):
    return (LOAD, 0, 0, 16 + 8 * index + (4 if high else 0))


def ret(value):
    return (RETURN, 0, 0, value)


def when_set(index, mask, verdict):
    """`verdict` where a bit of the mask is set in the argument."""
    return [argument(index), (AND, 0, 0, mask), (EQUAL, 1, 0, 0), ret(verdict), ret(ALLOW)]


def when_not_zero(index, verdict):
    return [argument(index), (EQUAL, 0, 3, 0), argument(index, high=True), (EQUAL, 0, 1, 0), ret(ALLOW), ret(verdict)]


def when_equal(index, value, verdict):
    return [argument(index), (EQUAL, 0, 1, value), ret(verdict), ret(ALLOW)]


def sockets(network):
    """TCP; with the network UDP too, and what tells of interfaces, which resolvers ask."""
    denied = ret(refuse(errno.EACCES))
    kinds = [SOCK_STREAM, SOCK_DGRAM] if network else [SOCK_STREAM]
    body = [argument(1), (AND, 0, 0, 0xF)]
    for place, kind in enumerate(kinds):
        body.append((EQUAL, len(kinds) - place, 0, kind))
    internet = [argument(0), (EQUAL, 1, 0, AF_INET), (EQUAL, 0, 1, AF_INET6), ret(ALLOW), denied]
    other = [denied]
    if network:
        other = [argument(0), (EQUAL, 0, 3, AF_NETLINK), argument(2), (EQUAL, 0, 1, 0), ret(ALLOW), denied]
    body.append((0x05, 0, 0, len(internet)))
    return body + internet + other


def boundary(network, abi, own_identity):
    """What holds for the fork server and all of its steps: [(system call, instructions)]."""
    denied = refuse(errno.EACCES)
    rules = [(name, [ret(refuse(errno.EPERM))]) for name in REFUSED]
    rules += [(name, [ret(refuse(errno.ENOTSUP))]) for name in ATTRIBUTES]
    if not own_identity:
        rules += [(name, [ret(PRETEND)]) for name in PRETENDED]
    rules += [
        ("utimensat", when_not_zero(1, PRETEND)),
        ("clone", when_set(0, NEW_NAMESPACES, refuse(errno.EPERM))),
        ("clone3", [ret(refuse(errno.ENOSYS))]),
        ("prlimit64", when_not_zero(0, refuse(errno.EPERM))),
        ("setpriority", when_not_zero(1, refuse(errno.EPERM))),
        ("socket", sockets(network)),
        ("socketpair", [argument(1), (AND, 0, 0, 0xF), (EQUAL, 0, 1, SOCK_DGRAM), ret(denied), ret(ALLOW)]),
    ]
    rules += [(name, when_not_zero(0, PRETEND)) for name in ("sched_setscheduler", "sched_setparam", "sched_setattr")]
    if not network:
        rules += [
            ("connect", [ret(NOTIFY)]),
            ("bind", [ret(denied)]),
            ("listen", [ret(denied)]),
            ("sendto", when_not_zero(4, denied)),
            ("sendmsg", when_set(2, MSG_FASTOPEN, denied)),
            ("sendmmsg", when_set(3, MSG_FASTOPEN, denied)),
        ]
    if abi < 3:
        rules.append(("truncate", [ret(refuse(errno.EPERM))]))
    if abi < 6:
        rules += [(name, [ret(NOTIFY)]) for name in SIGNALS]
        rules.append(("pidfd_send_signal", [ret(refuse(errno.EPERM))]))
    return rules


def inside_step(pinned):
    """What holds for one step only: it stays in the process group in which it is ended as a whole, and on the processors that it was given."""
    rules = [
        ("setsid", [ret(PRETEND)]),
        ("setpgid", [ret(PRETEND)]),
        ("prctl", when_equal(0, PR_SET_PDEATHSIG, PRETEND)),
    ]
    return [*rules, ("sched_setaffinity", [ret(PRETEND)])] if pinned else rules


def program_of(rules, machine):
    """The filter as the kernel runs it."""
    column, architecture, _ = MACHINES[machine]
    program = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, architecture), ret(KILL), (LOAD, 0, 0, 0)]
    if column == 0:
        program += [(AT_LEAST, 0, 1, 0x40000000), ret(refuse(errno.ENOSYS))]
    for name, body in rules:
        number = NUMBERS[name][column]
        if number is not None:
            program += [(EQUAL, 0, len(body), number), *body]
    return [*program, ret(ALLOW)]


def install(rules, listener=False):
    """Takes hold of this process and of all that it starts. Returns the descriptor on which what is asked arrives, or None."""
    machine = os.uname().machine
    seccomp = MACHINES[machine][2]
    program = program_of(rules, machine)
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in program))
    header = struct.pack("<HxxxxxxQ", len(program), ctypes.addressof(code))
    for flags in ([NEW_LISTENER | WAIT_KILLABLE, NEW_LISTENER] if listener else [0]):
        result = libc.syscall(seccomp, SET_MODE_FILTER, ctypes.c_uint(flags), header)
        if result >= 0:
            return result if listener else None
    raise OSError(ctypes.get_errno(), "the filter over system calls was refused")
