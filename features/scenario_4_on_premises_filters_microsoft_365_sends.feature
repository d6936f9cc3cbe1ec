@scenario:4
Feature: Scenario 4 – MX on the own servers, which send to the Internet through Microsoft 365

  The organization points its MX record at its own servers and filters there. Everything that the own servers
  send to the Internet, forwarded mail and non-delivery reports included, goes through Microsoft 365.

  The documentation recommends it to nobody in particular; it gives the steps for those who need it. It does not say
  which way mail from a cloud mailbox to the Internet takes; S4-PATH-4 takes the ordinary one and is derived.

  Two values that the documentation prints for this scenario must not be published: an SPF record with "ipv4:" and
  a blank is invalid, and ".mail.contoso.com" is no host name. docs/contradictions.md has both with the mend.

  @S4-MX-1 @must @stage:plan @stage:after
  Scenario: The MX record names the own servers
    Without it mail from the Internet goes elsewhere, or nowhere. An MX record names a host; an address or an
    alias in its place is refused by some senders.

    Source: Training; Scenario 4, title, Situation and Recommendation; stated
    Source: Multiple locations; Scenario 4, Best practices, step 3, MX record; stated
    Source: RFC 5321; section 5.1; stated
    Remedy: Publish these records (AAAA beside A or in its place):
        <domain>. 3600 IN MX 10 mail.<domain>.
        mail.<domain>. 3600 IN A <address>

    When the MX records of the domain are looked up
    Then the planned on-premises servers are among them, by name and with their addresses

  @S4-MX-2 @must @stage:plan @stage:after
  Scenario: The MX record names nothing but the own servers
    What enters by a second host was never seen by the filter on the own servers.

    Source: Training; Scenario 4, title, the own server filters; derived
    Remedy: Delete every other MX record of the domain, that of Microsoft 365 included.

    When the MX records of the domain are looked up
    Then they name no other host

  @S4-MX-3 @should @stage:plan @stage:after
  Scenario: The MX host has the documented name
    The documentation wants the host to be called mail in the domain. Its example starts with a dot, which makes
    an empty label and no host name; with the dot no mail arrives.

    Source: Training; Scenario 4, Recommendation, step 3, MX record; stated
    Source: Multiple locations; Scenario 4, Best practices, step 3, MX record; stated
    Remedy: Publish, without a dot in front of mail:
        <domain>. 3600 IN MX 10 mail.<domain>.

    When the MX records of the domain are looked up
    Then a planned host is called mail in the domain

  @S4-PATH-1 @must @stage:plan @stage:after
  Scenario: Mail from the Internet to a cloud mailbox passes the own servers first
    Mail that enters at Microsoft 365 was never seen by the filter on the own servers. Mail that Microsoft 365
    does not attribute to the organization is filtered once more, as if the own servers were strangers.

    Source: Training; Scenario 4, title, the own server filters; stated
    Source: Routing; Route incoming Internet messages through your on-premises organization; stated
    Source: Attribution; FAQ 3; derived
    Remedy: Point the MX record at the own servers (S4-MX-1), and give each cloud mailbox its routing address there:
        Set-RemoteMailbox <user> -RemoteRoutingAddress <user>@<tenant>.mail.onmicrosoft.com
      A Send connector must cover that address space.

    When a message goes from the Internet to a cloud mailbox
    Then it is delivered
    And it enters the organization at the on-premises servers
    And it passes the on-premises servers, then Microsoft 365
    And Microsoft 365 attributes it to the organization

  @S4-PATH-2 @must @stage:plan @stage:after
  Scenario: Mail from the Internet to an on-premises mailbox stays on the own servers
    It has arrived. Microsoft 365 would add a filter that nobody asked for.

    Source: Training; Scenario 4, title, the own server filters; stated
    Source: Routing; Route incoming Internet messages through your on-premises organization; stated
    Remedy: Point the MX record at the own servers (S4-MX-1). The accepted domain on the own servers must hold the
      recipient, or they pass the message on.

    When a message goes from the Internet to an on-premises mailbox
    Then it is delivered
    And it enters the organization at the on-premises servers
    And it never passes Microsoft 365

  @S4-PATH-3 @must
  Scenario: Mail from an on-premises mailbox to the Internet leaves by way of Microsoft 365
    A direct exit shows an address to the Internet that the organization meant to hide, and mail that leaves there
    was not traced in the tenant. Mail that Microsoft 365 does not attribute to the organization may even arrive
    without ever having been in the own tenant.

    Source: Training; Scenario 4, Situation, "must relay through Microsoft 365 to the internet"; stated
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

  @S4-PATH-4 @must
  Scenario: Mail from a cloud mailbox to the Internet leaves from Microsoft 365
    The documentation does not say so. It follows: the scenario has no centralized mail transport, and mail that
    went to the own servers would only come back to leave from the same place.

    Source: Routing; Deliver Internet-bound messages from Exchange Online using DNS; derived
    Source: Training; Scenario 4, diagram, "Microsoft 365 sends messages to the internet"; derived
    Remedy: Switch centralized mail transport off:
        Set-OutboundConnector "<connector>" -RouteAllMessagesViaOnPremises $false -RecipientDomains <domain>

    When a message goes from a cloud mailbox to the Internet
    Then it is delivered
    And it leaves for the Internet from Microsoft 365
    And it never passes the on-premises servers

  @S4-CONN-1 @must
  Scenario: Microsoft 365 recognises the own servers when they relay
    Without a connector that matches, Microsoft 365 refuses to relay (550 5.7.64). A connector that goes by
    address relays only for senders in accepted domains; non-delivery reports, forwarded mail and mail for
    foreign domains need a certificate whose domain is accepted.

    Source: Training; Scenario 4, Recommendation, step 4, second item; stated
    Source: Multiple locations; Scenario 4, Best practices, step 4; stated
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

  @S4-PATH-5 @must
  Scenario: A message that an on-premises mailbox forwards outside gets through Microsoft 365
    Of a forwarded message neither sender nor recipient is the organization's. Only the certificate of the own
    servers tells Microsoft 365 for whom it relays; otherwise the forward is refused and its author is told so.

    Source: Training; Scenario 4, Recommendation, step 4, third case; stated
    Source: Relay 2017; Summary, third situation; stated
    Source: Relay 2023; New requirements; stated
    Remedy: Identify the own servers by certificate (S4-CONN-1). Where the reply is 550 5.7.520, the outbound spam
      policy forbids automatic forwarding:
        Set-HostedOutboundSpamFilterPolicy "<policy>" -AutoForwardingMode On

    Given users of the domain forward mail outside
    When an on-premises mailbox forwards a message from the Internet to the Internet
    Then it is delivered
    And it passes the on-premises servers, then Microsoft 365
    And it leaves for the Internet from Microsoft 365
    And Microsoft 365 attributes it to the organization

  @S4-PATH-6 @must
  Scenario: A non-delivery report of an on-premises server gets through Microsoft 365
    A report has the null reverse-path, so no sender domain can vouch for it. Where it is refused, people outside
    never learn that their message was lost.

    Source: Training; Scenario 4, Recommendation, step 4, second case; stated
    Source: Relay 2017; Summary, first situation; stated
    Source: RFC 5321; section 4.5.5; stated
    Remedy: Identify the own servers by certificate (S4-CONN-1).

    Given non-delivery reports leave through Microsoft 365
    When an on-premises server returns a non-delivery report to the Internet
    Then it is delivered
    And it passes the on-premises servers, then Microsoft 365
    And it leaves for the Internet from Microsoft 365
    And Microsoft 365 attributes it to the organization

  @S4-PATH-7 @must
  Scenario: Mail for a domain that the organization does not own gets through Microsoft 365
    The organization may send for a client whose domain is not in the tenant. Microsoft 365 relays that only for
    servers that it knows by their certificate.

    Source: Training; Scenario 4, Recommendation, step 4, first case; stated
    Source: Relay 2017; Summary, second situation; stated
    Remedy: Identify the own servers by certificate (S4-CONN-1).

    Given the organization sends for a domain that it does not own
    When an on-premises mailbox sends to the Internet for a domain that the organization does not own
    Then it is delivered
    And it passes the on-premises servers, then Microsoft 365
    And it leaves for the Internet from Microsoft 365
    And Microsoft 365 attributes it to the organization

  @S4-LOCK-1 @must @stage:plan @stage:after
  Scenario: Microsoft 365 refuses mail for cloud mailboxes that did not pass the own servers
    The host of the tenant can be guessed from the domain's name. A stranger who knows it delivers past the MX
    record and past the filter, whatever sender he names. To refuse only the own domain as sender, or Direct
    Send, stops spoofing, not the bypass.

    Source: Training; Scenario 4, title, the own server filters; derived
    Source: Multiple locations; Scenario 4, Best practices, step 5; stated
    Source: Attribution; locking a tenant down; stated
    Remedy: Once no MX record anywhere still names Microsoft 365:
        New-InboundConnector -Name "Only by way of our servers" -ConnectorType Partner -SenderDomains * `
          -RequireTls $true -RestrictDomainsToCertificate $true -TlsSenderCertificateName <name on the own certificate>

    When a stranger hands a message for a cloud mailbox directly to Microsoft 365
    Then it is refused

  @S4-LOCK-2 @must @stage:plan @stage:after
  Scenario: A partner connector does the refusing
    The restrictions act on connectors of the type Partner alone; on one of the type OnPremises they have no effect.
    The connector must cover every sender domain, and must let the own servers through, or it refuses the
    organization's own mail as well (550 5.7.51).

    Source: Multiple locations; Scenario 4, Best practices, step 5; stated
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
