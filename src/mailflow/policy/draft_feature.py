"""A first feature file for what an organization demands beyond the documentation."""

import re
from collections.abc import Sequence


def prefix(domain: str) -> str:
    """Make the beginning of a domain's identifiers: CONTOSO-COM of contoso.com."""
    told = re.sub(r"[^A-Z0-9]+", "-", domain.upper()).strip("-")
    return told if told[0].isalpha() else f"D-{told}"


def draft_feature(environment: str, domains: Sequence[str], *, own_servers: bool) -> str:
    """Write the file. Its one scenario is asked from the first run on, as an example to keep, change or delete."""
    sender, remedy = (
        (
            "an on-premises mailbox",
            "Give the own servers a Send connector for <tenant>.mail.onmicrosoft.com with -RequireTLS $true.",
        )
        if own_servers
        else ("a cloud mailbox", 'Find the rule that takes it out, and switch it off: Disable-TransportRule "<rule>"')
    )
    first = domains[0]
    narrower = (
        "" if len(domains) == 1 else f"# A scenario with the tag @domain:{first} is asked of that domain alone.\n"
    )
    return f"""\
# What is demanded here beyond the documentation, whose rows are asked anyway. Write, change, delete as you need.
#
# The tag on the next line chooses for whom: the environment fixtures/{environment}/.
{narrower}@environment:{environment}
Feature: {first}, what is demanded beyond the documentation

  # An identifier of your own, once in all files: capitals, digits and dashes, a number at its end. Reports and
  # waivers name it, so do not use it again for something else.
  #   @must    a failure keeps the change from going ahead
  #   @should  a failure is shown
  @{prefix(first)}-PATH-1 @should
  Scenario: Mail between colleagues never touches the Internet
    FILL IN why it is demanded: what happens otherwise.

    # Source: whose demand it is; where it stands; stated or derived. "own" is a paper of your own.
    Source: own; FILL IN the paper and its section; stated
    # Remedy: what the person who reads the report at night has to do.
    Remedy: {remedy}

    # `mailflow steps` lists the sentences there are. One When; each Then is a fact about mail.
    When a message goes from {sender} to a cloud mailbox
    Then it is delivered
    And it never passes the Internet
"""
