"""The heavy half of the local engine: everything that uses torch and diffusers, in a process of its own.

``engines/local`` starts it by module name (``python -m vidgen.engines.worker``) and talks to it over a pipe, with the types of
``engines/local/job.py``. ``runner.Runner`` also works without a process, for tests and benchmarks.
"""
