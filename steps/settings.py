"""When settings are read, Then connectors, domains and mailboxes fit each other."""

from pytest_bdd import then, when

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.message import Kind
from mailflow.exchange.online import OutboundConnector
from mailflow.judge import (
    admission,
    bypass,
    directory,
    enhanced_filtering,
    inbound,
    left_over,
    lock,
    outbound,
    parked,
    part,
    send,
    trust,
)
from mailflow.judge import condition as conditions
from mailflow.observe.door import Door
from mailflow.plugin.fixtures import Say


@when("the settings of Microsoft 365 and of the on-premises servers are read")
def settings_are_read(environment: Environment) -> None:
    """They are part of the environment: exports, certificates, and what the environment file says."""


@then("an inbound connector recognises the on-premises servers")
def inbound_connector_recognises_servers(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(inbound.recognised(environment, domain))


@then("it recognises them by a certificate whose domain is accepted")
def recognises_them_by_certificate(environment: Environment, conclude: Say) -> None:
    conclude(inbound.recognised_by_certificate(environment))


@then("it recognises them by a certificate whose domain is accepted, if a condition of the documentation holds")
def recognises_them_by_certificate_if_a_condition_holds(environment: Environment, conclude: Say) -> None:
    conclude(inbound.recognised_by_certificate_if(environment, conditions.of_the_documentation(environment)))


@then("no inbound connector takes Internet mail for the organization's own")
def no_connector_takes_internet_mail_for_own(environment: Environment, conclude: Say) -> None:
    conclude(inbound.lets_no_stranger_pass(environment))


@then("a partner connector refuses Internet mail that did not pass the on-premises servers")
def partner_connector_refuses(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(lock.locked(environment, domain))


@then("a partner connector refuses Internet mail that did not pass the third-party filter")
def partner_connector_refuses_past_filter(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(lock.locked_behind_filter(environment, domain))


@then("Enhanced Filtering skips the third-party filter")
def enhanced_filtering_skips_filter(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(enhanced_filtering.filter_is_skipped(environment, domain))


@then("no transport rule undoes what Enhanced Filtering is for")
def no_rule_undoes_enhanced_filtering(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(enhanced_filtering.skipping_is_not_undone(environment, domain))


@then("no transport rule lets all Internet mail past the filter of Microsoft 365")
def no_rule_lets_everybody_past(environment: Environment, conclude: Say) -> None:
    conclude(bypass.none_for_everybody(environment))


@then("no transport rule lets mail past the filter of Microsoft 365 for its sender's name alone")
def no_rule_lets_past_by_name(environment: Environment, conclude: Say) -> None:
    conclude(bypass.none_by_name_alone(environment))


@then("an outbound connector routes all messages through the on-premises servers", target_fixture="connector")
def outbound_connector_routes_all(environment: Environment, conclude: Say) -> OutboundConnector | None:
    finding, connector = outbound.centralized(environment)
    conclude(finding)
    return connector


@then("an outbound connector covers the domain", target_fixture="connector")
def outbound_connector_covers_domain(
    environment: Environment, domain: Domain, conclude: Say
) -> OutboundConnector | None:
    finding, connector = outbound.for_domain(environment, domain)
    conclude(finding)
    return connector


@then("that connector covers every recipient domain")
def connector_covers_everything(connector: OutboundConnector | None, conclude: Say) -> None:
    conclude(outbound.covers_everything(connector))


@then("that connector hands over to an on-premises server and not by MX")
def connector_hands_to_own_server(environment: Environment, connector: OutboundConnector | None, conclude: Say) -> None:
    conclude(outbound.hands_to_own_server(environment, connector))


@then("that connector requires TLS")
def connector_requires_tls(connector: OutboundConnector | None, conclude: Say) -> None:
    conclude(outbound.requires_tls(connector))


@then("the certificate that the on-premises server shows carries the name the connector demands")
def certificate_carries_name(environment: Environment, connector: OutboundConnector | None, conclude: Say) -> None:
    conclude(outbound.certificate_fits(environment, connector))


@then("the on-premises server to which that connector hands over takes mail from every address of Microsoft 365")
def server_takes_mail_of_microsoft_365(
    environment: Environment, connector: OutboundConnector | None, conclude: Say
) -> None:
    conclude(admission.of_microsoft_365(environment, connector))


@then("somebody outside is there to try every connector for a part of the Internet")
def every_part_is_tried(environment: Environment, conclude: Say) -> None:
    conclude(part.tried(environment))


@then("no other address of the Internet is let in that nobody is named for")
def nobody_else_is_let_in(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(admission.of_nobody_else(environment, domain))


@then("every send connector that leads to Microsoft 365 requires TLS and checks the certificate")
def send_connectors_demand_tls(environment: Environment, conclude: Say) -> None:
    conclude(send.demand_tls(environment))


@then("the domain is an accepted domain of the tenant")
def domain_is_accepted(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(directory.accepted(environment, domain))


@then("nothing stops mail from the domain and to it")
def nothing_stops_mail(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(directory.may_send_and_receive(environment, domain))


@then("nothing stops mail to the routing addresses of its mailboxes")
def nothing_stops_routing_addresses(environment: Environment, conclude: Say) -> None:
    conclude(directory.routing_addresses_receive(environment))


@then("every send connector that leads to Microsoft 365 goes to port 25 and does not sign in")
def send_connectors_reach_the_tenant(environment: Environment, conclude: Say) -> None:
    conclude(send.reach_the_tenant(environment))


@then("the type of the accepted domain fits what Microsoft 365 knows of the on-premises recipients")
def type_fits(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(directory.type_fits(environment, domain))


@then("the type of the accepted domain is Authoritative")
def domain_is_authoritative(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(directory.authoritative(environment, domain))


@then("no outbound connector to own servers is left")
def no_outbound_connector_is_left(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(left_over.no_way_to_own_servers(environment, domain))


@then("no inbound connector is left for servers that are no more")
def no_inbound_connector_is_left(environment: Environment, conclude: Say) -> None:
    conclude(left_over.nobody_passes_for_own_servers(environment))


@then("no mail user of the domain leads to where no mailbox is")
def no_mail_user_leads_back(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(left_over.no_recipient_leads_back(environment, domain))


@then("nobody has a primary address in the domain, and nothing sends as it")
def nobody_sends_as_domain(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(parked.nobody_sends(environment, domain))


@then("every listed mailbox exists on its side")
def mailboxes_exist(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(directory.mailboxes_exist(environment, domain))


@then("each side knows the way to the mailboxes of the other")
def ways_are_known(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(directory.ways_known(environment, domain))


@then("cross-premises headers keep the internal trust of mail in both directions")
def internal_trust_is_kept(environment: Environment, door: Door, conclude: Say) -> None:
    paths = door.paths_of_all_domains(Kind.CLOUD_TO_ON_PREMISES, Kind.ON_PREMISES_TO_CLOUD)
    conclude(trust.kept_in_both_directions(environment, paths))


@then("Enhanced Filtering fits the scenario of the domain")
def enhanced_filtering_fits(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(enhanced_filtering.fits_the_scenario(environment, domain))
