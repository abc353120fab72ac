"""How tests see that a command told what is wrong before it loaded torch."""

import subprocess
import sys

CODE = """
import sys
from simvtr.cli.main import main
code = main(sys.argv[1:])
assert "torch" not in sys.modules, "torch was loaded"
sys.exit(code)
"""


def refused(*words: object) -> str:
    """The one line of a command that ends with exit code 1 and without torch."""
    done = subprocess.run([sys.executable, "-c", CODE, *map(str, words)], capture_output=True, text=True)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    return line
