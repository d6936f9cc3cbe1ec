@scenario:3
Feature: Scenario 3 – MX on the own servers, which filter all mail

  The organization must point its MX record at its own servers and filter there. Mail for a cloud mailbox goes
  on to Microsoft 365 from them, and mail from a cloud mailbox to the Internet leaves through them.

  The documentation calls this an alternative to scenario 2 for organizations with a business or regulatory need,
  and says that filtering typically works better in scenario 2.

  The documentation demands a path here that its own steps do not build: mail from a cloud mailbox passes the
  own servers only with centralized mail transport, which the steps do not mention. S3-PATH-3 is therefore derived.
  With it, connectors are needed that the same steps call technically not needed; S3-CONN-1 shows the contradiction.

  @S3-MX-1 @must @stage:plan @stage:after
  Scenario: The MX record names the own servers
    Without it mail from the Internet goes elsewhere, or nowhere. An MX record names a host; an address or an
    alias in its place is refused by some senders.

    Source: Training; Scenario 3, title and Situation; stated
    Source: RFC 5321; section 5.1; stated
    Remedy: Publish these records (AAAA beside A or in its place):
        <domain>. 3600 IN MX 10 <server>.
        <server>. 3600 IN A <address>

    When the MX records of the domain are looked up
    Then the planned on-premises servers are among them, by name and with their addresses

  @S3-MX-2 @must @stage:plan @stage:after
  Scenario: The MX record names nothing but the own servers
    What enters by a second host was never seen by the filter on the own servers.

    Source: Training; Scenario 3, Situation, messages from the Internet must route through the own servers; derived
    Remedy: Delete every other MX record of the domain, that of Microsoft 365 included.

    When the MX records of the domain are looked up
    Then they name no other host

  @S3-PATH-1 @must @stage:plan @stage:after
  Scenario: Mail from the Internet to a cloud mailbox passes the own servers first
    Mail that enters at Microsoft 365 was never seen by the filter that the organization must use. Mail that
    Microsoft 365 does not attribute to the organization is filtered once more, as if the own servers were
    strangers.

    Source: Training; Scenario 3, Situation, messages from the Internet to cloud mailboxes; stated
    Source: Routing; Route incoming Internet messages through your on-premises organization; stated
    Source: Attribution; FAQ 3; derived
    Remedy: Point the MX record at the own servers (S3-MX-1), and give each cloud mailbox its routing address there:
        Set-RemoteMailbox <user> -RemoteRoutingAddress <user>@<tenant>.mail.onmicrosoft.com
      A Send connector must cover that address space.

    When a message goes from the Internet to a cloud mailbox
    Then it is delivered
    And it enters the organization at the on-premises servers
    And it passes the on-premises servers, then Microsoft 365
    And Microsoft 365 attributes it to the organization

  @S3-PATH-2 @must @stage:plan @stage:after
  Scenario: Mail from the Internet to an on-premises mailbox stays on the own servers
    It has arrived. Microsoft 365 would add a filter that nobody asked for, and with centralized mail transport a
    loop.

    Source: Training; Scenario 3, title and Situation; stated
    Source: Routing; Route incoming Internet messages through your on-premises organization; stated
    Remedy: Point the MX record at the own servers (S3-MX-1). The accepted domain on the own servers must hold the
      recipient, or they pass the message on.

    When a message goes from the Internet to an on-premises mailbox
    Then it is delivered
    And it enters the organization at the on-premises servers
    And it never passes Microsoft 365

  @S3-PATH-3 @must
  Scenario: Mail from a cloud mailbox to the Internet leaves through the own servers
    It is demanded, and only centralized mail transport does it. Without it Microsoft 365 delivers the message
    itself, and neither filter nor archive sees it.

    Source: Training; Scenario 3, Situation, messages sent to the Internet from cloud mailboxes; stated
    Source: Multiple locations; Scenario 3, diagram; stated
    Source: Routing; Route Internet-bound messages from Exchange Online through your on-premises organization;
      derived
    Remedy: Switch centralized mail transport on, or tick it in the Hybrid Configuration wizard:
        Set-OutboundConnector "<connector>" -Enabled $true -RouteAllMessagesViaOnPremises $true `
          -RecipientDomains * -AllAcceptedDomains $false -UseMXRecord $false -SmartHosts <server>

    When a message goes from a cloud mailbox to the Internet
    Then it is delivered
    And it passes Microsoft 365, then the on-premises servers
    And it leaves for the Internet from the on-premises servers
    And the outbound connector carries it to the on-premises servers

  @S3-PATH-4 @must
  Scenario: Mail from an on-premises mailbox to the Internet leaves from the own servers
    This scenario does not relay through Microsoft 365. Mail that does would be sent back by centralized mail
    transport, or leave from an address that nobody planned.

    Source: Training; Scenario 3, Situation; derived
    Source: Multiple locations; Scenario 3, Best practices, step 4; stated
    Source: Routing; Outbound messages to the Internet, from on-premises recipients; stated
    Remedy: Let the own servers deliver by DNS (Exchange Management Shell):
        Set-SendConnector "<connector for *>" -DNSRoutingEnabled $true -SmartHosts $null

    When a message goes from an on-premises mailbox to the Internet
    Then it is delivered
    And it leaves for the Internet from the on-premises servers
    And it never passes Microsoft 365

  @S3-PATH-5 @must
  Scenario: A message that an on-premises mailbox forwards outside leaves from the own servers
    Microsoft 365 would relay it only for servers that it knows by certificate, and by its own address.

    Source: Multiple locations; Scenario 3, Best practices, step 4; derived
    Remedy: Let the own servers deliver by DNS (Exchange Management Shell):
        Set-SendConnector "<connector for *>" -DNSRoutingEnabled $true -SmartHosts $null

    Given users of the domain forward mail outside
    When an on-premises mailbox forwards a message from the Internet to the Internet
    Then it is delivered
    And it leaves for the Internet from the on-premises servers
    And it never passes Microsoft 365

  @S3-PATH-6 @must
  Scenario: A non-delivery report of an on-premises server leaves from the own servers
    Where a report is refused or lost, people outside never learn that their message did not arrive.

    Source: Multiple locations; Scenario 3, Best practices, step 4; derived
    Source: RFC 5321; section 4.5.5; stated
    Remedy: Let the own servers deliver by DNS (Exchange Management Shell):
        Set-SendConnector "<connector for *>" -DNSRoutingEnabled $true -SmartHosts $null

    When an on-premises server returns a non-delivery report to the Internet
    Then it is delivered
    And it leaves for the Internet from the on-premises servers
    And it never passes Microsoft 365

  @S3-CONN-1 @must
  Scenario: Microsoft 365 recognises the own servers by their certificate
    The documents contradict each other: the steps of this scenario call a connector technically not needed,
    because nothing is relayed to the Internet through Microsoft 365. The path that they demand (S3-PATH-3) needs
    centralized mail transport, and with it Internet mail from servers known by address alone counts as new and is
    sent back to them.

    Source: Multiple locations; Scenario 3, Best practices, step 4 (technically not needed, best made at once);
      stated
    Source: Training; Scenario 3, Situation, messages sent to the Internet from cloud mailboxes; derived
    Source: Attribution; order of attribution; derived
    Source: Route mail; How do connectors work with my on-premises email servers; stated
    Remedy: Identify the own servers by their certificate:
        New-InboundConnector -Name "From our servers" -ConnectorType OnPremises -SenderDomains * `
          -RequireTls $true -TlsSenderCertificateName <name on the certificate>
      The domain of that name must be an accepted domain of the tenant, and the Send connector must present that
      certificate (-TlsCertificateName).

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then an inbound connector recognises the on-premises servers
    And it recognises them by a certificate whose domain is accepted

  @S3-LOCK-1 @must @stage:plan @stage:after
  Scenario: Microsoft 365 refuses mail for cloud mailboxes that did not pass the own servers
    The host of the tenant can be guessed from the domain's name. A stranger who knows it delivers past the MX
    record and past the filter, whatever sender he names. To refuse only the own domain as sender, or Direct
    Send, stops spoofing, not the bypass.

    Source: Training; Scenario 3, Situation, messages from the Internet must route through the own servers; derived
    Source: Multiple locations; Scenario 3, Best practices, step 5; stated
    Source: Attribution; locking a tenant down; stated
    Remedy: Once no MX record anywhere still names Microsoft 365:
        New-InboundConnector -Name "Only by way of our servers" -ConnectorType Partner -SenderDomains * `
          -RequireTls $true -RestrictDomainsToCertificate $true -TlsSenderCertificateName <name on the own certificate>

    When a stranger hands a message for a cloud mailbox directly to Microsoft 365
    Then it is refused

  @S3-LOCK-2 @must @stage:plan @stage:after
  Scenario: A partner connector does the refusing
    The restrictions act on connectors of the type Partner alone; on one of the type OnPremises they have no effect.
    The connector must cover every sender domain, and must let the own servers through, or it refuses the
    organization's own mail as well (550 5.7.51).

    Source: Multiple locations; Scenario 3, Best practices, step 5; stated
    Source: Partner; Examples 3 and 4; stated
    Source: Third-party filter; Scenario 1, locking the tenant down; stated
    Source: Set-InboundConnector; RestrictDomainsToCertificate and RestrictDomainsToIPAddresses; stated
    Remedy: Once no MX record anywhere still names Microsoft 365:
        New-InboundConnector -Name "Only by way of our servers" -ConnectorType Partner -SenderDomains * `
          -RequireTls $true -RestrictDomainsToCertificate $true -TlsSenderCertificateName <name on the own certificate>
      Or by address, in place of the certificate:
          -RestrictDomainsToIPAddresses $true -SenderIPAddresses <all own addresses>

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then a partner connector refuses Internet mail that did not pass the on-premises servers
