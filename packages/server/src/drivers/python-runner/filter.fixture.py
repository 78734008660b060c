"""Runs the filters over system calls by hand: what would each say to a call? Cases come and verdicts go as JSON."""

import errno
import json
import os
import sys

sys.path.insert(0, sys.argv[1])
from trivium_runner import seccomp


def run(program, words):
    held = 0
    at = 0
    while True:
        code, then, otherwise, value = program[at]
        at += 1
        if code == 0x20:
            held = words[value // 4]
        elif code == 0x54:
            held &= value
        elif code == 0x15:
            at += then if held == value else otherwise
        elif code == 0x35:
            at += then if held >= value else otherwise
        elif code == 0x05:
            at += value
        elif code == 0x06:
            return value
        else:
            raise ValueError(f"there is no instruction {code:#x}")


def said(verdict):
    kind, number = verdict & 0xFFFF0000, verdict & 0xFFFF
    names = {0x7FFF0000: "allowed", 0x7FC00000: "asked", 0x80000000: "killed"}
    if kind == 0x00050000:
        return errno.errorcode[number] if number else "pretended"
    return names[kind]


def verdict(case):
    machine = case.get("machine", "x86_64")
    column, architecture, _ = seccomp.MACHINES[machine]
    if "pinned" in case:
        rules = seccomp.inside_step(case["pinned"])
    else:
        rules = seccomp.boundary(case.get("network", False), case.get("abi", 7), case.get("identity", True))
    number = case["number"] if "number" in case else seccomp.NUMBERS[case["call"]][column]
    arguments = [one & 0xFFFFFFFFFFFFFFFF for one in [*case.get("arguments", []), 0, 0, 0, 0, 0, 0][:6]]
    words = [number, case.get("architecture", architecture), 0, 0]
    for one in arguments:
        words += [one & 0xFFFFFFFF, one >> 32]
    return said(run(seccomp.program_of(rules, machine), words))


json.dump([verdict(case) for case in json.load(sys.stdin)], sys.stdout)
sys.stdout.flush()
os._exit(0)
