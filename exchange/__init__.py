"""The machine and the procedure: engine, journal, recovery, feeds, settings and the composition root.

Web frameworks do not belong here, and drivers are spoken to only inside adapters and stores.
"""

__version__ = "0.1.0"
