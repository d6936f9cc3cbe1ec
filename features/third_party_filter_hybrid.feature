@scenario:third-party-filter-hybrid
Feature: Scenario third-party-filter-hybrid – MX at a filtering service, mailboxes on both sides

  A filtering service takes what comes from the Internet and hands it on to Microsoft 365, which passes on what is for
  mailboxes on the own servers. What the own servers send to the Internet leaves through Microsoft 365.

  The documentation calls this the most complex way of mail. It is the filter in front (FILTER-…) and scenario 1 behind.

  @BOTH-PATH-1 @must @stage:plan @stage:after
  Scenario: Mail to an on-premises mailbox passes the filter, then Microsoft 365
    A message that reaches the own servers by another way was not filtered. A message that Microsoft 365 cannot
    hand over by its connector loops or comes back.

    Source: Filter hybrid; the diagram: filter, Microsoft 365, on-premises servers; stated
    Source: Routing; Route incoming Internet messages through the Exchange Online organization; derived
    Remedy: Point the MX record at the service (FILTER-MX-1), and give Microsoft 365 a connector to the own servers:
        New-OutboundConnector -Name "To our servers" -ConnectorType OnPremises -RecipientDomains <domain> `
          -UseMXRecord $false -SmartHosts <server> -TlsSettings DomainValidation -TlsDomain <name on its certificate>

    When a message goes from the Internet to an on-premises mailbox
    Then it is delivered
    And it passes the third-party filter, then Microsoft 365, then the on-premises servers
    And the outbound connector carries it to the on-premises servers

  @BOTH-PATH-2 @must
  Scenario: Mail from an on-premises mailbox to the Internet leaves by way of Microsoft 365
    A direct exit shows an address to the Internet that the organization meant to hide, and mail that leaves there
    was neither filtered nor traced in the tenant. Mail that Microsoft 365 does not attribute to the
    organization may even arrive without ever having been in the own tenant.

    Source: Filter hybrid; Scenario, "must route through Office 365"; stated
    Source: Route mail; Part 2, Set up your email server to relay mail to the internet; stated
    Remedy: Make Microsoft 365 the smart host of the own servers (Exchange Management Shell):
        Set-SendConnector "<connector for *>" -DNSRoutingEnabled $false `
          -SmartHosts <label>.mail.protection.outlook.com -Fqdn <name on the certificate> `
          -RequireTLS $true -TlsAuthLevel CertificateValidation -CloudServicesMailEnabled $true

    When a message goes from an on-premises mailbox to the Internet
    Then it is delivered
    And it passes the on-premises servers, then Microsoft 365
    And it leaves for the Internet from Microsoft 365
    And Microsoft 365 attributes it to the organization

  @BOTH-CONN-1 @must
  Scenario: Microsoft 365 recognises the own servers when they relay
    Without a connector that matches, Microsoft 365 refuses to relay (550 5.7.64). A connector that goes by
    address relays only for senders in accepted domains; non-delivery reports, forwarded mail and mail for
    foreign domains need a certificate whose domain is accepted.

    Source: Filter hybrid; Scenario, "must route through Office 365"; derived
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

  @BOTH-PATH-3 @must
  Scenario: A message that an on-premises mailbox forwards outside gets through Microsoft 365
    Of a forwarded message neither sender nor recipient is the organization's. Only the certificate of the own
    servers tells Microsoft 365 for whom it relays; otherwise the forward is refused and its author is told so.

    Source: Filter hybrid; Scenario, "must route through Office 365"; derived
    Source: Relay 2017; Summary, third situation; stated
    Remedy: Identify the own servers by certificate (BOTH-CONN-1). Where the reply is 550 5.7.520, the outbound spam
      policy forbids automatic forwarding:
        Set-HostedOutboundSpamFilterPolicy "<policy>" -AutoForwardingMode On

    Given users of the domain forward mail outside
    When an on-premises mailbox forwards a message from the Internet to the Internet
    Then it is delivered
    And it passes the on-premises servers, then Microsoft 365
    And it leaves for the Internet from Microsoft 365
    And Microsoft 365 attributes it to the organization

  @BOTH-PATH-4 @must
  Scenario: A non-delivery report of an on-premises server gets through Microsoft 365
    A report has the null reverse-path, so no sender domain can vouch for it. Where it is refused, people outside
    never learn that their message was lost.

    Source: Filter hybrid; Scenario, "must route through Office 365"; derived
    Source: Relay 2017; Summary, first situation; stated
    Source: RFC 5321; section 4.5.5; stated
    Remedy: Identify the own servers by certificate (BOTH-CONN-1).

    Given non-delivery reports leave through Microsoft 365
    When an on-premises server returns a non-delivery report to the Internet
    Then it is delivered
    And it passes the on-premises servers, then Microsoft 365
    And it leaves for the Internet from Microsoft 365
    And Microsoft 365 attributes it to the organization

  @BOTH-PATH-5 @must
  Scenario: Mail for a domain that the organization does not own gets through Microsoft 365
    The organization may send for a client whose domain is not in the tenant. Microsoft 365 relays that only for
    servers that it knows by their certificate.

    Source: Filter hybrid; Scenario, "must route through Office 365"; derived
    Source: Relay 2017; Summary, second situation; stated
    Remedy: Identify the own servers by certificate (BOTH-CONN-1).

    Given the organization sends for a domain that it does not own
    When an on-premises mailbox sends to the Internet for a domain that the organization does not own
    Then it is delivered
    And it passes the on-premises servers, then Microsoft 365
    And it leaves for the Internet from Microsoft 365
    And Microsoft 365 attributes it to the organization

  @BOTH-LOCK-1 @should @stage:plan @stage:after
  Scenario: The own servers take no Internet mail that did not pass filter and Microsoft 365
    Senders of unwanted mail try the old server for years after the MX record has changed. As long as it answers
    them, the filter can be walked around.

    Source: Filter hybrid; Scenario, "use a third-party cloud service to filter spam"; derived
    Source: Lock-down; locking down Exchange on-premises; stated
    Remedy: First let the old MX record expire everywhere: its time to live, and 72 hours to be safe. Only then let the
      firewall pass TCP port 25 from the published ranges of Exchange Online alone, or:
        Set-ReceiveConnector "<connector for the Internet>" -RemoteIPRanges <those ranges>

    When a stranger hands a message directly to the on-premises servers
    Then it is refused
    And no other address of the Internet is let in that nobody is named for

  @BOTH-PATH-6 @must @stage:plan @stage:after
  Scenario: Mail from the Internet to a cloud mailbox stays away from the own servers
    The filter has seen it and Microsoft 365 has the mailbox. A detour over the own servers adds a system that can fail,
    and shows that centralized mail transport is on.

    Source: Filter hybrid; the diagram: filter, Microsoft 365, on-premises servers; derived
    Source: Routing; Route incoming Internet messages through the Exchange Online organization; derived
    Remedy: Switch centralized mail transport off:
        Set-OutboundConnector "<connector>" -RouteAllMessagesViaOnPremises $false -RecipientDomains <domain>

    When a message goes from the Internet to a cloud mailbox
    Then it is delivered
    And it never passes the on-premises servers

  @BOTH-PATH-7 @must
  Scenario: Mail from a cloud mailbox to the Internet stays away from the own servers
    It has nothing to do there: what the own servers send to the Internet leaves through Microsoft 365 anyway. With the
    detour it stops whenever they do.

    Source: Filter hybrid; the diagram: Microsoft 365, then the Internet; stated
    Source: Routing; Deliver Internet-bound messages from Exchange Online using DNS; stated
    Remedy: Switch centralized mail transport off:
        Set-OutboundConnector "<connector>" -RouteAllMessagesViaOnPremises $false -RecipientDomains <domain>

    When a message goes from a cloud mailbox to the Internet
    Then it is delivered
    And it never passes the on-premises servers
