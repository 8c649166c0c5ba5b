"""Why a worker's process ended, in words, with the likely cause."""

from __future__ import annotations

import signal

_SIGNALS = {
    signal.SIGKILL: "killed from outside, most often by the kernel because memory ran out (see `dmesg`)",
    signal.SIGSEGV: "segmentation fault in native code: an extension module or a library it uses",
    signal.SIGABRT: "abort() in native code: a failed assertion or an uncaught C++ exception",
    signal.SIGBUS: "bus error: often a mapped file that was cut, or shared memory (/dev/shm) that is full",
    signal.SIGILL: "illegal instruction: a library was built for another processor",
    signal.SIGFPE: "arithmetic error in native code",
    signal.SIGTERM: "asked to end from outside (kill, or a shutdown of the machine)",
    signal.SIGHUP: "hang-up: something ended the session",
    signal.SIGXCPU: "the limit of processor time was used up (ulimit -t)",
    signal.SIGXFSZ: "the limit of file size was reached (ulimit -f)",
    signal.SIGSYS: "a system call that is forbidden here (seccomp)",
}


#: Python's own exit code where stdout or stderr cannot be flushed at its end.
OUTPUT_LOST = 120


def cause(
    exit_code: int | None,
    signal_number: int | None,
    exited_in: str,
    stderr_tail: str,
    text: str = "",
    handled: str = "",
) -> str:
    """One sentence; `exited_in` says where the script called sys.exit(), empty when it did not.

    `text` is what it gave sys.exit() in place of a number, `handled` the exception that it was handling.
    """
    said = f"; last line of its stderr: {stderr_tail.strip()}" if stderr_tail else ""
    if signal_number is not None:
        name = _signal_name(signal_number)
        likely = _SIGNALS.get(signal_number, "ended by this signal")  # type: ignore[call-overload]  # an int compares equal to its Signals member
        if said and signal_number == signal.SIGABRT:
            # What the library said itself stands in place of what it most often is.
            likely = likely.partition(":")[0] + said
        return f"signal {signal_number} ({name}): {likely}"
    if exited_in:
        if handled and (handled.partition(": ")[2] or handled) not in stderr_tail:
            # Where the line does not speak of the exception, the exception says more.
            said = f" while it handled {handled}"
        return f"exit code {exit_code}: sys.exit() in {exited_in}" + (f": {text}" if text else said)
    if exit_code == OUTPUT_LOST:
        return (
            f"exit code {exit_code}: Python ended and could not write the rest of its output, most often "
            "because the script closed descriptors that are not its own (os.close, os.closerange)"
        )
    return f"exit code {exit_code}: ended by os._exit() or by a library{said}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"real-time signal {number}"


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal and waits to go on; False where that cannot be seen."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] in "Tt"
    except (OSError, IndexError):
        return False


def return_code(exit_code: int | None, signal_number: int | None) -> int:
    """As subprocess and the original's log write it: negative for a signal."""
    return -signal_number if signal_number is not None else (exit_code or 0)
