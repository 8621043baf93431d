"""How a script here ends when it is told to: as at an error, so that what it started ends with it."""

import signal


def end_in_order() -> None:
    """From now on SIGTERM and SIGHUP (a closed terminal) raise SystemExit, so that `finally` blocks run. What comes
    after the first is passed over: nothing interrupts those blocks."""
    # Under nohup SIGHUP is ignored, and stays so.
    taken = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) is not signal.SIG_IGN]

    def leave(number, _frame) -> None:
        for each in taken:
            # Not SIG_IGN, which children would inherit.
            signal.signal(each, lambda *_: None)
        raise SystemExit(128 + number)

    for each in taken:
        signal.signal(each, leave)
