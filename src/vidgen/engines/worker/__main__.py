"""``python -m vidgen.engines.worker RUNNER`` starts a worker; see ``process.py``."""

from vidgen.engines.worker.process import main

main()
