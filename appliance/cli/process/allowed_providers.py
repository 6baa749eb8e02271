"""Which execution providers a policy lets compute, and what it must say for a GPU."""

from __future__ import annotations

from appliance.errors import PolicyError
from appliance.policy.policy import Policy
from appliance.seal.allowed_paths import GPU_PROVIDERS

GPU_LINE = "`engine: {providers: [cuda, cpu], gpu: true}`"
"""What a policy says to open a GPU and to compute on it."""


def allowed_providers(policy: Policy, asked: str | None = None) -> tuple[str, ...]:
    """``asked`` or, by default, those of ``policy``, best first.

    Raises ``PolicyError`` if the policy does not name ``asked``.
    """
    named = policy.engine.providers
    if asked is None:
        return named
    if asked in named:
        return (asked,)
    opening = (
        f"For a GPU the policy has to say {GPU_LINE}; or use" if asked in GPU_PROVIDERS else "Use"
    )
    raise PolicyError(
        f"The policy does not let the provider {asked} compute.",
        f"{opening} one that it names: {', '.join(named)}.",
    )
