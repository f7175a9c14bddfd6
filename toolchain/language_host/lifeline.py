"""
First code in the interpreter of a program or pack: ties its life to the host's, then runs it as if started directly.

    python -u lifeline.py <descriptor> script|module <target> <argument>...

The host holds the other end of a pipe. When the host is gone, however it went, the pipe ends and the whole process group with
it, so that not even `kill -9` leaves a program behind. Standard library only: this runs in the program's interpreter.
"""

import os
import runpy
import signal
import sys
import threading


def end_with(descriptor: int) -> None:
    """
    Wait until nobody holds the other end any more, then end this process and everything it started.
    """
    os.read(descriptor, 1)
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """
    Watch the pipe on the side and run the target.
    """
    descriptor, kind, target = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    os.set_inheritable(descriptor, False)
    threading.Thread(target=end_with, args=(descriptor,), daemon=True).start()
    sys.argv[:] = sys.argv[3:]
    if kind == "module":
        sys.path[0] = os.getcwd()  # noqa: PTH109  as `python -m` does, without paying for pathlib
        runpy.run_module(target, run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = os.path.dirname(target)  # noqa: PTH120  as `python <script>` does
        runpy.run_path(target, run_name="__main__")


main()
