"""The client library of Luochui for programs: `from luochui.client import LiveClient, ApiClient`.

The same objects as in `gateways.client`, under the name of the distribution.
"""

from gateways import client
from gateways.client import *  # noqa: F403

__all__ = client.__all__
