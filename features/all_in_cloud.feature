@scenario:all-in-cloud
Feature: Scenario all-in-cloud – MX at Microsoft 365, where all mailboxes are

  Every mailbox is in Microsoft 365, which receives, filters and sends everything. The organization has no mail servers
  of its own, or has them no more.

  The documentation recommends this to most organizations as the simplest way. It needs no connector. What goes
  wrong is what was left from the time before.

  @CLOUD-MX-1 @must @stage:plan @stage:after
  Scenario: The MX record names Microsoft 365, where all mailboxes are
    Without it mail from the Internet goes elsewhere, or nowhere. The host belongs to this one domain, so the
    host of another domain or another cloud does not do.

    Source: Hosted mail flow; Best practices, step 3, MX record; stated
    Source: DNS records; MX record of Exchange Online; stated
    Remedy: Publish this record, the label being the domain with dashes for dots, and delete the others:
        <domain>. 3600 IN MX 0 <label>.mail.protection.outlook.com.
      Other clouds, and domains with DNSSEC, have another host: Microsoft 365 admin center, Settings, Domains.

    When the MX records of the domain are looked up
    Then the Microsoft 365 host of the domain is among them

  @CLOUD-MX-2 @must @stage:plan @stage:after
  Scenario: No MX record of the time before is left
    Behind the old host is no mailbox any more. What enters there is lost, comes back late, or is taken by whoever has
    the name or the address now.

    Source: Hosted mail flow; Best practices, step 3, MX record; derived
    Source: DNS records; MX record of Exchange Online, note; stated
    Source: NDR 5.4.1; MX records; stated
    Remedy: Delete every other MX record of the domain, once the time to live of the old one has passed everywhere.

    When the MX records of the domain are looked up
    Then they name no other host

  @CLOUD-PATH-1 @must @stage:plan @stage:after
  Scenario: Mail from the Internet reaches the mailbox without a detour
    A connector or a rule of the time before takes it to servers that are gone. Nobody is told until the queue gives up
    a day later.

    Source: Hosted mail flow; the diagram of the scenario; stated
    Remedy: Point the MX record at Microsoft 365 (CLOUD-MX-1), and switch off what leads elsewhere (CLOUD-CONN-1):
        Set-OutboundConnector "<connector>" -Enabled $false

    When a message goes from the Internet to a cloud mailbox
    Then it is delivered
    And it enters the organization at Microsoft 365

  @CLOUD-PATH-2 @must
  Scenario: Mail of the mailboxes leaves for the Internet from Microsoft 365
    A connector for every domain still sends it to the old servers or to a smart host that nobody pays for any more.

    Source: Hosted mail flow; the diagram of the scenario; stated
    Source: Routing; Deliver Internet-bound messages from Exchange Online using DNS; stated
    Remedy: Switch off the connector for every domain:
        Set-OutboundConnector "<connector>" -Enabled $false

    When a message goes from a cloud mailbox to the Internet
    Then it is delivered
    And it leaves for the Internet from Microsoft 365

  @CLOUD-SPF-1 @should
  Scenario: The SPF record lists nobody of the time before
    The old address goes back to the provider, and to its next customer. As long as the record lists it, whoever has
    it sends mail that passes as the organization's.

    Source: Hosted mail flow; Best practices, step 3, SPF record; stated
    Remedy: Keep what still sends, and nothing else:
        <domain>. 3600 IN TXT "v=spf1 include:spf.protection.outlook.com -all"

    When the SPF record of the domain is looked up
    Then it lets nobody else pass
