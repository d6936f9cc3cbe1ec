@scenario:third-party-filter @scenario:third-party-filter-hybrid
Feature: Scenario third-party-filter – MX at a filtering service, which hands on to Microsoft 365

  The organization lets a service of others filter what comes from the Internet. The MX record points to that service,
  which hands everything on to Microsoft 365, where all mailboxes are.

  The documentation gives the steps and calls the flow complex: the tenant must be locked to everybody else, or whoever
  knows its host walks around the filter, and must look past the service, or it is the sender of everything.

  @FILTER-MX-1 @must @stage:plan @stage:after
  Scenario: The MX record names the filtering service
    Without it mail from the Internet goes elsewhere, or nowhere. The hosts are those that the service assigns.

    Source: Third-party filter; Scenario 1, step 3, MX record; stated
    Source: RFC 5321; section 5.1; stated
    Remedy: Publish what the service names, for example:
        <domain>. 3600 IN MX 10 mx1.filter.example.

    When the MX records of the domain are looked up
    Then the planned servers of the third-party filter are among them, by name and with their addresses

  @FILTER-MX-2 @must @stage:plan @stage:after
  Scenario: The MX record names nothing but the filtering service
    Microsoft 365 as a second choice is the first choice of those who send unwanted mail: what enters there was never
    filtered. Once the tenant is locked, what enters there is refused.

    Source: Third-party filter; Scenario 1, "All email from the internet must first be filtered"; derived
    Remedy: Delete every other MX record of the domain, that of Microsoft 365 included.

    When the MX records of the domain are looked up
    Then they name no other host

  @FILTER-PATH-1 @must @stage:plan @stage:after
  Scenario: Mail from the Internet passes the filter, then Microsoft 365
    A message that comes by another way was not filtered. Between the two it goes over the Internet, and in the clear
    if the service does not insist on TLS.

    Source: Third-party filter; Scenario 1, the diagram; stated
    Source: Third-party filter; Scenario 1, step 4, -RequireTls; derived
    Remedy: Point the MX record at the service (FILTER-MX-1). In its administration enter the domain at each server, and
      name the host of the tenant as the destination, with TLS required: <label>.mail.protection.outlook.com

    When a message goes from the Internet to a cloud mailbox
    Then it is delivered
    And it passes the third-party filter, then Microsoft 365
    And it travels from the third-party filter to Microsoft 365 over TLS

  @FILTER-PATH-2 @must
  Scenario: Mail to the Internet leaves from where the organization has decided
    The documentation lets it leave from Microsoft 365, and knows services through which it leaves as well. What leaves
    by the other way is not in the SPF record, and was not filtered.

    Source: Third-party filter; Scenario 1, step 3, SPF record; stated
    Remedy: From Microsoft 365: switch off the connector for every domain:
        Set-OutboundConnector "<connector>" -Enabled $false
      Through the service: say "outbound_exit: third-party-filter" in environment.yaml, list it in the SPF record, and:
        New-OutboundConnector -Name "To the service" -ConnectorType Partner -RecipientDomains * -UseMXRecord $false `
          -SmartHosts <host of the service> -TlsSettings DomainValidation -TlsDomain <name on its certificate>

    When a message goes from a cloud mailbox to the Internet
    Then it is delivered
    And it leaves for the Internet from where the environment expects

  @FILTER-LOCK-1 @must @stage:plan @stage:after
  Scenario: Microsoft 365 refuses mail that did not pass the filter
    The host of the tenant can be guessed from the domain's name. A stranger who knows it delivers past the MX record
    and past the filter, whatever sender he names.

    Source: Third-party filter; Scenario 1, step 4; stated
    Source: Attribution; restricting mail to a partner; stated
    Remedy: Once no MX record anywhere still names Microsoft 365:
        New-InboundConnector -Name "Reject mail not routed through MX" -ConnectorType Partner -SenderDomains * `
          -RestrictDomainsToCertificate $true -TlsSenderCertificateName <name on its certificate> -RequireTls $true

    When a stranger hands a message for a cloud mailbox directly to Microsoft 365
    Then it is refused

  @FILTER-LOCK-2 @must @stage:plan @stage:after
  Scenario: A partner connector does the refusing, and lets the filter in
    A connector of type OnPremises restricts nothing, whatever is set on it. One that misses an address or the
    certificate of the service refuses the organization's mail (550 5.7.51).

    Source: Third-party filter; Scenario 1, step 4 and its note; stated
    Source: Set-InboundConnector; RestrictDomainsToCertificate, RestrictDomainsToIPAddresses; stated
    Remedy: By certificate, which the documentation prefers, or by every address from which the service hands on:
        Set-InboundConnector "<connector>" -RestrictDomainsToCertificate $true -TlsSenderCertificateName <name>
        Set-InboundConnector "<connector>" -RestrictDomainsToIPAddresses $true -SenderIPAddresses <addresses>

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then a partner connector refuses Internet mail that did not pass the third-party filter

  @FILTER-EF-1 @should
  Scenario: Microsoft 365 looks past the filter to the sender
    Without it the service counts as the sender of everything: SPF fails, and what the service let through is judged by
    its address. The documentation's second choice is a transport rule that lets what comes from the service past the
    filter of Microsoft 365: with one for all its addresses the row does not apply, and most of the protection is off.

    Source: Third-party filter; Scenario 1, step 5; stated
    Source: Enhanced Filtering; Scenarios, and centralized mail transport; stated
    Remedy: On the connector that lets the service in:
        Set-InboundConnector "<connector>" -EFSkipLastIP $true

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then Enhanced Filtering skips the third-party filter

  @FILTER-SCL-1 @should
  Scenario: No transport rule switches off what Enhanced Filtering is for
    Enhanced Filtering and a rule that sets the spam confidence level to -1 are two choices, not two halves: with both,
    the sender is found out, and then nothing asks who he is. The rule of the time before is easily forgotten.

    Source: Third-party filter; Scenario 1, step 5; stated
    Source: Enhanced Filtering; procedures, a rule that skips filtering; stated
    Remedy: Switch the rule off:
        Disable-TransportRule "<rule>"

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then no transport rule undoes what Enhanced Filtering is for

  @FILTER-TRUST-1 @must
  Scenario: Mail that the filter hands on counts as mail from the Internet
    A connector of type OnPremises that matches the service makes everything it hands on count as the organization's
    own: nothing is filtered any more, and its other customers may relay.

    Source: Attribution; FAQ 6, wildcard names; derived
    Source: Connector guidance; addresses shared between tenants; stated
    Remedy: Let a connector of type Partner match it, and none of type OnPremises:
        Set-InboundConnector "<connector>" -Enabled $false

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then no inbound connector takes Internet mail for the organization's own

  @FILTER-RELAY-1 @must
  Scenario: The filter does not relay from a stranger to a stranger
    Services that take their customers' outgoing mail as well may know them by the sender's name alone, which anybody
    can write. What strangers send there leaves from where the organization's mail comes from, and in its name.

    Source: RFC 2505; section 2.1; stated
    Source: Third-party filter; Scenario 1, step 3, SPF record; derived
    Remedy: In the administration of the service let it take mail for other domains from nobody but Microsoft 365, known
      by its certificate or addresses, and not by the sender's name. Where mail to the Internet does not leave through
      it: from nobody at all.

    When a stranger asks the third-party filter to relay to another stranger
    Then it is refused

  @FILTER-TLS-1 @should @tenant
  Scenario: The servers of the filter offer STARTTLS
    Without the offer everybody's mail reaches them in the clear, and whoever insists on TLS keeps it.

    Source: RFC 3207; section 4; stated
    Source: RFC 8461; section 4; derived
    Remedy: In the administration of the service let it offer TLS to whoever sends to the domain; where there is no such
      switch, ask its support, naming the host.

    When an SMTP session is opened to every server of the third-party filter
    Then each offers STARTTLS

  @FILTER-TLS-2 @should @tenant
  Scenario: The servers of the filter speak TLS 1.2 or newer
    Senders no longer speak anything older: to them such a server speaks no TLS at all, and mail comes in the clear or
    not.

    Source: RFC 9325; section 3.1.1; stated
    Remedy: Ask the service for hosts that speak TLS 1.2 or newer; often these have another name. Let the MX records
      name them (FILTER-MX-1).

    When an SMTP session is opened to every server of the third-party filter
    Then each speaks TLS 1.2 or newer

  @FILTER-TLS-3 @should @tenant
  Scenario: The servers of the filter show a certificate of a trusted authority
    A sender that goes by an MTA-STS policy does not deliver otherwise. Others encrypt for whoever answers.

    Source: RFC 8461; section 4.2; stated
    Remedy: Report it to the service, which runs these hosts: the certificate, its authority, and what it lacks.

    When an SMTP session is opened to every server of the third-party filter
    Then each shows a certificate of a trusted authority

  @FILTER-TLS-4 @should @tenant
  Scenario: The certificate of a server of the filter names it
    A sender that goes by an MTA-STS policy looks in it for the name in the MX record. Of a name that the customer made
    up the service knows nothing.

    Source: RFC 8461; section 4.2; stated
    Source: RFC 6125; section 6.4; stated
    Remedy: Let the MX records name the hosts as the service calls them (FILTER-MX-1), not by a name of the own domain.

    When an SMTP session is opened to every server of the third-party filter
    Then the certificate names the server

  @FILTER-TLS-5 @should @tenant
  Scenario: The certificate of a server of the filter is valid today
    A sender that goes by an MTA-STS policy does not deliver otherwise. Fewer than 30 days left are a note.

    Source: RFC 8461; section 4.2; stated
    Source: RFC 5280; section 4.1.2.5; stated
    Remedy: Report it to the service, which runs these hosts: the certificate and its last day.

    When an SMTP session is opened to every server of the third-party filter
    Then the certificate is valid today
