"""What the pipeline needs to load networks, whichever way they are loaded."""

from __future__ import annotations

from typing import Protocol

from appliance.inference.forms import Form
from appliance.inference.network import Network
from appliance.inference.pack import Models


class NetworkLoader(Protocol):
    """:class:`appliance.inference.runtime.Runtime`, or a cache in front of one."""

    @property
    def latency_mode(self) -> bool:
        """See ``Runtime.latency_mode``."""

    def load(
        self,
        models: Models,
        role: str,
        *,
        fixed: bool = False,
        form: Form | None = None,
    ) -> Network:
        """See ``Runtime.load``. Raises ``ModelError`` or ``ProviderError``."""
