"""Feeds `simvtr eval` damaged pairs for as long as asked, and keeps the pairs that break its contract.

    python -m benchmarks.fuzz_eval --seconds 600 --seed 0 --out findings

A finding is three files, shrunk by hypothesis: NAME.truth, NAME.results, NAME.options. In tests/hostile/seeds they are
tests. A pair that ends the process itself is left in OUT/now.
"""

import argparse
import faulthandler
import hashlib
import json
import resource
import sys
import time
from pathlib import Path

import scipy.optimize  # noqa: F401  loaded when needed, and on a busy machine that would be held against the first pair
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.hostile.contract import check
from tests.hostile.mutations import PAIRS

ROUND = 500  # pairs between two looks at the clock
HARD = 60  # seconds after which a pair that no exception can stop ends the process


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("findings"))
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    now = args.out / "now"
    now.mkdir(parents=True, exist_ok=True)
    begin, number, counts, findings = time.monotonic(), args.seed, {"pairs": 0, "scored": 0}, set()
    while time.monotonic() - begin < args.seconds:
        finding = _round(number, now, counts)
        if finding is not None:
            findings.add(_keep(args.out, *finding))
        number += 1
    found = f"{len(findings)} findings" if findings else "no findings"
    print(f"{counts['pairs']} pairs, {counts['scored']} of them scored, in {time.monotonic() - begin:.0f} s: {found}")
    return 1 if findings else 0


def _round(number: int, now: Path, counts: dict[str, int]) -> tuple[bytes, bytes, list[str], str] | None:
    """One round of pairs. Returns the last finding, which is the smallest, and its problem."""
    worst: list[tuple[bytes, bytes, list[str], str]] = []

    @seed(number)
    @settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(PAIRS)
    def one(pair):
        faulthandler.dump_traceback_later(HARD, exit=True)
        (now / "options").write_text(json.dumps(pair[2]))
        problem, scored = check(now, *pair)
        counts["pairs"] += 1
        counts["scored"] += scored
        if problem is not None:
            worst[:] = [(*pair, problem)]
            raise AssertionError(problem)

    try:
        one()
    except AssertionError as error:
        print(f"seed {number}: {error}", file=sys.stderr)
    finally:
        faulthandler.cancel_dump_traceback_later()
    return worst[0] if worst else None


def _keep(out: Path, truth: bytes, results: bytes, options: list[str], problem: str) -> str:
    name = hashlib.sha256(problem[-200:].encode()).hexdigest()[:8]
    (out / f"{name}.truth").write_bytes(truth)
    (out / f"{name}.results").write_bytes(results)
    (out / f"{name}.options").write_text(json.dumps(options))
    return name


if __name__ == "__main__":
    sys.exit(main())
