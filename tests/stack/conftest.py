"""Tests of what starts the system. They need no Django and no database of the suite's own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
