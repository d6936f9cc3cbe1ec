"""Who mends is told by the tools that a remedy names."""

from pathlib import Path

import pytest

from mailflow.policy.catalogue import read_folder
from mailflow.policy.mender import Mender, menders

PROJECT = Path(__file__).parents[2]
DNS, CLOUD, OWN, OWNER = Mender


@pytest.mark.parametrize(
    ("remedy", "named"),
    [
        ('Publish: contoso.com. 3600 IN TXT "v=spf1 -all"', (DNS,)),
        ("Remove from the zone of contoso.com: MX 0 x.", (DNS,)),
        ("Delete every other MX record of the domain.", (DNS,)),
        ("Once no MX record anywhere still names Microsoft 365:\nNew-InboundConnector -Name x", (CLOUD,)),
        ("With the MX record on the own servers:\n  Set-InboundConnector x -EFSkipLastIP $true", (CLOUD,)),
        ("Set-SendConnector x -DNSRoutingEnabled $false", (OWN,)),
        ("Set-OutboundConnector x\nEnable-ExchangeCertificate y -Services SMTP", (CLOUD, OWN)),
        ("Set-AcceptedDomain x -DomainType InternalRelay", (CLOUD,)),
        ("Let the own servers accept it (Exchange Management Shell):\nNew-AcceptedDomain x", (OWN,)),
        ("Add to environment.yaml, below conditions: users_forward_outside: true, or false", (OWNER,)),
        ("Write it into environment.yaml: mx of contoso.com", (OWNER,)),
        ("Export it again: Get-InboundConnector | ConvertTo-Json", (CLOUD, OWNER)),
        (
            "send one from <a@b.example> to c@d.example, and save it from the mailbox c@d.example as messages/x.eml",
            (OWNER,),
        ),
        ("In the administration of the service let it offer TLS.", (OWNER,)),
        ("Report it to the service, which runs these hosts.", (OWNER,)),
        ("Do what is right.", ()),
        ("Identify the own servers by certificate (S4-CONN-1).", (CLOUD,)),
        ("See A-1.", ()),
        ("See S9-NONE-1.", ()),
    ],
)
def test_the_tools_of_a_remedy_say_whose_it_is(remedy: str, named: tuple[Mender, ...]) -> None:
    # send to each other: the question ends all the same.
    others = {"S4-CONN-1": "New-InboundConnector x", "A-1": "See A-2.", "A-2": "See A-1."}
    assert menders(remedy, others) == named


def test_every_remedy_of_the_features_names_somebody() -> None:
    rows = [row.requirement for file in read_folder(PROJECT / "features", PROJECT).features for row in file.scenarios]
    remedies = {row.id: row.remedy for row in rows}
    nobody = {row.id for row in rows if not menders(row.remedy, remedies)}
    # Its remedy is that of whichever other row fails with it.
    assert nobody == {"HYB-PATH-4"}
