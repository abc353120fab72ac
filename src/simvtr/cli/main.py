"""`simvtr VERB ...`: finds the verb, runs it, and turns outcomes into exit codes 0, 1 and 2."""

import argparse
import importlib
import io
import os
import signal
import sys
import warnings
from collections.abc import Sequence

from simvtr.errors import DataError

# verb -> (module in simvtr.cli, one line of help). A table, so that `--help` imports nothing heavy.
VERBS = {
    "demo": ("demo", "make a small occluded data set, segment it with the packaged weights, and report"),
    "segment": ("segment", "instance masks with identities for a video, a folder of images or a data set"),
    "train": ("train", "train or fine-tune a model by a recipe"),
    "eval": ("evaluate", "score results against YouTube-VIS / OVIS ground truth"),
    "audit": ("audit", "show on one page what a score survives, and what it is blind to"),
    "synth": ("synth", "make an occluded data set with YouTube-VIS / OVIS annotations"),
    "check": ("check", "list every problem of a data set"),
    "bench": ("bench", "frames a second and memory on this machine"),
    "convert": ("convert", "annotations and results of other tools to ours and back"),
}
EXTRAS = ("transformers",)  # packages that have an extra of their name; the others are in "model"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line. Returns the exit code.

    0: done. 2: the command is wrong, which shows without a look at the files that it names (a recipe is part of it).
    1: what is found on the disk is wrong, in files to read or where to write. 130: interrupted.

    >>> main(["segmint"])
    2
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="simvtr",
        description="Occluded video instance segmentation: segment, train, score, audit.",
        epilog="Exit codes: 0 done, 1 your data is wrong or an output cannot be written, 2 your command is wrong, "
        "130 interrupted. "
        "`simvtr VERB --help` says more.",
        allow_abbrev=False,  # of two options that begin alike, a script means one
    )
    parser.add_argument("--version", action="store_true", help="print the version and leave")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    wanted = next((a for a in arguments if not a.startswith("-")), None)
    try:
        for name, (module, help_line) in VERBS.items():
            verb = verbs.add_parser(name, help=help_line, description=help_line, allow_abbrev=False)
            if name == wanted:  # only the verb that runs is imported
                chosen = importlib.import_module(f"simvtr.cli.{module}")
                chosen.add_arguments(verb)
        args, rest = parser.parse_known_args(arguments)
        if rest and not getattr(args, "overrides", False):  # `train` takes --key.path value for every recipe key
            verbs.choices[args.verb].error(f"unknown arguments: {' '.join(rest)}") if args.verb else parser.error(
                f"unknown arguments: {' '.join(rest)}"
            )
    except SystemExit as leave:
        return int(leave.code or 0)
    except KeyboardInterrupt:
        print("simvtr: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `simvtr train --keys | head`
        return _reader_left()
    if args.version:
        from simvtr import __version__

        print(f"simvtr {__version__}")
        return 0
    if args.verb is None:
        parser.print_help()
        return 2
    args.rest = rest
    if argv is None:  # a process of its own, not a call
        _end_as_by_ctrl_c()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a category's name may have letters that the terminal lacks
    warnings.formatwarning = lambda message, *_, **__: f"simvtr {args.verb}: warning: {message}\n"  # one line each
    try:
        return chosen.run(args)
    except DataError as error:
        print(f"simvtr {args.verb}: {_line(str(error))}", file=sys.stderr)
        return 1
    except MemoryError:
        print(f"simvtr {args.verb}: the data must fit in memory, and do not here. Split them.", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] == "simvtr":
            raise
        extra = error.name if error.name in EXTRAS else "model"
        print(
            f"simvtr {args.verb}: needs the package {error.name!r}. Install it with: pip install 'simvtr[{extra}]'",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print(f"simvtr {args.verb}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `simvtr eval ... | head`: the reader left, nothing is wrong
        return _reader_left()
    except OSError as error:  # as an output that cannot be written; a rename names its target second
        file = error.filename2 or error.filename
        reason = error.strerror or str(error)
        print(f"simvtr {args.verb}: {_line(reason if file is None else f'{file}: {reason}')}", file=sys.stderr)
        return 1


def _reader_left() -> int:
    """Exit code 0, and nothing more is written: nothing is wrong."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _end_as_by_ctrl_c() -> None:
    """SIGTERM does what Ctrl-C does, so that no half-written file stays; forked workers just end."""
    own = os.getpid()

    def on_term(number: int, _frame: object) -> None:
        if os.getpid() != own:
            os._exit(128 + number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, on_term)


def _line(text: str) -> str:
    """One line of visible characters: a message may quote a file, and a file may steer a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(text.split()))


if __name__ == "__main__":
    sys.exit(main())
