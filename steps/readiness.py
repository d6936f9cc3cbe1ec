"""When the DNS is asked before and after the change, Then it says what the change needs."""

from typing import NamedTuple

from pytest_bdd import given, then, when

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.worlds import World
from mailflow.judge import cutover as judge_cutover
from mailflow.judge import left_over, way_back
from mailflow.judge import plan as judge_plan
from mailflow.observe.door import Door
from mailflow.observe.reached import Reached
from mailflow.plugin.fixtures import Say
from mailflow.records.answer import Answer, Question


class Servers(NamedTuple):
    """What every name server says of the MX records, of those among which SPF stands, and of the zone's serial."""

    mx: judge_cutover.Said
    txt: judge_cutover.Said
    soa: judge_cutover.Said


class Records(NamedTuple):
    """The mail records of the plan, and what is published in their place."""

    plan: tuple[judge_plan.Planned, ...]
    answers: tuple[Answer, ...]


class Knocked(NamedTuple):
    """How the planned MX hosts met a stranger, and what the DNS says of their addresses."""

    reached: tuple[Reached, ...]
    addresses: tuple[Answer, ...]


class Autodiscover(NamedTuple):
    """What the DNS says of the addresses of the domain's name for Autodiscover, and of Microsoft's."""

    found: tuple[Answer, ...]
    microsoft: tuple[Answer, ...]


def _addresses(door: Door, *hosts: str) -> tuple[Answer, ...]:
    return door.lookups([Question(host, kind) for host in hosts for kind in ("A", "AAAA")])


@when("the name servers of the domain are asked for its MX records", target_fixture="mx_said")
def name_servers_are_asked_for_mx(door: Door, domain: Domain) -> judge_cutover.Said:
    return door.authoritative(domain.name, "MX")


@then("each names a TTL of at most 3600 seconds")
def each_names_a_short_ttl(domain: Domain, mx_said: judge_cutover.Said, conclude: Say) -> None:
    conclude(judge_cutover.short_ttl(domain, mx_said))


@when("the times of the plan around the change of the MX record are reckoned", target_fixture="around")
def times_are_reckoned(environment: Environment, domain: Domain) -> judge_cutover.Around:
    return judge_cutover.around(environment, domain)


@then("the lowered TTL is everywhere before the change")
def lowered_ttl_is_everywhere(
    environment: Environment, domain: Domain, around: judge_cutover.Around, conclude: Say
) -> None:
    conclude(judge_cutover.changes_when_lowered(environment, domain, around))


@when("the name servers of the domain are asked for its MX records and its SPF record", target_fixture="servers")
def name_servers_are_asked(door: Door, domain: Domain) -> Servers:
    return Servers(*(door.authoritative(domain.name, rdtype) for rdtype in ("MX", "TXT", "SOA")))


@then("all of them answer")
def all_of_them_answer(servers: Servers, conclude: Say) -> None:
    conclude(judge_cutover.all_answer(servers[:2]))


@then("all of them give the same records")
def all_of_them_agree(servers: Servers, conclude: Say) -> None:
    conclude(judge_cutover.all_agree(*servers))


@when("the mail records of the plan are looked up", target_fixture="records")
def mail_records_are_looked_up(door: Door, environment: Environment, domain: Domain) -> Records:
    plan = judge_plan.planned(environment, domain)
    return Records(plan, door.lookups([one.question for one in plan]))


@then("they are published as planned, or are on the list of changes")
def they_are_published_as_planned(
    door: Door, environment: Environment, domain: Domain, records: Records, conclude: Say
) -> None:
    conclude(judge_plan.published_as_planned(environment, domain, records.plan, records.answers, door.stage))


@when("a stranger knocks at the planned MX hosts of the domain", target_fixture="knocked")
def stranger_knocks(door: Door, environment: Environment, domain: Domain) -> Knocked:
    return Knocked(door.reached.get(domain.name, ()), _addresses(door, *environment.planned_mx(domain)))


@then("each takes the connection and refuses no recipient that it should know")
def each_takes_known_recipients(environment: Environment, domain: Domain, knocked: Knocked, conclude: Say) -> None:
    conclude(judge_cutover.takes_known_recipients(environment, domain, knocked.reached, knocked.addresses))


@when("the Autodiscover record of the domain is looked up", target_fixture="autodiscover")
def autodiscover_is_looked_up(door: Door, environment: Environment, domain: Domain) -> Autodiscover:
    microsoft = environment.microsoft_365.cloud.autodiscover
    return Autodiscover(_addresses(door, f"autodiscover.{domain.name}"), _addresses(door, microsoft))


@when("the alias of the domain for Autodiscover is looked up", target_fixture="alias")
def autodiscover_alias_is_looked_up(door: Door, domain: Domain) -> Answer:
    return door.lookup(f"autodiscover.{domain.name}", "CNAME")


@then("it leads to Microsoft 365")
def it_leads_to_microsoft_365(environment: Environment, domain: Domain, alias: Answer, conclude: Say) -> None:
    conclude(left_over.autodiscover_leads_to_microsoft_365(environment, domain, alias))


@then("it does not lead to Microsoft 365 while mailboxes remain on the on-premises servers")
def autodiscover_stays(environment: Environment, domain: Domain, autodiscover: Autodiscover, conclude: Say) -> None:
    conclude(judge_cutover.autodiscover_stays(environment, domain, *autodiscover))


@given("what was before the change of the MX record is recorded")
def what_was_before_is_recorded(environment: Environment, domain: Domain, condition: Say) -> None:
    condition(way_back.is_recorded(environment, domain))


@given("the hosts that it named are own servers or Microsoft 365")
def old_hosts_are_known(environment: Environment, domain: Domain, condition: Say) -> None:
    condition(way_back.old_hosts_are_known(environment, domain))


@when("mail goes to the hosts that the MX record named before, which are as they were", target_fixture="tried")
def mail_goes_to_old_mx_hosts(door: Door, domain: Domain) -> way_back.Tried:
    return way_back.Tried(World.OVERLAP, door.paths_in(World.OVERLAP, domain))


@when(
    "everything is as before the change, and mail goes between all mailboxes and the Internet",
    target_fixture="tried",
)
def mail_goes_as_before(door: Door, domain: Domain) -> way_back.Tried:
    return way_back.Tried(World.ROLLBACK, door.paths_in(World.ROLLBACK, domain))


@then("all of it arrives in the mailboxes that it is for")
def all_of_it_arrives(environment: Environment, tried: way_back.Tried, conclude: Say) -> None:
    conclude(way_back.arrives(environment, tried))
