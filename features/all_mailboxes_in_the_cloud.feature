@scenario:all-in-cloud @scenario:third-party-filter
Feature: All mailboxes in the cloud – nothing is left of own servers

  Whichever way mail comes in: where the last mailbox has moved, the tenant must know every recipient itself, and no
  connector, recipient or name may lead to servers that are switched off, or will be.

  @CLOUD-DOMAIN-1 @must
  Scenario: The tenant knows every recipient of the domain
    An internal relay domain passes on what Microsoft 365 does not know. Without own servers there is nobody to pass it
    to: mail to a mistyped name goes round by the MX record until it is thrown out (554 5.4.14).

    Source: Accepted domains; Authoritative and Internal relay; stated
    Source: Edge blocking; Configure DBEB; stated
    Source: NDR 5.4.6; domain type; stated
    Remedy: When every mailbox has moved:
        Set-AcceptedDomain <domain> -DomainType Authoritative

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then the type of the accepted domain is Authoritative

  @CLOUD-CONN-1 @must
  Scenario: No connector leads mail to own servers
    It was made by the Hybrid Configuration wizard and stays when the servers go. With centralized mail transport it
    takes everything there, without it mail for the domains that it lists: mail waits for a host that will not answer.

    Source: Hosted mail flow; the diagram of the scenario; derived
    Source: Connectors; when a connector is needed; stated
    Source: Routing; Outbound messages to the Internet, Enable centralized mail transport; derived
    Remedy: Switch it off, and after a week remove it:
        Set-OutboundConnector "<connector>" -Enabled $false
        Remove-OutboundConnector "<connector>"

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then no outbound connector to own servers is left

  @CLOUD-CONN-2 @should
  Scenario: No connector takes a stranger for an own server
    Who comes from the old address, or shows a certificate of the old name, relays as the organization and is not
    filtered. The address has another customer soon.

    Source: Attribution; order of attribution; derived
    Source: Connector guidance; connectors that are no longer needed; derived
    Remedy: Switch it off, and after a week remove it:
        Set-InboundConnector "<connector>" -Enabled $false
        Remove-InboundConnector "<connector>"
      Where a server is still in use, name it under on_premises in environment.yaml.

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then no inbound connector is left for servers that are no more

  @CLOUD-MAILBOX-1 @must
  Scenario: Nobody is still a mail user whose mailbox was to move
    A mail user sends mail on to another address. Where that is one of the own servers, or the user's own, it never
    arrives, or goes round.

    Source: Routing; Route incoming Internet messages through the Exchange Online organization; derived
    Source: NDR 5.4.6; domain type; derived
    Remedy: Move the mailbox (New-MoveRequest), or delete the recipient that nobody needs any more:
        Remove-MailUser <user>

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then no mail user of the domain leads to where no mailbox is

  @CLOUD-AUTO-1 @should @stage:plan @stage:after
  Scenario: Autodiscover leads to Microsoft 365
    Outlook asks this name where the mailbox is. While it leads to the old servers, these must stay, and the day on
    which they are switched off is the day on which no new device can be set up.

    Source: DNS records; CNAME record of Autodiscover; stated
    Remedy: Publish, when the last mailbox has moved:
        autodiscover.<domain>. 3600 IN CNAME autodiscover.outlook.com.

    When the alias of the domain for Autodiscover is looked up
    Then it leads to Microsoft 365
