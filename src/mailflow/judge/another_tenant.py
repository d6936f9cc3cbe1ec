"""The own tenant on the way to a recipient who is in Microsoft 365 too.

Own servers show their certificate to whatever host of Microsoft 365 they hand a message to, and that attributes it to
their own tenant, not the name of the host (Attribution). What a scenario says of the own tenant is not meant of that.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest

from mailflow.observe.path import Hop, MailPath, Place
from mailflow.policy.finding import Finding

_NOTE = (
    "mail for somebody who is in Microsoft 365 too passes the own tenant on its way: the certificate of the own servers"
    " attributes it, not the name of the host (Attribution)"
)


def of_its_own_accord(one: MailPath) -> tuple[Hop, ...]:
    """Give the hops without the own tenant where it only stood between the own servers and another tenant, or may."""
    return tuple(
        hop
        for hop, then in zip_longest(one.hops, one.hops[1:])
        if not (hop.for_another_tenant and then is not None and then.host == hop.host)
        and hop.for_another_tenant is not None
    )


def asked_for(place: Place) -> Callable[[MailPath], str]:
    """Say of a saved message that it does not show whether it was handed to `place`, or to another tenant."""

    def hidden(one: MailPath) -> str:
        if all(hop.for_another_tenant is not None or hop.place is not place for hop in one.hops):
            return ""
        return (
            f"{one.source} does not show to whose host of Microsoft 365 it was handed: its recipient is there too, and "
            "the certificate of the own servers takes it by the own tenant in either case (Attribution)"
        )

    return hidden


def told_of_tenants(found: Finding, paths: Sequence[MailPath]) -> Finding:
    """Add the note where a message passed the own tenant only so."""
    passed = any(len(of_its_own_accord(one)) < len(one.hops) for one in paths)
    return replace(found, notes=(*found.notes, _NOTE)) if passed else found
