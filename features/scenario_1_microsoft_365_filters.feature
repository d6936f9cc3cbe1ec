@scenario:1
Feature: Scenario 1 – MX at Microsoft 365, which filters all mail

  The organization keeps some mailboxes on its own servers and wants Microsoft 365 to be the one filter.
  Microsoft 365 receives every message from the Internet, and every message to the Internet leaves from it,
  those of the own servers included.

  The documentation recommends this way to most hybrid organizations, because a filter that sees the connection
  from the Internet itself judges most accurately. Who must filter on own servers chooses scenario 2.

  @S1-MX-1 @must @stage:plan @stage:after
  Scenario: The MX record names Microsoft 365
    Without it mail from the Internet goes elsewhere, or nowhere. The host belongs to this one domain, so the
    host of another domain or another cloud does not do.

    Source: Training; Scenario 1, title and Recommendation; stated
    Source: Multiple locations; Scenario 1, Best practices, step 3, MX record; stated
    Source: DNS records; MX record of Exchange Online; stated
    Remedy: Publish this record, the label being the domain with dashes for dots, and delete the others:
        <domain>. 3600 IN MX 0 <label>.mail.protection.outlook.com.
      Other clouds, and domains with DNSSEC, have another host: Microsoft 365 admin center, Settings, Domains.

    When the MX records of the domain are looked up
    Then the Microsoft 365 host of the domain is among them

  @S1-MX-2 @must @stage:plan @stage:after
  Scenario: The MX record names nothing but Microsoft 365
    A second host is used sooner or later, and by senders of unwanted mail first. What enters there was never
    seen by the filter.

    Source: Training; Scenario 1, Situation, "Microsoft 365 will send and receive all messages"; derived
    Source: Multiple locations; Scenario 1, note on the MX record after the Best practices; stated
    Source: DNS records; MX record of Exchange Online, note; stated
    Source: NDR 5.4.1; MX records; stated
    Remedy: Delete every other MX record of the domain. Keep the old server reachable until the time to live of
      the old record has passed everywhere.

    When the MX records of the domain are looked up
    Then they name no other host

  @S1-PATH-1 @must @stage:plan @stage:after
  Scenario: Mail from the Internet to a cloud mailbox stays in Microsoft 365
    Microsoft 365 filters it and delivers it. A detour over the own servers adds a system that can fail, and
    shows that centralized mail transport is on, which belongs to scenario 2.

    Source: Training; Scenario 1, Recommendation; stated
    Source: Routing; Route incoming Internet messages through the Exchange Online organization, centralized mail
      transport disabled; stated
    Remedy: Point the MX record at Microsoft 365 (S1-MX-1). Switch centralized mail transport off:
        Set-OutboundConnector "<connector>" -RouteAllMessagesViaOnPremises $false -RecipientDomains <domain>

    When a message goes from the Internet to a cloud mailbox
    Then it is delivered
    And it enters the organization at Microsoft 365
    And it never passes the on-premises servers

  @S1-PATH-2 @must @stage:plan @stage:after
  Scenario: Mail from the Internet to an on-premises mailbox passes Microsoft 365 first
    A message that reaches the own servers by another way was not filtered. A message that Microsoft 365 cannot
    hand over by its connector loops or comes back.

    Source: Training; Scenario 1, title and Recommendation; stated
    Source: Routing; Route incoming Internet messages through the Exchange Online organization, centralized mail
      transport disabled; stated
    Remedy: Point the MX record at Microsoft 365 (S1-MX-1), and give it a connector to the own servers:
        New-OutboundConnector -Name "To our servers" -ConnectorType OnPremises -RecipientDomains <domain> `
          -UseMXRecord $false -SmartHosts <server> -TlsSettings DomainValidation -TlsDomain <name on its certificate>

    When a message goes from the Internet to an on-premises mailbox
    Then it is delivered
    And it enters the organization at Microsoft 365
    And it passes Microsoft 365, then the on-premises servers
    And the outbound connector carries it to the on-premises servers

  @S1-PATH-3 @must
  Scenario: Mail from a cloud mailbox to the Internet leaves from Microsoft 365
    Nothing in this scenario is filtered on the own servers, so the detour gains nothing, and mail to the
    Internet would stop whenever the own servers do.

    Source: Training; Scenario 1, Situation, "Microsoft 365 will send and receive all messages"; stated
    Source: Routing; Deliver Internet-bound messages from Exchange Online using DNS; stated
    Remedy: Switch centralized mail transport off:
        Set-OutboundConnector "<connector>" -RouteAllMessagesViaOnPremises $false -RecipientDomains <domain>

    When a message goes from a cloud mailbox to the Internet
    Then it is delivered
    And it leaves for the Internet from Microsoft 365
    And it never passes the on-premises servers

  @S1-PATH-4 @must
  Scenario: Mail from an on-premises mailbox to the Internet leaves by way of Microsoft 365
    A direct exit shows an address to the Internet that the organization meant to hide, and mail that leaves there
    was neither filtered nor traced in the tenant. Mail that Microsoft 365 does not attribute to the
    organization may even arrive without ever having been in the own tenant.

    Source: Training; Scenario 1, Situation, "send messages from my on-premises server to the Internet by using
      Microsoft 365"; stated
    Source: Route mail; Part 2, Set up your email server to relay mail to the internet; stated
    Source: Attribution; FAQ 3; derived
    Remedy: Make Microsoft 365 the smart host of the own servers (Exchange Management Shell):
        Set-SendConnector "<connector for *>" -DNSRoutingEnabled $false `
          -SmartHosts <label>.mail.protection.outlook.com -Fqdn <name on the certificate> `
          -RequireTLS $true -TlsAuthLevel CertificateValidation -CloudServicesMailEnabled $true

    When a message goes from an on-premises mailbox to the Internet
    Then it is delivered
    And it passes the on-premises servers, then Microsoft 365
    And it leaves for the Internet from Microsoft 365
    And Microsoft 365 attributes it to the organization

  @S1-CONN-1 @must
  Scenario: Microsoft 365 recognises the own servers when they relay
    Without a connector that matches, Microsoft 365 refuses to relay (550 5.7.64). A connector that goes by
    address relays only for senders in accepted domains; non-delivery reports, forwarded mail and mail for
    foreign domains need a certificate whose domain is accepted.

    Source: Training; Scenario 1, Situation, "send messages from my on-premises server to the Internet by using
      Microsoft 365"; derived
    Source: Multiple locations; Scenario 1, Best practices, step 4; stated
    Source: Relay 2017; Summary, the three affected situations; stated
    Source: Relay 2023; New requirements; stated
    Remedy: Identify the own servers by their certificate:
        New-InboundConnector -Name "From our servers" -ConnectorType OnPremises -SenderDomains * `
          -RequireTls $true -TlsSenderCertificateName <name on the certificate>
      The domain of that name must be an accepted domain of the tenant, and the Send connector must present that
      certificate (-TlsCertificateName).

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then an inbound connector recognises the on-premises servers
    And it recognises them by a certificate whose domain is accepted, if a condition of the documentation holds

  @S1-PATH-5 @must
  Scenario: A message that an on-premises mailbox forwards outside gets through Microsoft 365
    Of a forwarded message neither sender nor recipient is the organization's. Only the certificate of the own
    servers tells Microsoft 365 for whom it relays; otherwise the forward is refused and its author is told so.

    Source: Multiple locations; Scenario 4, Best practices, step 4, third case; derived
    Source: Relay 2017; Summary, third situation; stated
    Source: Relay 2023; New requirements; stated
    Remedy: Identify the own servers by certificate (S1-CONN-1). Where the reply is 550 5.7.520, the outbound spam
      policy forbids automatic forwarding:
        Set-HostedOutboundSpamFilterPolicy "<policy>" -AutoForwardingMode On

    Given users of the domain forward mail outside
    When an on-premises mailbox forwards a message from the Internet to the Internet
    Then it is delivered
    And it passes the on-premises servers, then Microsoft 365
    And it leaves for the Internet from Microsoft 365
    And Microsoft 365 attributes it to the organization

  @S1-PATH-6 @must
  Scenario: A non-delivery report of an on-premises server gets through Microsoft 365
    A report has the null reverse-path, so no sender domain can vouch for it. Where it is refused, people outside
    never learn that their message was lost.

    Source: Multiple locations; Scenario 1, Best practices, step 4, second case; stated
    Source: Relay 2017; Summary, first situation; stated
    Source: RFC 5321; section 4.5.5; stated
    Remedy: Identify the own servers by certificate (S1-CONN-1).

    Given non-delivery reports leave through Microsoft 365
    When an on-premises server returns a non-delivery report to the Internet
    Then it is delivered
    And it passes the on-premises servers, then Microsoft 365
    And it leaves for the Internet from Microsoft 365
    And Microsoft 365 attributes it to the organization

  @S1-PATH-7 @must
  Scenario: Mail for a domain that the organization does not own gets through Microsoft 365
    The organization may send for a client whose domain is not in the tenant. Microsoft 365 relays that only for
    servers that it knows by their certificate.

    Source: Multiple locations; Scenario 1, Best practices, step 4, first case; stated
    Source: Relay 2017; Summary, second situation; stated
    Remedy: Identify the own servers by certificate (S1-CONN-1).

    Given the organization sends for a domain that it does not own
    When an on-premises mailbox sends to the Internet for a domain that the organization does not own
    Then it is delivered
    And it passes the on-premises servers, then Microsoft 365
    And it leaves for the Internet from Microsoft 365
    And Microsoft 365 attributes it to the organization

  @S1-LOCK-1 @should @stage:plan @stage:after
  Scenario: The own servers take no Internet mail that did not pass Microsoft 365
    Senders of unwanted mail try the old server for years after the MX record has changed. As long as it answers
    them, the filter can be walked around.

    Source: Training; Scenario 1, title, "Microsoft 365 filters all messages"; derived
    Source: Lock-down; locking down Exchange on-premises; stated
    Source: EOP setup; restrict inbound mail after the MX record has spread; stated
    Remedy: First let the old MX record expire everywhere: its time to live, and 72 hours to be safe. Only then let the
      firewall pass TCP port 25 from the published ranges of Exchange Online alone, or:
        Set-ReceiveConnector "<connector for the Internet>" -RemoteIPRanges <those ranges>

    When a stranger hands a message directly to the on-premises servers
    Then it is refused
    And no other address of the Internet is let in that nobody is named for

  @S1-FILTER-1 @must
  Scenario: Mail from the Internet is filtered as mail from the Internet
    A connector that also matches a gateway or a stranger, by a wildcard name or a shared address, makes their
    mail count as the organization's own, and the filter lets it pass.

    Source: Training; Scenario 1, Situation, "use Microsoft 365 as my spam filtering solution"; derived
    Source: Attribution; FAQ 6, wildcard names; stated
    Source: Connector guidance; addresses shared between tenants; stated
    Remedy: Narrow the connector to one exact name or the own addresses; give a gateway a certificate of its own name:
        Set-InboundConnector "<connector>" -TlsSenderCertificateName <one exact name>

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then no inbound connector takes Internet mail for the organization's own
