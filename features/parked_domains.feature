@scenario:parked
Feature: Scenario parked – a domain that neither sends nor gets mail

  Kept for its name: the company's old one, the product's, the one with the typing error. Nobody reads its mail and
  nobody writes in its name, except those who forge it. What it publishes must say so to every receiver.

  Four records do it. Two of them are often left as they were when the domain still had mail.

  @PARK-MX-1 @should @stage:plan @stage:after
  Scenario: The domain says that it takes no mail
    Without a null MX senders try the address of its web server, for days, and the author of a message learns late that
    nobody gets it. An old MX record hands mail to whoever has the host now.

    Source: RFC 7505; section 3; stated
    Source: RFC 5321; section 5.1; derived
    Remedy: Publish this record, and delete every other MX record of the domain:
        <domain>. 3600 IN MX 0 .

    When the MX records of the domain are looked up
    Then the null MX stands there alone

  @PARK-PATH-1 @must @stage:plan @stage:after
  Scenario: Mail to the domain comes back to its author
    A server that still takes it, and has no mailbox for it, loses it, and nobody ever asks.

    Source: RFC 7505; section 4.1; derived
    Source: RFC 5321; section 6.1; stated
    Remedy: Publish the null MX (PARK-MX-1). On servers that still know the domain, remove it:
        Remove-AcceptedDomain <domain>

    When a message goes from the Internet to an unknown recipient
    Then it is refused or returned to its sender

  @PARK-SPF-1 @should
  Scenario: The SPF record lets nobody send
    A record of the time when the domain had mail lets everybody pass who has one of its addresses, or an account with
    one of its services, now.

    Source: SPF setup; If you own registered but unused domains; stated
    Source: RFC 7208; section 5.1; derived
    Remedy: Publish this record, and no other that begins with v=spf1:
        <domain>. 3600 IN TXT "v=spf1 -all"

    When the SPF record of the domain is looked up
    Then there is exactly one
    And it is valid
    And it lets nobody pass

  @PARK-DKIM-1 @should
  Scenario: No DKIM key speaks for the domain
    Whoever holds the private key signs as the domain, and what he signs passes DMARC whatever SPF says. Microsoft 365
    goes on signing as long as its selectors are there.

    Source: DKIM setup; If you own registered but unused domains; stated
    Source: RFC 6376; section 3.6.1; derived
    Remedy: Switch signing off (Exchange Online PowerShell) and delete the records below _domainkey; a record with an
      empty key there says the same of every selector:
        Set-DkimSigningConfig <domain> -Enabled $false
        *._domainkey.<domain>. 3600 IN TXT "v=DKIM1; p="

    When every DKIM selector is looked up that is known of the domain
    Then no usable key stands at any of them

  @PARK-DMARC-1 @should
  Scenario: Receivers are asked to reject whatever bears the name of the domain
    There is no own mail that could be hurt, so there is nothing to wait for. Names below the domain are forged as
    gladly as the domain itself.

    Source: DMARC setup; If you own registered but unused domains; stated
    Source: RFC 9989; section 4.7; derived
    Remedy: Publish; the reports go to a domain that has mail, and that one agrees to it (AUTH-DMARC-4):
        _dmarc.<domain>. 3600 IN TXT "v=DMARC1; p=reject; rua=mailto:<address in a domain with mail>"

    When the DMARC record of the domain is looked up
    Then receivers are asked to reject what fails, for the domain and every name below it

  @PARK-SENDER-1 @must
  Scenario: Nobody of the organization writes as the domain
    What such a mailbox, service or device sends is refused nearly everywhere: the domain itself asks for it. Many
    receivers refuse a sender to whom no answer can go.

    Source: RFC 7505; section 4.2; stated
    Source: SPF setup; If you own registered but unused domains; derived
    Remedy: Give whoever writes as it an address in a domain with mail, or park another domain:
        Set-Mailbox <user> -WindowsEmailAddress <user>@<domain with mail>

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then nobody has a primary address in the domain, and nothing sends as it
