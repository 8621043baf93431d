"""Ray, the peer, from PyPI in a private place: .build/peers/ray-VERSION, made when a benchmark asks for it.

Several may ask at once: one installs into a folder beside it, the others wait, and the whole is renamed at the end.
What stands at the final name is therefore complete; an installation that was cut off is thrown away by the next.
"""

import fcntl
import pathlib
import shutil
import subprocess
import sys
import time

VERSION = "2.60.0"
PEERS = pathlib.Path(".build/peers")
MINIMUM = (3, 10)  # of Python, by this version of Ray
TELL_S = 10.0  # between two lines of progress


def say(text: str) -> None:
    """Progress; standard output is left to what is asked for."""
    print(text, file=sys.stderr, flush=True)


def place() -> pathlib.Path:
    """The folder of the virtual environment, also before it exists."""
    return (PEERS / f"ray-{VERSION}").resolve()


def installed() -> pathlib.Path:
    """The environment's folder; installs Ray with Serve first if it is missing. RuntimeError in words if that fails."""
    folder = place()
    if folder.exists():
        return folder
    if sys.version_info < MINIMUM:
        needed = ".".join(map(str, MINIMUM))
        raise RuntimeError(f"Ray {VERSION} needs Python {needed}; this is {sys.version.split()[0]}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            install(folder)
    return folder


def install(folder: pathlib.Path) -> None:
    """Into a folder beside `folder`, then renamed. The scripts of an environment name its first path and would be
    wrong after that, so that everything is called as `bin/python -m ...`."""
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    say(f"Installing Ray {VERSION} from PyPI into {folder} (once, a minute or two) ...")
    advice = "apt-get install python3-venv, if it is that which is missing"
    call([sys.executable, "-m", "venv", str(unfinished)], advice)
    words = [str(unfinished / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    call([*words, "--no-compile", f"ray[serve]=={VERSION}"], "is PyPI reached?")
    unfinished.rename(folder)


def call(command: list[str], advice: str) -> None:
    """Runs a command, with a line of progress now and then."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    while True:
        try:
            output, _ = process.communicate(timeout=TELL_S)
            break
        except subprocess.TimeoutExpired:
            say(f"  ... {time.monotonic() - began:.0f} s")
    if process.returncode != 0:
        lines = "\n".join(output.strip().splitlines()[-8:])
        raise RuntimeError(f"{' '.join(command)}: status {process.returncode} ({advice}):\n{lines}")


if __name__ == "__main__":
    # For scripts: prints the folder, installed if need be.
    try:
        print(installed())
    except RuntimeError as failure:
        sys.exit(str(failure))
