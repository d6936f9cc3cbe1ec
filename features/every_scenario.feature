@except:parked
Feature: Every scenario – what hybrid mail needs whichever way it takes

  Some mailboxes are in Microsoft 365 and some on the organization's own servers, under one domain. Whatever the
  MX record says, both sides must know the domain and each other's mailboxes, send to each other over TLS by the
  connectors made for it, and be listed in the SPF record.

  The documentation gives these steps in full for scenario 4; for the other scenarios another document repeats
  them word for word, so they hold for every domain. What rests on own servers is not applicable where there are none.

  @HYB-DOMAIN-1 @must
  Scenario: The domain belongs to the tenant
    Microsoft 365 refuses mail for a domain that nobody has added and verified, and does not relay for it.

    Source: Training; Scenario 4, Recommendation, step 1; stated
    Source: Multiple locations; Best practices of every scenario, step 1; stated
    Source: Accepted domains; introduction; stated
    Remedy: Add the domain in the Microsoft 365 admin center, Settings, Domains, and publish the TXT record that it asks
      for. Get-AcceptedDomain then lists it.

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then the domain is an accepted domain of the tenant

  @HYB-DOMAIN-2 @must
  Scenario: The type of the domain fits what Microsoft 365 knows
    An authoritative domain refuses every recipient that Microsoft 365 does not know (550 5.4.1), those of the own
    servers included. An internal relay domain passes them on, and needs a connector to do so.

    Source: Accepted domains; Authoritative and Internal relay; stated
    Source: Edge blocking; Configure DBEB; stated
    Remedy: Until every recipient is synchronised, and with an outbound connector that covers the domain:
        Set-AcceptedDomain <domain> -DomainType InternalRelay
      Afterwards:
        Set-AcceptedDomain <domain> -DomainType Authoritative

    Given own servers have a part in the mail of the domain
    When the settings of Microsoft 365 and of the on-premises servers are read
    Then the type of the accepted domain fits what Microsoft 365 knows of the on-premises recipients

  @HYB-SUB-1 @must @stage:plan @stage:after
  Scenario: Mail for names below the domain is led to somebody who takes it
    At the change the MX records of subdomains and wildcards are forgotten. They lead to a server that is gone or
    locked, or to a tenant that does not know the name (550 5.7.64), and the mail comes back.

    Source: Subdomains; Important, and Add the domain to your outbound connector; stated
    Source: RFC 5321; section 5.1; derived
    Source: RFC 7505; section 3; stated
    Remedy: Lead the name to whoever takes its mail, let that side accept it, or say that there is none:
        <name>. 3600 IN MX 0 <MX host>.
        <name>. 3600 IN MX 0 .
      Where Microsoft 365 is to take it for servers below the domain:
        Set-AcceptedDomain <domain> -DomainType InternalRelay
        Set-AcceptedDomain <domain> -MatchSubDomains $true
        Set-OutboundConnector "<connector>" -RecipientDomains @{Add="*.<domain>"}

    When the MX records of the names below the domain are looked up
    Then each leads its mail to somebody who takes it, or says that there is none

  @HYB-DOMAIN-3 @must
  Scenario: No setting of the domain stops its mail
    An accepted domain can be closed, for sending and for receiving. What was right for a domain that nobody used is
    forgotten by the time somebody does.

    Source: Set-AcceptedDomain; SendingFromDomainDisabled, SendingToDomainDisabled; stated
    Remedy: Set-AcceptedDomain <domain> -SendingFromDomainDisabled $false -SendingToDomainDisabled $false

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then nothing stops mail from the domain and to it

  @HYB-DOMAIN-4 @must @tenant
  Scenario: No setting stops mail to routing addresses
    The own servers reach a mailbox in the tenant by its address in <tenant>.mail.onmicrosoft.com. To close the domains
    below onmicrosoft.com to strangers is documented advice; this one carries all that colleagues write to each other.

    Source: Set-AcceptedDomain; SendingToDomainDisabled; stated
    Source: Routing; Route incoming Internet messages through your on-premises organization, step 4; derived
    Remedy: Set-AcceptedDomain <tenant>.mail.onmicrosoft.com -SendingToDomainDisabled $false

    Given the organization has servers of its own
    When the settings of Microsoft 365 and of the on-premises servers are read
    Then nothing stops mail to the routing addresses of its mailboxes

  @HYB-MAILBOX-1 @must
  Scenario: Every mailbox is where it is said to be
    A test with a mailbox that does not exist says nothing, and its mail comes back.

    Source: Training; Scenario 4, Recommendation, step 2; stated
    Source: Multiple locations; Best practices of every scenario, step 2; stated
    Remedy: Create the mailbox or move it (New-MoveRequest), or correct "mailboxes" in environment.yaml.

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then every listed mailbox exists on its side

  @HYB-MAILBOX-2 @must
  Scenario: Each side knows the way to the mailboxes of the other
    The own servers need the routing address of a cloud mailbox; Microsoft 365 needs a mail user, or a type of
    domain that passes on what it does not know. Otherwise colleagues cannot write to each other (550 5.1.1).

    Source: Training; Scenario 4, Recommendation, step 2; derived
    Source: Routing; Route incoming Internet messages through your on-premises organization, step 3; stated
    Source: Accepted domains; Authoritative and Internal relay; derived
    Remedy: On the own servers, for each cloud mailbox:
        Enable-RemoteMailbox <user> -RemoteRoutingAddress <user>@<tenant>.mail.onmicrosoft.com
      For Microsoft 365 synchronise the on-premises recipients, and let each mail user lead to its mailbox:
        Set-MailUser <user> -ExternalEmailAddress <address of the on-premises mailbox>

    Given own servers have a part in the mail of the domain
    When the settings of Microsoft 365 and of the on-premises servers are read
    Then each side knows the way to the mailboxes of the other

  @HYB-SPF-1 @must
  Scenario: The domain has one valid SPF record
    Two records, a mistake of syntax, an eleventh look-up or a third void one make the same error, and receivers
    treat all mail of the domain as unproven. The example that the documentation prints has such a mistake: it
    writes "ipv4:" and a blank where "ip4:" and no blank belong.

    Source: Training; Scenario 4, Recommendation, step 3, SPF record; stated
    Source: RFC 7208; sections 3.2, 4.5, 4.6 and 4.6.4; stated
    Remedy: Publish one record:
        <domain>. 3600 IN TXT "v=spf1 ip4:<address of the own servers> include:spf.protection.outlook.com -all"
      Replace an include that costs many look-ups by its addresses.

    When the SPF record of the domain is looked up
    Then there is exactly one
    And it is valid
    And it stays within 10 querying terms and 2 void look-ups

  @HYB-SPF-2 @must
  Scenario: Microsoft 365 may send for the domain
    Mail of cloud mailboxes leaves from addresses that Microsoft changes; only its include follows them. The include
    of another cloud lists other addresses.

    Source: Training; Scenario 4, Recommendation, step 3, SPF record; stated
    Source: Multiple locations; Best practices of every scenario, step 3, SPF record; stated
    Source: SPF setup; values for each cloud; stated
    Remedy: Put the include of the tenant's cloud into the SPF record; worldwide it is
      include:spf.protection.outlook.com.

    When the SPF record of the domain is looked up
    Then Microsoft 365 passes by the include of its cloud

  @HYB-SPF-3 @must
  Scenario: The own servers may send for the domain
    Microsoft 365 evaluates SPF when the own servers hand over, and sends what fails from a pool of lesser repute.
    Where they deliver to the Internet themselves, everybody evaluates it.

    Source: Training; Scenario 4, Recommendation, step 3, SPF record; stated
    Source: Multiple locations; Best practices of every scenario, step 3, SPF record; stated
    Source: Outbound pools; relay pool; stated
    Remedy: Put ip4:<address> (or ip6:<address>) into the SPF record for each address from which the own servers
      connect to Microsoft 365 or the Internet. Behind address translation it is the translated one.

    Given own servers have a part in the mail of the domain
    When the SPF record of the domain is looked up
    Then every address from which the on-premises servers send passes

  @HYB-SPF-4 @must
  Scenario: Third parties that send for the organization may do so
    The newsletter of which nobody told the DNS administrator is the mail that disappears on the day the record
    ends with -all.

    Source: Training; Scenario 4, Recommendation, step 3, SPF record; stated
    Source: Multiple locations; Best practices of every scenario, step 3, SPF record; stated
    Remedy: Put the include that the third party names into the SPF record, or ip4:<its address>.

    Given a third party sends for the organization
    When the SPF record of the domain is looked up
    Then every third party passes

  @HYB-SPF-5 @should
  Scenario: A stranger may not send for the domain
    With ~all, ?all or no end a receiver learns only that the domain does not say. The documentation ends its example
    with -all; other pages of the same publisher advise ~all for devices.

    Source: Training; Scenario 4, Recommendation, step 3, example; stated
    Source: SPF setup; enforcement rule; stated
    Source: RFC 7208; section 5.1; stated
    Remedy: End the SPF record with -all, once HYB-SPF-2, HYB-SPF-3 and HYB-SPF-4 are compliant.

    When the SPF record of the domain is looked up
    Then a stranger fails

  @HYB-SPF-6 @must
  Scenario: Every kind of mail passes SPF where it arrives
    A record can list every address that was planned and still fail the mail that takes another way. Mail with the
    null reverse-path is judged by the name in EHLO. What a forward or a foreign sender does to SPF is a note.

    Source: Training; Scenario 4, Recommendation, step 3, SPF record; derived
    Source: RFC 7208; sections 2.3 and 2.4; stated
    Source: SRS; which messages are rewritten; derived
    Remedy: Put the address of the exit that the finding names into the SPF record, or mend the way the mail takes.
      For mail with the null reverse-path publish:
        <name in EHLO>. 3600 IN TXT "v=spf1 ip4:<address> -all"

    When every kind of message has been sent
    Then each that names the domain as its sender passes SPF where it arrives

  @HYB-SPF-7 @must
  Scenario: Third parties that send as a name below the domain may do so
    SPF is not inherited. The shop that sends as shop.contoso.com is not helped by the record of contoso.com: its mail
    proves nothing until that name has a record of its own.

    Source: SPF setup; If you use one or more custom domains for email; stated
    Source: RFC 7208; section 3 and section 4.5; derived
    Remedy: Publish a record for the name, with what the third party asks for:
        <name>. 3600 IN TXT "v=spf1 include:<the third party's> -all"

    Given a third party sends as a name below the domain
    When the SPF records of the names below the domain are looked up
    Then every third party passes the record of the name with which it sends

  @HYB-CONN-1 @must
  Scenario: Microsoft 365 has a connector to the own servers for the domain
    Without it mail for an on-premises mailbox goes where the MX record points. If that is Microsoft 365, it loops;
    if it is the own server, it arrives as mail of a stranger.

    Source: Training; Scenario 4, Recommendation, step 4, first item; stated
    Source: Multiple locations; Best practices of scenarios 1 and 4, step 4; stated
    Source: Route mail; How do connectors work with my on-premises email servers; stated
    Remedy: Give Microsoft 365 a connector to the own servers:
        New-OutboundConnector -Name "To our servers" -ConnectorType OnPremises -RecipientDomains <domain> `
          -UseMXRecord $false -SmartHosts <server> -TlsSettings DomainValidation -TlsDomain <name on its certificate>

    Given own servers have a part in the mail of the domain
    When the settings of Microsoft 365 and of the on-premises servers are read
    Then an outbound connector covers the domain

  @HYB-CONN-2 @must
  Scenario: That connector goes to an own server and not by MX
    By MX the message comes back to Microsoft 365 as soon as the MX record names it (554 5.4.14). A smart host that is
    no server of the organization hands its mail to somebody else.

    Source: Training; Scenario 4, Recommendation, step 4, first item; derived
    Source: NDR 5.4.6; hybrid connectors use a smart host; stated
    Remedy: Name an own server:
        Set-OutboundConnector "<connector>" -UseMXRecord $false -SmartHosts <server>

    Given own servers have a part in the mail of the domain
    When the settings of Microsoft 365 and of the on-premises servers are read
    Then an outbound connector covers the domain
    And that connector hands over to an on-premises server and not by MX

  @HYB-CONN-3 @must
  Scenario: That connector sends over TLS or not at all
    Without it whoever sits between the two sides can have the mail of the organization sent in the clear.

    Source: Options; Trusted communication; stated
    Remedy: Demand TLS and the name on the certificate:
        Set-OutboundConnector "<connector>" -TlsSettings DomainValidation -TlsDomain <name on the certificate>

    Given own servers have a part in the mail of the domain
    When the settings of Microsoft 365 and of the on-premises servers are read
    Then an outbound connector covers the domain
    And that connector requires TLS

  @HYB-CONN-4 @must
  Scenario: The own server shows the certificate that the connector demands
    After a renewal under another name Microsoft 365 keeps the mail in its queue (450 4.4.317) and returns it a day
    later. A connector that demands no name hands the mail to whoever answers in the server's place.

    Source: Options; Trusted communication; stated
    Source: TLS certificates; subject mismatch; stated
    Remedy: Tell the connector the name, or bind the right certificate on the server:
        Set-OutboundConnector "<connector>" -TlsSettings DomainValidation -TlsDomain <name on the certificate>
        Enable-ExchangeCertificate <thumbprint> -Services SMTP

    Given own servers have a part in the mail of the domain
    When the settings of Microsoft 365 and of the on-premises servers are read
    Then an outbound connector covers the domain
    And the certificate that the on-premises server shows carries the name the connector demands

  @HYB-CONN-5 @must @tenant
  Scenario: The own servers send to Microsoft 365 over TLS or not at all
    Without it whoever sits between the two sides, and takes STARTTLS out of what the other side says, gets in the clear
    all that colleagues write to each other; and where the servers relay through Microsoft 365, all their mail.

    Source: Options; Trusted communication; stated
    Source: Route mail; Part 2, Configure mail to flow from your email server to Microsoft 365; stated
    Source: TLS certificates; what the wizard sets on the Send connector; stated
    Remedy: Demand TLS and Microsoft's name on the certificate, on a connector that carries nothing else:
        Set-SendConnector "<connector>" -RequireTLS $true -TlsAuthLevel DomainValidation `
          -TlsDomain mail.protection.outlook.com

    Given the on-premises servers run Exchange
    When the settings of Microsoft 365 and of the on-premises servers are read
    Then every send connector that leads to Microsoft 365 requires TLS and checks the certificate

  @HYB-CONN-6 @must @tenant
  Scenario: The own servers knock at port 25 of Microsoft 365, and do not sign in
    The host of the tenant listens there alone, and knows the own servers by certificate or address. A port for clients,
    or a password, is right at a provider's relay; here every message stays in the queue.

    Source: Route mail; Prerequisites for your on-premises email environment; derived
    Source: Set-SendConnector; Port, SmartHostAuthMechanism; derived
    Remedy: Exchange Management Shell:
        Set-SendConnector "<connector>" -Port 25 -SmartHostAuthMechanism None

    Given the on-premises servers run Exchange
    When the settings of Microsoft 365 and of the on-premises servers are read
    Then every send connector that leads to Microsoft 365 goes to port 25 and does not sign in

  @HYB-CONN-7 @must
  Scenario: That own server takes mail from every address of Microsoft 365
    Microsoft 365 hands over from any of its addresses. A firewall, gateway or connector that knows half of them works
    today and not tomorrow: some messages wait a day and come back (450 4.4.316), and nobody can say why those.

    Source: Route mail; Prerequisites for your on-premises email environment, steps 5 and 6; stated
    Source: Endpoints; ID 10, Exchange Online, TCP port 25; stated
    Remedy: Let firewall and server take mail from every range that Microsoft publishes, and follow its changes:
        Set-ReceiveConnector "<connector>" -RemoteIPRanges @{Add="<range>"}
      Of a server that is not Exchange say so in environment.yaml: accepts_from: [microsoft-365]

    Given own servers have a part in the mail of the domain
    When the settings of Microsoft 365 and of the on-premises servers are read
    Then an outbound connector covers the domain
    And the on-premises server to which that connector hands over takes mail from every address of Microsoft 365

  @HYB-CONN-8 @must @tenant
  Scenario: Mail to every part of the Internet has a way that is tried
    A connector for one partner's domain, or for a whole country, takes that mail from the way that the rest goes. Left
    from before, it hands it to a gateway that is gone, and nobody notices before it comes back.

    Source: Set-SendConnector; -AddressSpaces; derived
    Source: Set-OutboundConnector; -RecipientDomains; derived
    Remedy: Remove what is left over (Remove-SendConnector, Remove-OutboundConnector). Where it is meant, list somebody
      there in environment.yaml, under outside: then every kind of message is sent to him as well.

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then somebody outside is there to try every connector for a part of the Internet

  @HYB-TLS-1 @must @tenant
  Scenario: The own servers offer STARTTLS
    Microsoft 365 hands over to them over TLS only. Where the offer is missing, or a device between the two strips
    it, mail stays in the queue and comes back.

    Source: Options; Trusted communication; stated
    Source: Route mail; Prerequisites for your on-premises email environment, step 2; stated
    Source: RFC 3207; section 4; stated
    Remedy: Let the receive connector offer TLS, and take every device that changes SMTP from the way:
        Set-ReceiveConnector "<connector>" -AuthMechanism Tls,Integrated,BasicAuth,BasicAuthRequireTLS,ExchangeServer
      Where it names a certificate that the server does not have (event 12014), name one that it has:
        Set-ReceiveConnector "<connector>" -TlsCertificateName "<I>issuer<S>subject"

    Given the organization has servers of its own
    When an SMTP session is opened to every on-premises server
    Then each offers STARTTLS

  @HYB-TLS-2 @must @tenant
  Scenario: The own servers speak TLS 1.2 or newer
    Microsoft 365 does not speak anything older.

    Source: TLS certificates; protocol version; stated
    Remedy: Enable TLS 1.2 for SChannel and .NET on the server (registry, "TLS 1.2\Server", Enabled = 1), then
      restart it.

    Given the organization has servers of its own
    When an SMTP session is opened to every on-premises server
    Then each speaks TLS 1.2 or newer

  @HYB-TLS-3 @must @tenant
  Scenario: The own servers show a certificate of a trusted authority
    Microsoft 365 does not fetch a missing intermediate certificate and trusts no private authority; it refuses the
    session (UntrustedRoot).

    Source: Certificate requirements; Certificate requirements for a hybrid deployment; stated
    Source: Options; Trusted communication; stated
    Remedy: Install a certificate of a public authority with its intermediates (Import-ExchangeCertificate), then:
        Enable-ExchangeCertificate <thumbprint> -Services SMTP

    Given the organization has servers of its own
    When an SMTP session is opened to every on-premises server
    Then each shows a certificate of a trusted authority

  @HYB-TLS-4 @must @tenant
  Scenario: The certificate of an own server names it
    Microsoft 365 compares the name with the one that was agreed, and senders with DANE or MTA-STS with the one in
    the MX record.

    Source: Options; Trusted communication; stated
    Source: RFC 6125; section 6.4; stated
    Remedy: Order a certificate whose subject alternative names hold the name of the server, and bind it:
        Enable-ExchangeCertificate <thumbprint> -Services SMTP

    Given the organization has servers of its own
    When an SMTP session is opened to every on-premises server
    Then the certificate names the server

  @HYB-TLS-5 @must @tenant
  Scenario: The certificate of an own server is valid today
    On the day after its last, mail between the two sides stops. Fewer than 30 days left are a note.

    Source: Certificate requirements; Certificate requirements for a hybrid deployment; derived
    Source: RFC 5280; section 4.1.2.5; stated
    Remedy: Renew the certificate with the same issuer and subject, so that the connectors still match, and bind it:
        Enable-ExchangeCertificate <thumbprint> -Services SMTP

    Given the organization has servers of its own
    When an SMTP session is opened to every on-premises server
    Then the certificate is valid today

  @HYB-PATH-1 @must
  Scenario: Mail from a cloud mailbox to an on-premises mailbox goes by the connector
    Without the connector the message may still arrive, by MX, as mail of a stranger: filtered again, its internal
    trust lost, in the clear if nobody insists.

    Source: Training; Scenario 4, Recommendation, step 4, first item; stated
    Source: Route mail; How do connectors work with my on-premises email servers; stated
    Source: Options; Trusted communication; stated
    Remedy: Mend the outbound connector (HYB-CONN-1 to HYB-CONN-4), and what each side knows of the other's mailboxes
      (HYB-DOMAIN-2, HYB-MAILBOX-2).

    Given own servers have a part in the mail of the domain
    When a message goes from a cloud mailbox to an on-premises mailbox
    Then it is delivered
    And it passes Microsoft 365, then the on-premises servers
    And the outbound connector carries it to the on-premises servers
    And it travels between the two sides over TLS

  @HYB-PATH-2 @must
  Scenario: Mail from an on-premises mailbox to a cloud mailbox counts as the organization's own
    A message that Microsoft 365 does not attribute to the organization is filtered as mail of a stranger, and a
    colleague's mail lands in Junk.

    Source: Training; Scenario 4, Recommendation, step 4, second item; derived
    Source: Routing; Route incoming Internet messages through your on-premises organization, step 5; stated
    Source: Attribution; order of attribution; stated
    Remedy: Give Microsoft 365 an inbound connector that recognises the own servers, and these a connector to it:
        New-SendConnector -Name "To the tenant" -AddressSpaces <tenant>.mail.onmicrosoft.com -RequireTLS $true `
          -TlsAuthLevel DomainValidation -TlsDomain mail.protection.outlook.com -CloudServicesMailEnabled $true `
          -TlsCertificateName "<I>issuer<S>subject"

    Given own servers have a part in the mail of the domain
    When a message goes from an on-premises mailbox to a cloud mailbox
    Then it is delivered
    And it passes the on-premises servers, then Microsoft 365
    And Microsoft 365 attributes it to the organization
    And it travels between the two sides over TLS

  @HYB-PATH-3 @must
  Scenario: Mail between cloud mailboxes stays in Microsoft 365
    Centralized mail transport exempts it. Mail between two colleagues that leaves the tenant has been taken out
    by a rule and a connector that somebody made.

    Source: Routing; Outbound messages to the Internet, Enable centralized mail transport; stated
    Remedy: Find the rule, and narrow it or switch it off:
        Get-TransportRule | Where-Object RouteMessageOutboundConnector
        Disable-TransportRule "<rule>"

    When a message goes from a cloud mailbox to a cloud mailbox
    Then it is delivered
    And it never passes the on-premises servers
    And it never passes the Internet

  @HYB-PATH-4 @must
  Scenario: One message to both sides reaches both
    The message must be split on the way, and each copy go to its side. Where one side is broken, half of the
    recipients never know that there was a message.

    Source: Routing; Inbound messages from the Internet, the two recipients; stated
    Remedy: Mend the path of the copy that is missing; the rows of the scenario for one recipient name its cause.

    Given own servers have a part in the mail of the domain
    When one message goes from the Internet to a cloud mailbox and an on-premises mailbox
    Then it is delivered

  @HYB-PATH-5 @must
  Scenario: Mail that a third party sends for the organization reaches its mailboxes
    Whoever locks the tenant down, or refuses Direct Send, forgets the newsletter service and the scanner first
    (550 5.7.51, 550 5.7.68).

    Source: Training; Scenario 4, Recommendation, step 3, third parties in the SPF record; derived
    Source: Direct Send; rejecting Direct Send; stated
    Remedy: Let the third party deliver to the hosts of the MX record. Where a partner connector refuses it (5.7.51),
      add its addresses to those that the connector lets through:
        Set-InboundConnector "<connector>" -SenderIPAddresses @{Add="<its address>"}
      Where Direct Send is refused (5.7.68), give it a connector:
        New-InboundConnector -Name "<its name>" -ConnectorType Partner -SenderDomains <domain> `
          -SenderIPAddresses <its addresses>

    Given a third party sends for the organization
    When a third party sends for the organization to its mailboxes
    Then it is delivered

  @HYB-PATH-6 @should
  Scenario: Automatic forwarding from the cloud is as the organization has decided
    Microsoft 365 forbids it unless told otherwise (550 5.7.520). Where it is allowed unawares, whoever takes over
    a mailbox reads along; where it is forbidden unawares, mail disappears.

    Source: External forwarding; outbound spam filter policies; stated
    Source: SRS; which messages are rewritten; stated
    Remedy: Decide, and say so in both places, here and as "cloud_forwarding" in environment.yaml:
        Set-HostedOutboundSpamFilterPolicy "<policy>" -AutoForwardingMode On
        Set-HostedOutboundSpamFilterPolicy "<policy>" -AutoForwardingMode Off
      Where the policy allows it, the remote domain of the target must too:
        Set-RemoteDomain "<remote domain>" -AutoForwardEnabled $true

    Given a cloud mailbox forwards outside
    When a cloud mailbox forwards a message from the Internet to the Internet
    Then it is allowed or refused as the environment expects

  @HYB-RELAY-1 @must @tenant
  Scenario: Nobody relays from a stranger to a stranger
    An open relay is found within hours, and its addresses are on every block list a day later.

    Source: RFC 2505; section 2.1; stated
    Source: Relay 2023; New requirements; derived
    Remedy: Take the right from strangers (Exchange Management Shell):
        Get-ReceiveConnector "<connector>" | Remove-ADPermission -User "NT AUTHORITY\ANONYMOUS LOGON" `
          -ExtendedRights ms-Exch-SMTP-Accept-Any-Recipient
      Where the connector is externally secured, it takes everybody for one of the own servers:
        Set-ReceiveConnector "<connector>" -AuthMechanism Tls
      On a server that is not Exchange let own addresses alone relay (Postfix: mynetworks), and say so as relays_for.

    When a stranger asks Microsoft 365 and the on-premises servers to relay to another stranger
    Then it is refused

  @HYB-ADDR-1 @must
  Scenario Outline: Mail to an unknown recipient is not lost
    Its author must learn that nobody has it. Where each side believes that the other knows the recipient, the
    message goes round; where a catch-all takes it, nobody ever asks.

    Source: RFC 5321; section 6.1; stated
    Source: Accepted domains; Authoritative and Internal relay; derived
    Source: NDR 5.4.6; domain type; stated
    Remedy: Make the side that knows every recipient authoritative, and the other side pass on:
        Set-AcceptedDomain "(domain)" -DomainType Authoritative
        Set-AcceptedDomain "(domain)" -DomainType InternalRelay
      Let a filter of others in front ask Microsoft 365 for each recipient, and refuse at RCPT whom nobody knows.

    Given mail can come from <sender>
    When a message goes from <sender> to an unknown recipient
    Then it is refused or returned to its sender

    Examples:
      | sender                 |
      | the Internet           |
      | a cloud mailbox        |
      | an on-premises mailbox |

  @HYB-TRUST-1 @should @tenant
  Scenario: Mail between the two sides keeps its internal trust
    Between Exchange servers a message carries its internal standing in headers. Where one of the four connectors
    strips them, mail of a colleague is filtered, marked as external, and answered as a stranger's.
    Where the own servers are not Exchange, TreatMessagesAsInternal is the nearest, with its risk.

    Source: Options; introduction and Trusted communication; stated
    Source: Internal mail; the four connectors; stated
    Source: Edge hybrid; Adding an Edge Transport server, and its notes marked Important; stated
    Remedy: Run the Hybrid Configuration wizard again; or by hand, on the Send, inbound, outbound and receive connector:
        Set-SendConnector "<connector>" -CloudServicesMailEnabled $true
        Set-InboundConnector "<connector>" -CloudServicesMailEnabled $true
        Set-OutboundConnector "<connector>" -CloudServicesMailEnabled $true
        Set-ReceiveConnector "<connector>" -TlsDomainCapabilities mail.protection.outlook.com:AcceptCloudServicesMail

    Given the on-premises servers run Exchange
    When the settings of Microsoft 365 and of the on-premises servers are read
    Then cross-premises headers keep the internal trust of mail in both directions

  @HYB-FILTER-1 @must @tenant
  Scenario: No transport rule lets all Internet mail past the filter
    A rule that sets the spam confidence level to -1 ends what Microsoft 365 filters. Without a condition that strangers
    do not meet it does so for everybody; only malware and phishing of high confidence are still kept.

    Source: Sender allowlists; Use mail flow rules; derived
    Source: Third-party filter; Scenario 1, step 5; derived
    Remedy: Limit the rule to those whom it was made for, by their addresses, or switch it off:
        Set-TransportRule "<rule>" -SenderIpRanges <addresses>
        Disable-TransportRule "<rule>"

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then no transport rule lets all Internet mail past the filter of Microsoft 365

  @HYB-FILTER-2 @should @tenant
  Scenario: No transport rule trusts the sender's name alone
    Anybody can write any name. Whoever writes one that such a rule trusts is neither filtered nor checked, and the
    documentation says never to do so.

    Source: Sender allowlists; Use mail flow rules, "Never"; stated
    Remedy: Let the rule ask for what proves the name as well, or for the addresses from which that sender sends:
        Set-TransportRule "<rule>" -HeaderContainsMessageHeader Authentication-Results `
          -HeaderContainsWords dmarc=pass,dmarc=bestguesspass
      Better: an allow entry in the Tenant Allow/Block List, and no rule.

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then no transport rule lets mail past the filter of Microsoft 365 for its sender's name alone

  @HYB-EF-1 @should @scenario:1 @scenario:2 @scenario:3 @scenario:4
  Scenario: Enhanced Filtering fits the scenario
    Where the MX record names the own servers, Microsoft 365 sees their address instead of the sender's, and judges
    SPF by it unless it skips them. In the double pass of scenario 2 skipping is not supported.

    Source: Enhanced Filtering; Scenarios, and centralized mail transport; stated
    Remedy: With the MX record on the own servers:
        Set-InboundConnector "<connector>" -EFSkipLastIP $true
      In scenario 2, and in scenario 1, which does not need it:
        Set-InboundConnector "<connector>" -EFSkipLastIP $false -EFSkipIPs $null

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then Enhanced Filtering fits the scenario of the domain
