"""An Edge Transport server as an MTA: it looks up no recipient, and hands what is for the organization to its servers.

Sources: Edge hybrid ("recipient lookup … continue to be done on the internal Exchange servers"); Edge Subscriptions,
Inbound Send connector.
"""

from mailflow.exchange.known import Assumptions
from mailflow.exchange.online import DomainType
from mailflow.exchange.server import INSIDE, SendConnector
from mailflow.mail.address import Address
from mailflow.mail.reply import Reply
from mailflow.routing.decision import Action, Direction, Held, Hold, Reception, Relay, Rule
from mailflow.routing.exchange_server import ExchangeServerRouter

_SUBSCRIPTIONS = "Edge Subscriptions"


class EdgeServerRouter(ExchangeServerRouter):
    """The rules of one Edge Transport server. How it takes mail is how any Exchange server does."""

    def submission(self, mail_from: Address | None) -> Reception:
        """Reports of its own alone: it holds no mailbox."""
        return Reception(Direction.ORIGINATING, Rule("a report of its own", "RFC 5321 section 6.1"), submitted=True)

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        """Send it on, whoever gets it."""
        return (self._send(held, assume),)

    def _fit(self, space: str, connector: SendConnector, name: str, assume: Assumptions) -> int | None:
        """Let only connectors fit that start here: EdgeSync writes no others into its directory.

        The sign for all accepted domains is closer than *, and not as close as a domain that a connector names: that to
        the tenant names one that is accepted on the own side too, and mail goes by it (Edge hybrid, Mail flow).
        """
        if not any(self._is_mine(source, assume) for source in assume.listed(connector.source_transport_servers)):
            return None
        if space != INSIDE:
            return super()._fit(space, connector, name, assume)
        domain = self._accepted(name, assume)
        inside = domain and assume(domain.domain_type, DomainType.AUTHORITATIVE) is not DomainType.EXTERNAL_RELAY
        return 1 if inside else None

    def _by_connector(self, held: Held, connector: SendConnector, assume: Assumptions) -> Action:
        if INSIDE not in assume.listed(connector.smart_hosts):
            return super()._by_connector(held, connector, assume)
        why = Rule(f"send connector '{connector.name}': to the Mailbox servers", _SUBSCRIPTIONS)
        inside = self.environment.on_premises.mailbox_servers
        hosts = tuple(str(address) for server in inside for address in server.listens)
        if not hosts:
            return Hold(Reply(451, "4.4.0", "no next hop"), why)
        # They know each other by their certificates, and between them mail keeps its headers (ExchangeServer).
        return Relay(hosts, held.mail_from, why, connector.name, helo=self.server.greets_as, cloud_services_mail=True)
