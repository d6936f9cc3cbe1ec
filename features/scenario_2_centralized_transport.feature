@scenario:2
Feature: Scenario 2 – MX at Microsoft 365, mail filtered on the own servers

  The organization has filters and archives on its own servers and must use them, for business or by law. The
  MX record names Microsoft 365 all the same. Centralized mail transport sends what arrives for a cloud
  mailbox through the own servers and back, and what a cloud mailbox sends to the Internet through them too.

  The documentation recommends this way to organizations with such a duty: two filters see the mail, and the
  addresses of the own servers stay hidden. Without such a duty it recommends scenario 1, and advises against
  centralized mail transport.

  The documents disagree on the last hop. One says that mail comes back to Microsoft 365 and leaves from there,
  the other that the own servers deliver it to the Internet themselves. Neither is wrong; the environment says
  which one the organization has chosen (expects, outbound_exit), and the rows below judge by that.

  One exception is documented and no finding: mail that came from the own servers and is forwarded or expanded in
  the cloud leaves from there directly, although centralized mail transport is on (KB3194415). The own filter does
  not see that copy.

  @S2-MX-1 @must @stage:plan @stage:after
  Scenario: The MX record names Microsoft 365
    Without it mail from the Internet goes elsewhere, or nowhere. The host belongs to this one domain, so the
    host of another domain or another cloud does not do.

    Source: Training; Scenario 2, title and Recommendation; stated
    Source: Multiple locations; Scenario 2, Best practices, step 3, MX record; stated
    Source: DNS records; MX record of Exchange Online; stated
    Remedy: Publish this record, the label being the domain with dashes for dots, and delete the others:
        <domain>. 3600 IN MX 0 <label>.mail.protection.outlook.com.
      Other clouds, and domains with DNSSEC, have another host: Microsoft 365 admin center, Settings, Domains.

    When the MX records of the domain are looked up
    Then the Microsoft 365 host of the domain is among them

  @S2-MX-2 @must @stage:plan @stage:after
  Scenario: The MX record names nothing but Microsoft 365
    What enters by a second host misses the first of the two filters, and shows the address of the own servers.

    Source: Training; Scenario 2, Recommendation; derived
    Source: DNS records; MX record of Exchange Online, note; stated
    Source: NDR 5.4.1; MX records; stated
    Remedy: Delete every other MX record of the domain. Keep the old server reachable until the time to live of
      the old record has passed everywhere.

    When the MX records of the domain are looked up
    Then they name no other host

  @S2-CMT-1 @must
  Scenario: Centralized mail transport is on
    One connector carries it all: it is marked to route every message, it covers every recipient domain, and it
    goes to a server. By MX it would come back to Microsoft 365 at once and loop (554 5.4.14).

    Source: Training; Scenario 2, Recommendation, "enable centralized mail transport"; stated
    Source: Multiple locations; Scenario 2, Best practices, step 4; stated
    Source: NDR 5.4.6; centralized mail transport and hybrid connectors; stated
    Source: Set-OutboundConnector; RouteAllMessagesViaOnPremises; stated
    Remedy: Switch centralized mail transport on, or tick it in the Hybrid Configuration wizard:
        Set-OutboundConnector "<connector>" -Enabled $true -RouteAllMessagesViaOnPremises $true `
          -RecipientDomains * -AllAcceptedDomains $false -UseMXRecord $false -SmartHosts <server>

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then an outbound connector routes all messages through the on-premises servers
    And that connector covers every recipient domain
    And that connector hands over to an on-premises server and not by MX

  @S2-CONN-1 @must
  Scenario: Microsoft 365 recognises the own servers by their certificate
    Mail from the Internet comes back from the own servers with a foreign sender. Known by address alone, it counts
    as new mail from the Internet and is sent to the own servers again, round and round.

    Source: Training; Scenario 2, Recommendation; derived
    Source: Multiple locations; Scenario 2, Best practices, step 4; stated
    Source: Attribution; order of attribution; stated
    Source: Relay 2023; New requirements; derived
    Remedy: Identify the own servers by their certificate:
        New-InboundConnector -Name "From our servers" -ConnectorType OnPremises -SenderDomains * `
          -RequireTls $true -TlsSenderCertificateName <name on the certificate>
      The domain of that name must be an accepted domain of the tenant, and the Send connector must present that
      certificate (-TlsCertificateName).

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then an inbound connector recognises the on-premises servers
    And it recognises them by a certificate whose domain is accepted

  @S2-PATH-1 @must @stage:plan @stage:after
  Scenario: Mail from the Internet to a cloud mailbox goes through the own servers and back
    It is the point of this scenario. Mail that Microsoft 365 delivers at once was never seen by the filter and the
    archive that the organization must use.

    Source: Training; Scenario 2, Situation, messages from the Internet to cloud mailboxes; stated
    Source: Multiple locations; Scenario 2, Best practices, step 4, line 1; stated
    Source: Routing; Route incoming Internet messages through the Exchange Online organization, centralized mail
      transport enabled; stated
    Remedy: Switch centralized mail transport on (S2-CMT-1), and let Microsoft 365 recognise the own servers when
      the message comes back (S2-CONN-1).

    When a message goes from the Internet to a cloud mailbox
    Then it is delivered
    And it enters the organization at Microsoft 365
    And it passes Microsoft 365, then the on-premises servers, then Microsoft 365
    And the outbound connector carries it to the on-premises servers
    And Microsoft 365 attributes it to the organization

  @S2-PATH-2 @must @stage:plan @stage:after
  Scenario: Mail from the Internet to an on-premises mailbox passes Microsoft 365 first
    Mail that reaches the own servers by another way misses the first of the two filters.

    Source: Training; Scenario 2, Recommendation; stated
    Source: Routing; Route incoming Internet messages through the Exchange Online organization, centralized mail
      transport enabled; stated
    Remedy: Point the MX record at Microsoft 365 (S2-MX-1), and let its connector reach the own servers (S2-CMT-1).

    When a message goes from the Internet to an on-premises mailbox
    Then it is delivered
    And it enters the organization at Microsoft 365
    And it passes Microsoft 365, then the on-premises servers
    And the outbound connector carries it to the on-premises servers

  @S2-PATH-3 @must
  Scenario: Mail from a cloud mailbox to the Internet passes the own servers
    Mail that leaves without them was neither filtered nor archived as the organization's duty demands.

    Source: Training; Scenario 2, Situation, messages sent to the Internet from cloud mailboxes; stated
    Source: Multiple locations; Scenario 2, Best practices, step 4, line 4; stated
    Source: Routing; Route Internet-bound messages from Exchange Online through your on-premises organization;
      stated
    Remedy: Switch centralized mail transport on (S2-CMT-1).

    When a message goes from a cloud mailbox to the Internet
    Then it is delivered
    And it passes Microsoft 365, then the on-premises servers
    And the outbound connector carries it to the on-premises servers

  @S2-PATH-4 @should
  Scenario Outline: Mail to the Internet leaves by the exit that the organization has chosen
    Two documents name two exits. From Microsoft 365 the addresses of the own servers stay hidden; from the own
    servers one hop less is needed, and the SPF record must list their addresses for everybody. An exit that
    nobody chose breaks SPF, and hides nothing.

    Source: Training; Scenario 2, Recommendation, "protects your organization's IP addresses"; derived
    Source: Multiple locations; Scenario 2, Best practices, step 4, line 4 (exit from Microsoft 365); stated
    Source: Routing; Route Internet-bound messages from Exchange Online through your on-premises organization (exit
      from the own servers); stated
    Remedy: The exit is what the Send connector for all address spaces says (Exchange Management Shell).
      From Microsoft 365:
        Set-SendConnector "(connector for *)" -DNSRoutingEnabled $false -SmartHosts (label).mail.protection.outlook.com
      From the own servers:
        Set-SendConnector "(connector for *)" -DNSRoutingEnabled $true -SmartHosts $null
      Or correct "outbound_exit" in environment.yaml.

    When a message goes from <mailbox> to the Internet
    Then it is delivered
    And it leaves for the Internet from where the environment expects

    Examples:
      | mailbox                |
      | a cloud mailbox        |
      | an on-premises mailbox |

  @S2-PATH-5 @must
  Scenario: A message that an on-premises mailbox forwards outside gets through by that exit
    Of a forwarded message neither sender nor recipient is the organization's. If the exit is Microsoft 365, only
    the certificate of the own servers tells it for whom it relays.

    Source: Relay 2017; Summary, third situation; stated
    Source: Multiple locations; Scenario 2, Best practices, step 4; derived
    Remedy: Identify the own servers by certificate (S2-CONN-1). Where the reply is 550 5.7.520, the outbound spam
      policy forbids automatic forwarding:
        Set-HostedOutboundSpamFilterPolicy "<policy>" -AutoForwardingMode On

    Given users of the domain forward mail outside
    When an on-premises mailbox forwards a message from the Internet to the Internet
    Then it is delivered
    And it leaves for the Internet from where the environment expects

  @S2-PATH-6 @must
  Scenario: A non-delivery report of an on-premises server gets through by that exit
    A report has the null reverse-path, so no sender domain can vouch for it. Where it is refused, people outside
    never learn that their message was lost.

    Source: Relay 2017; Summary, first situation; stated
    Source: RFC 5321; section 4.5.5; stated
    Source: Multiple locations; Scenario 2, Best practices, step 4; derived
    Remedy: Identify the own servers by certificate (S2-CONN-1).

    When an on-premises server returns a non-delivery report to the Internet
    Then it is delivered
    And it leaves for the Internet from where the environment expects

  @S2-PATH-7 @must
  Scenario: Mail for a domain that the organization does not own gets through by that exit
    The organization may send for a client whose domain is not in the tenant. Microsoft 365 relays that only for
    servers that it knows by their certificate.

    Source: Relay 2017; Summary, second situation; stated
    Source: Multiple locations; Scenario 2, Best practices, step 4; derived
    Remedy: Identify the own servers by certificate (S2-CONN-1).

    Given the organization sends for a domain that it does not own
    When an on-premises mailbox sends to the Internet for a domain that the organization does not own
    Then it is delivered
    And it leaves for the Internet from where the environment expects

  @S2-LOOP-1 @must
  Scenario Outline: Mail that came from the own servers is not sent back to them
    Microsoft 365 exempts from centralized mail transport what it knows to have come from the own servers. Mail that
    it does not recognise goes round until its hops are counted out, and then comes back as lost (554 5.4.14).

    Source: Training; Scenario 2, Situation; derived
    Source: Centralized transport exceptions; Cause; stated
    Source: NDR 5.4.6; centralized mail transport and hybrid connectors; stated
    Remedy: Let Microsoft 365 recognise the own servers by their certificate (S2-CONN-1).

    When a message goes from <sender> to <recipient>
    Then it is delivered
    And it does not go back to the on-premises servers

    Examples:
      | sender                 | recipient       |
      | the Internet           | a cloud mailbox |
      | an on-premises mailbox | a cloud mailbox |
      | an on-premises mailbox | the Internet    |

  @S2-LOCK-1 @should @stage:plan @stage:after
  Scenario: The own servers take no Internet mail that did not pass Microsoft 365
    Senders of unwanted mail try the old server for years after the MX record has changed. As long as it answers
    them, the first filter can be walked around.

    Source: Training; Scenario 2, Recommendation, "optimal spam filtering"; derived
    Source: Lock-down; locking down Exchange on-premises; stated
    Source: EOP setup; restrict inbound mail after the MX record has spread; stated
    Remedy: First let the old MX record expire everywhere: its time to live, and 72 hours to be safe. Only then let the
      firewall pass TCP port 25 from the published ranges of Exchange Online alone, or:
        Set-ReceiveConnector "<connector for the Internet>" -RemoteIPRanges <those ranges>

    When a stranger hands a message directly to the on-premises servers
    Then it is refused
    And no other address of the Internet is let in that nobody is named for

  @S2-FILTER-1 @must
  Scenario: Mail from the Internet is filtered as such when it first passes Microsoft 365
    A connector that also matches a gateway or a stranger, by a wildcard name or a shared address, makes their
    mail count as the organization's own, and the first filter lets it pass.

    Source: Training; Scenario 2, Recommendation, "optimal spam filtering"; derived
    Source: Attribution; FAQ 6, wildcard names; stated
    Source: Connector guidance; addresses shared between tenants; stated
    Remedy: Narrow the connector to one exact name or the own addresses; give a gateway a certificate of its own name:
        Set-InboundConnector "<connector>" -TlsSenderCertificateName <one exact name>

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then no inbound connector takes Internet mail for the organization's own
