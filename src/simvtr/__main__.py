"""`python -m simvtr` is the command `simvtr`."""

import sys

from simvtr.cli.main import main

sys.exit(main())
