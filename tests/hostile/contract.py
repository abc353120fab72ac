"""What `simvtr eval` owes to any pair of files: figures, or exit code 1 and one clear line. Checked in one process."""

import contextlib
import io
import re
import signal
import time
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simvtr.cli.main import main

SECONDS = 10.0  # that one pair may take
_SAYS_WHAT = re.compile(r"must|expected|malformed|truncated|cannot be read|missing required|out of range")


@dataclass(frozen=True)
class Outcome:
    """What a run of the command left."""

    code: int | None  # None: it ended with an exception or took too long
    out: str
    err: str


def run(truth: Path, results: Path, options: Sequence[str] = (), seconds: float = SECONDS) -> Outcome:
    """One run in this process. A warning counts as an exception: it would be a second line."""
    out, err = io.StringIO(), io.StringIO()
    code = None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings(), limit(seconds):
        warnings.simplefilter("error")
        try:
            code = main(["eval", str(truth), str(results), *options])
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            err.write("".join(traceback.format_exception(error)))
    return Outcome(code, out.getvalue(), err.getvalue())


def broken(outcome: Outcome, names: Sequence[str] = (), scored: bool = True) -> str | None:
    """How an outcome breaks the contract, or None.

    Args:
        names: files, one of which the line must name.
        scored: whether figures are an answer, too.
    """
    if outcome.code == 0:
        if not scored:
            return f"it was scored: {outcome.out[:300]!r}"
        if not outcome.out.startswith("{") and not outcome.out.replace("\n", "").isprintable():  # JSON is for programs
            return f"the figures steer the terminal: {outcome.out!r}"
        wrong = [line for line in outcome.err.splitlines() if not line.startswith("simvtr eval: note: ")]
        return None if outcome.out and not wrong else f"exit code 0 with {outcome.err!r} on stderr"
    if outcome.code != 1:
        return f"exit code {outcome.code}: {outcome.err[-1500:]}"
    if outcome.out:
        return f"a refusal wrote to stdout: {outcome.out[:300]!r}"
    if outcome.err.count("\n") != 1 or not outcome.err.endswith("\n") or len(outcome.err) > 1000:
        return f"not one line: {outcome.err[:1500]!r}"
    if not outcome.err.startswith("simvtr eval: ") or not outcome.err[:-1].isprintable():
        return f"not the command's own text: {outcome.err!r}"
    if names and not any(name in outcome.err for name in names):
        return f"names neither of {names}: {outcome.err!r}"
    return None if _SAYS_WHAT.search(outcome.err) else f"does not say what must hold: {outcome.err!r}"


def check(folder: Path, truth: bytes, results: bytes, options: list[str]) -> tuple[str | None, bool]:
    """How one pair breaks the contract, or None; and whether it was scored."""
    names = ["truth.json", "results.json"]
    files = [folder / name for name in names]
    files[0].write_bytes(truth)
    files[1].write_bytes(results)
    outcome = run(*files, options)
    problem = broken(outcome, names)
    if problem is None and "must fit in memory" in outcome.err:
        problem = f"too much memory: {outcome.err!r}"
    return problem, outcome.code == 0


@contextlib.contextmanager
def limit(seconds: float):
    """Raise TimeoutError in this thread after so much wall time."""

    def stop(*_):
        raise TimeoutError(f"longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    begin = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    if time.monotonic() - begin > seconds:
        raise TimeoutError(f"longer than {seconds} s")
