Feature: Authentication of the domain

  How receivers prove that mail comes from the domain, beside SPF, and how senders prove whom they reach. The scenarios
  do not speak of it; what they move around breaks it all the same.

  @AUTH-DMARC-1 @should
  Scenario: One valid DMARC record holds for the domain
    Without it each receiver guesses what to do with mail that proves nothing. Of two records receivers take neither.

    Source: RFC 9989; section 4.7 and section 4.10; stated
    Remedy: Publish one record:
        _dmarc.<domain>. 3600 IN TXT "v=DMARC1; p=quarantine; rua=mailto:<address in the domain>"

    When the DMARC record of the domain is looked up
    Then one valid DMARC record holds for it

  @AUTH-DMARC-2 @should @except:parked
  Scenario: Receivers are asked to act on mail that fails
    With p=none, or with t=y beside p=quarantine, forged mail in the domain's name is delivered like any other.

    Source: RFC 9989; section 4.7; stated
    Source: DMARC setup; Step 2, Increase the policy; stated
    Remedy: Once the reports show that all own mail passes, publish:
        _dmarc.<domain>. 3600 IN TXT "v=DMARC1; p=quarantine; rua=mailto:<address in the domain>"

    When the DMARC record of the domain is looked up
    Then receivers are asked to quarantine or reject what fails

  @AUTH-DMARC-5 @should @except:parked
  Scenario: Receivers are asked to act on mail that fails in the name of subdomains
    Who forges mail of the domain writes as invoice.contoso.com where the domain itself is protected. With sp=none or
    np=none, left from a test, it is delivered. Names that have a record of their own are not meant.

    Source: RFC 9989; section 4.7 and section 4.10.1; stated
    Remedy: Once the reports show that all own mail passes, publish one policy for the domain and what is below it,
      without sp and np:
        _dmarc.<domain>. 3600 IN TXT "v=DMARC1; p=quarantine; rua=mailto:<address in the domain>"

    When the DMARC record for names below the domain is looked up
    Then receivers are asked to quarantine or reject what fails for them

  @AUTH-DMARC-4 @should
  Scenario: DMARC reports reach those to whom they are sent
    Receivers send no report to a domain elsewhere that has not agreed to it, and nobody notices that none comes.

    Source: RFC 9990; section 4; stated
    Remedy: Let the reports go to an address in the domain, or let the other domain publish:
        <domain>._report._dmarc.<other domain>. IN TXT "v=DMARC1"

    When the DMARC record of the domain is looked up
    Then every domain to which its reports go has agreed to get them

  @AUTH-DKIM-1 @should @except:parked
  Scenario: The DKIM selectors lead to the keys of the tenant
    Microsoft 365 signs with keys of its own and changes them. Selectors that lead elsewhere, or hold a copied key,
    make every signature fail, at once or at the next change.

    Source: DKIM setup; Syntax for DKIM CNAME records; stated
    Source: RFC 6376; section 3.6.1; stated
    Source: RFC 8301; section 3.2; stated
    Remedy: Publish the names that the tenant gives, and switch signing on (Exchange Online PowerShell):
        Get-DkimSigningConfig <domain> | Format-List Enabled, Selector1CNAME, Selector2CNAME
        selector1._domainkey.<domain>. IN CNAME <Selector1CNAME>
        selector2._domainkey.<domain>. IN CNAME <Selector2CNAME>
        Set-DkimSigningConfig <domain> -Enabled $true

    When the DKIM selectors of the domain are looked up
    Then Microsoft 365 signs for the domain
    And they are CNAMEs to the names in the signing configuration of the tenant
    And they lead to usable keys

  @AUTH-DKIM-2 @should @except:parked
  Scenario: Mail of the domain reaches the Internet with a valid signature of it
    Where SPF cannot speak for a message, in forwards and in non-delivery reports, its signature alone does. Exchange
    Server signs nothing, and whoever changes a message after it was signed makes the signature worthless.

    Source: DKIM setup; If you use one or more custom domains; stated
    Source: RFC 6376; section 6.1; derived
    Remedy: Let every exit sign as the domain, after everything that changes messages. Microsoft 365 (Exchange Online
        PowerShell):
        Set-DkimSigningConfig <domain> -Enabled $true
        Own exits: a transport agent or a gateway that signs, and its key in the zone:
        <selector>._domainkey.<domain>. IN TXT "v=DKIM1; k=rsa; p=<key>"

    When every kind of message has been sent
    Then each whose author is in the domain reaches the Internet with a valid DKIM signature of it

  @AUTH-DKIM-3 @must @except:parked
  Scenario: Whoever signs as the domain has one usable key where receivers look for it
    A signature whose key is missing, revoked, cut or there twice proves nothing, and nobody is told. As long as SPF
    passes it is not missed; but the large receivers refuse mail in bulk that SPF and DKIM do not both prove.

    Source: RFC 6376; section 3.6.1 and section 3.6.2.2; stated
    Source: RFC 8301; section 3.1 and section 3.2; stated
    Source: RFC 8463; section 4.2; stated
    Source: Outlook.com senders; Why did I get this bounce message?; stated
    Remedy: Publish the one record that the signer gives, and nothing else at that name:
        <selector>._domainkey.<domain>. 3600 IN TXT "v=DKIM1; k=rsa; p=<its public key, 2048 bits>"

    Given somebody beside Microsoft 365 signs as the domain
    When the selectors of those who sign beside Microsoft 365 are looked up
    Then each leads to exactly one usable key

  @AUTH-DMARC-3 @should @except:parked
  Scenario: Every kind of mail of the domain passes DMARC where it arrives
    Receivers that are asked to quarantine or reject do so with the organization's own mail too, where neither SPF nor
    DKIM speaks for the domain in its From field. A name below the domain, as which a third party sends, belongs to it.
    What others wrote and the organization forwards is a note.

    Source: RFC 9989; section 4.4 and section 4.10.2; stated
    Source: DMARC setup; Verify the domains in the MAIL FROM and FROM addresses align; stated
    Remedy: Let whoever sends for the domain sign as the domain, or send with a reverse-path in the domain from an
        address that its SPF record lists.

    When every kind of message has been sent
    Then each whose author is in the domain passes DMARC where it arrives

  @AUTH-RPT-1 @should @except:parked
  Scenario: Somebody hears when TLS to the domain fails
    After the change of the MX record senders meet other certificates. Those that refuse to send without TLS tell
    nobody but the address in this record.

    Source: RFC 8460; section 3; stated
    Source: SMTP DANE; TLS-RPT; derived
    Remedy: Publish:
        _smtp._tls.<domain>. 3600 IN TXT "v=TLSRPTv1; rua=mailto:<address in the domain>"

    When the TLS-RPT record of the domain is looked up
    Then one valid TLS-RPT record stands there

  @AUTH-STS-1 @should @except:parked
  Scenario: Senders learn that the domain's mail travels by TLS alone
    Without an MTA-STS policy a sender takes whatever host and whatever certificate it meets, unless DANE tells it more.
    A policy that cannot be fetched or read protects nobody, and nobody is told.

    Source: RFC 8461; section 3; stated
    Source: MTA-STS setup; How to adopt MTA-STS; stated
    Remedy: Put the policy on a web server of your own (Microsoft 365 does not hand it out), as text/plain, with a
      certificate for mta-sts.<domain>, then publish the record; begin with mode: testing:
        https://mta-sts.<domain>/.well-known/mta-sts.txt:
        version: STSv1
        mode: testing
        mx: <host of the MX record>
        max_age: 604800
        _mta-sts.<domain>. 3600 IN TXT "v=STSv1; id=<letters and digits>"

    When the MTA-STS policy of the domain is fetched
    Then one valid MTA-STS record announces it
    And its host hands it out over HTTPS as senders demand
    And senders can read it

  @AUTH-STS-2 @should @except:parked
  Scenario: The MTA-STS policy lists the MX hosts, old and new
    Senders remember a policy for max_age. With mode: enforce they deliver to no host that it does not list: after a
    change of the MX record that it does not know, mail waits in their queues and comes back in the end.

    Source: RFC 8461; section 4.1 and section 8.1; stated
    Source: MTA-STS setup; How to adopt MTA-STS; derived
    Remedy: Before the change, in this order: add the new hosts to the policy, then publish another id, wait max_age,
      change the MX record; take the old hosts out when no resolver and no queue leads to them any more:
        mx: <new host>
        _mta-sts.<domain>. IN TXT "v=STSv1; id=<another>"

    When the MTA-STS policy of the domain is fetched
    Then it lists every host to which senders go before, during and after the change

  @AUTH-DANE-1 @should @except:parked
  Scenario: TLSA records fit the certificates of the MX hosts
    Where the zone is signed, senders that know DANE demand the certificate that the TLSA records name. After a renewal
    of which the zone was not told, their mail waits, and comes back in the end.

    Source: RFC 7672; section 2.2 and section 3.1; stated
    Source: RFC 6698; section 2.1; stated
    Source: SMTP DANE; TLSA Resource Record; stated
    Remedy: Publish the record of the key that the server shows. Before a renewal publish that of the next beside it,
      a TTL ahead, and take the old one out afterwards; or renew with the same key:
        _25._tcp.<MX host>. IN TLSA 3 1 1 <SHA-256 of the public key>

    When the TLSA records of the MX hosts are looked up
    Then they fit the certificates that the hosts show, where DNSSEC proves them

  @AUTH-PTR-1 @should @except:parked @tenant
  Scenario: The addresses of the own servers have names that lead back to them
    Many receivers refuse mail from an address without a name, or with one that leads elsewhere.

    Source: RFC 1912; section 2.1; stated
    Remedy: Let the provider of the address publish its name, and publish the address of that name:
        <reversed address>.in-addr.arpa. IN PTR <server>.
        <server>. IN A <address>

    Given the organization has servers of its own
    When the names of the addresses from which the on-premises servers send are looked up
    Then each address has a name that leads back to it

  @AUTH-HELO-1 @should @except:parked @tenant
  Scenario: The own servers greet with names that lead to them
    A name in EHLO that leads elsewhere counts as a sign of spam. It is also the name by which SPF judges
    non-delivery reports.

    Source: RFC 5321; section 4.1.4; derived
    Source: RFC 7208; section 2.3; derived
    Remedy: Publish the address of the name, or let the server greet with another (Exchange Management Shell):
        <name in EHLO>. IN A <address>
        Set-SendConnector "<connector>" -Fqdn <name on the certificate>

    Given the organization has servers of its own
    When the names of the addresses from which the on-premises servers send are looked up
    Then each server greets with a name that leads to its address
