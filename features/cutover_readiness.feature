Feature: Readiness for the cutover

  What must be so around the change of the MX record, whatever the scenario. Most of these rows are asked of what is
  there, in live runs: before the change, after it, or both. A simulation of the plan cannot know what is published
  today; what it can try are the time in which both MX records are in use, and the way back.

  @CUT-TTL-1 @should @except:parked @stage:before
  Scenario: Resolvers forget the MX record within an hour
    Resolvers keep the old MX record for as long as its TTL says. With a day, mail goes to the old side for a day after
    the change, and for as long after a way back.

    Source: Cutover migration; Step 1, Prepare your domains; stated
    Source: RFC 1034; section 3.6; derived
    Remedy: Lower the TTL at the zone, at least one old TTL before the change:
        <domain>. 3600 IN MX <preference> <host>

    When the name servers of the domain are asked for its MX records
    Then each names a TTL of at most 3600 seconds

  @CUT-TTL-2 @should @except:parked @stage:plan @stage:before
  Scenario: The lowered TTL is everywhere before the MX record changes
    Whoever asked before the TTL was lowered keeps the old MX record for as long as the old TTL says. A change that
    comes sooner leaves part of the mail on its way to the old side for hours more than planned.

    Source: Cutover migration; Step 1, Prepare your domains; derived
    Source: RFC 1034; section 3.6; derived
    Remedy: Lower the TTL at the zone to an hour at the most, one old TTL and one SOA refresh before the change, and
      write it into environment.yaml:
        cutover: {at: <day and time>, lowered: {ttl: 3600, at: <day and time>}, before: before/}

    When the times of the plan around the change of the MX record are reckoned
    Then the lowered TTL is everywhere before the change

  @CUT-NS-1 @must @stage:before @stage:after
  Scenario: All name servers of the domain say the same
    A resolver asks any one of them. One that is behind, or silent, sends part of the mail another way, and nobody can
    tell which part.

    Source: RFC 1034; section 4.2.2; derived
    Source: RFC 2182; section 3; derived
    Remedy: Let the zone be transferred to every name server, or take out the record of one that does not serve it, at
      the zone and at the registrar:
        <domain>. IN NS <server>

    When the name servers of the domain are asked for its MX records and its SPF record
    Then all of them answer
    And all of them give the same records

  @CUT-PLAN-1 @must @stage:before @stage:after
  Scenario: What is published is the plan, or is on the list of changes
    The plan was judged and signed, not what somebody typed later. Before the change what differs is the list of
    changes to make; what is not on it was forgotten in the plan, or will be overwritten by it.

    Source: RFC 1034; section 3.6; derived
    Source: Multiple locations; Best practices, step 3, Update the DNS records; derived
    Remedy: Publish the records of the plan, or correct the plan (zones/). What the change itself is to alter stands in
      environment.yaml:
        cutover: {stage: before, at: <day and time>, changes: [<domain> MX]}

    When the mail records of the plan are looked up
    Then they are published as planned, or are on the list of changes

  @CUT-REACH-1 @must @except:parked @stage:before @stage:after
  Scenario: The planned MX hosts take mail
    Once the MX record names a host that does not answer, or does not know a mailbox, its mail waits or comes back.

    Source: Route mail; Part 1, Configure mail to flow from Microsoft 365 to your on-premises email server; derived
    Source: RFC 5321; section 5.1; derived
    Remedy: Let the host listen on TCP port 25 at the address that its name has, let every firewall pass it, and let the
      host know the domain and the mailbox:
        <planned MX host>. IN A <address>

    When a stranger knocks at the planned MX hosts of the domain
    Then each takes the connection and refuses no recipient that it should know

  @CUT-AUTO-1 @should @except:parked @stage:before @stage:after
  Scenario: Autodiscover stays on the own servers while they have mailboxes
    The own servers send the Outlook of a cloud mailbox on to Microsoft 365. The other way round does not work: once
    Autodiscover leads to Microsoft 365, the Outlook of an on-premises mailbox finds no server.

    Source: DNS records; External DNS records required for Exchange Online; stated
    Remedy: Keep the record at the own servers until the last mailbox has moved:
        autodiscover.<domain>. IN CNAME <own server>

    When the Autodiscover record of the domain is looked up
    Then it does not lead to Microsoft 365 while mailboxes remain on the on-premises servers

  @CUT-CERT-1 @must @tenant @except:parked @stage:plan @stage:before
  Scenario: No certificate of the own servers ends before the change is over
    Until then both sides take mail and hand it to each other by certificates. Who renews one meanwhile changes two
    things at once, and who forgets it has mail stop on a day on which nobody can say why.

    Source: Certificate requirements; Certificate requirements for a hybrid deployment; derived
    Source: TLS certificates; certificate not found; derived
    Source: RFC 5280; section 4.1.2.5; stated
    Remedy: Renew it before the change, with the same issuer and subject, bind it, and run the checks again:
        Enable-ExchangeCertificate <thumbprint> -Services SMTP
      Or put the change off (environment.yaml, cutover).

    Given the organization has servers of its own
    When an SMTP session is opened to every on-premises server
    Then the certificate of each is valid until the change is over
    And so is every certificate that a connector of theirs names

  @CUT-OVERLAP-1 @must @except:parked @stage:plan
  Scenario: Mail to the old MX hosts arrives while resolvers still name them
    After the change resolvers give the old MX record for as long as its TTL said, and senders retry for days what they
    had queued by it: for the old TTL and 72 hours more mail comes to the old hosts. A side that is locked too early
    refuses it.

    Source: EOP setup; restrict inbound mail after the MX record has spread; derived
    Source: Lock-down; locking down Exchange on-premises; derived
    Source: RFC 5321; section 4.5.4.1; derived
    Remedy: Let the old side take the domain's mail, and pass it on to the mailboxes of the other side, until the old
      TTL and 72 hours have gone since the change. Lock-downs come last, in this order: change the MX record, wait,
      close port 25 of the own servers to everybody but Microsoft 365, then lock Microsoft 365. Until then:
        Set-ReceiveConnector "<connector>" -RemoteIPRanges 0.0.0.0/0,::/0
        Set-InboundConnector "<lock-down connector>" -Enabled $false

    Given what was before the change of the MX record is recorded
    And the hosts that it named are own servers or Microsoft 365
    When mail goes to the hosts that the MX record named before, which are as they were
    Then all of it arrives in the mailboxes that it is for

  @CUT-ROLLBACK-1 @should @except:parked @stage:plan @stage:before
  Scenario: There is a way back
    Who has to go back at night puts back what was written down before. What was not written down is guessed, and what
    nobody tried may not work any more: mailboxes have moved since.

    Source: Multiple locations; Best practices, step 3, Update the DNS records; derived
    Source: RFC 1034; section 3.6; derived
    Remedy: Record how it is before anything is changed (the zone, and Export-Clixml of the connectors of both sides, in
      the folder that cutover.before names), and mend in that record what the finding shows, as it would have to be on
      the way back.

    Given what was before the change of the MX record is recorded
    When everything is as before the change, and mail goes between all mailboxes and the Internet
    Then all of it arrives in the mailboxes that it is for
