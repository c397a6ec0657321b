"""Runs a program, and writes the name of each of its functions when it runs for the first time (Linux, x86-64).

    first_runs.py NAMES OUT PROGRAM [ARGUMENT…]

NAMES holds what `nm --defined-only PROGRAM` says. The program ends by itself, or by a signal that it is sent.
A debugger would do, but stops all threads at each breakpoint, and loses some of them.
"""

import ctypes
import os
import signal
import sys

TRACEME, CONT, GETREGS, SETREGS, SETOPTIONS = 0, 7, 12, 13, 0x4200
TRACE_CLONE = 8
ALL_THREADS = 0x40000000
BREAKPOINT = b"\xcc"


class Registers(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_ulonglong)
        for name in "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss"
        " fs_base gs_base ds es fs gs".split()
    ]


libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, thread, data=None):
    if libc.ptrace(request, thread, None, data) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


names_file, out_file, program, *arguments = sys.argv[1:]
program = os.path.realpath(program)
child = os.fork()
if child == 0:
    ptrace(TRACEME, 0)
    os.execv(program, [program, *arguments])
os.waitpid(child, 0)
ptrace(SETOPTIONS, child, ctypes.c_void_p(TRACE_CLONE))

with open(f"/proc/{child}/maps", encoding="utf-8") as maps:
    base = min(int(line.split("-")[0], 16) for line in maps if line.rstrip().endswith(program))
names = {}
with open(names_file, encoding="utf-8") as lines:
    for line in lines:
        address, kind, name = line.rstrip("\n").split(" ", 2)
        if kind in "tT":
            names.setdefault(base + int(address, 16), []).append(name)

memory = open(f"/proc/{child}/mem", "r+b", buffering=0)
first_byte = {}
for address in names:
    memory.seek(address)
    first_byte[address] = memory.read(1)
for address in names:
    memory.seek(address)
    memory.write(BREAKPOINT)

with open(out_file, "w", encoding="utf-8") as out:
    seen = set()
    thread, status = child, None
    ptrace(CONT, child)
    while True:
        thread, status = os.waitpid(-1, ALL_THREADS)
        if thread == child and not os.WIFSTOPPED(status):
            break
        if not os.WIFSTOPPED(status):
            continue
        stopped_by = os.WSTOPSIG(status)
        deliver = None
        if stopped_by == signal.SIGTRAP and status >> 16 == 0:
            registers = Registers()
            ptrace(GETREGS, thread, ctypes.byref(registers))
            address = registers.rip - 1
            if address in names:
                # Another thread may have come here in the same moment.
                if address not in seen:
                    seen.add(address)
                    memory.seek(address)
                    memory.write(first_byte[address])
                    out.writelines(name + "\n" for name in names[address])
                registers.rip = address
                ptrace(SETREGS, thread, ctypes.byref(registers))
        elif stopped_by not in (signal.SIGTRAP, signal.SIGSTOP):
            deliver = ctypes.c_void_p(stopped_by)
        ptrace(CONT, thread, deliver)
sys.exit(0 if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0 else "the program failed")
