"""Real `simvtr` processes that start at once: a process that has imported everything forks one for each command."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SERVER = """
import contextlib, json, os, resource, sys
import accelerate
with contextlib.suppress(ImportError):  # a training writes events where TensorBoard is installed
    import torch.utils.tensorboard
import simvtr.cli.recipe, simvtr.cli.train, simvtr.evaluation, simvtr.inference, simvtr.training
import simvtr.cli.segment, simvtr.data.video.movie, simvtr.inference.overlay
from simvtr.cli.main import main
for line in sys.stdin:
    ask = json.loads(line)
    if "wait" in ask:
        print(os.waitstatus_to_exitcode(os.waitpid(ask["wait"], 0)[1]), flush=True)
        continue
    child = os.fork()
    if child == 0:
        said = os.open(ask["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        [os.dup2(said, stream) for stream in (1, 2)]
        os.environ.update(ask["env"])
        if ask["largest"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (ask["largest"], ask["largest"]))
        code = 99
        try:
            code = main(ask["argv"])
            sys.stdout.flush(), sys.stderr.flush()
        finally:
            os._exit(code)
    print(child, flush=True)
"""


class Starter:
    """Starts `simvtr` with arguments, as a process of its own."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def ask(self, **question: object) -> int:
        assert self._server.stdin and self._server.stdout
        self._server.stdin.write(json.dumps(question) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def start(self, argv: Sequence[str], said: Path, *, largest: int = 0, **env: str) -> "Started":
        """`said`: file that takes what it says; `largest`: bytes that a file of it may have; `env`: added to ours."""
        number = self.ask(argv=list(argv), said=str(said), largest=largest, env=env)
        return Started(number, said, self)

    def close(self) -> None:
        assert self._server.stdin
        self._server.stdin.close()
        self._server.wait()


@dataclass(frozen=True)
class Started:
    """A process that runs."""

    number: int
    said: Path
    starter: Starter

    def kill(self) -> None:
        os.kill(self.number, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code; -9 when it was killed."""
        return self.starter.ask(wait=self.number)
