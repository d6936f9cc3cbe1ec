@except:parked
Feature: Devices and applications – printers, scanners and programs that hand over their mail themselves

  The multifunction printer, the monitoring, the shop: they speak SMTP and are no mail servers. The documentation gives
  them three ways into Microsoft 365, and advises a fourth, by a server of the organization. Each way asks for something
  of its own; a change of the MX record or a lock of the tenant closes it without a word, and nobody reads the log of a
  printer.

  @DEV-PATH-1 @must
  Scenario: Mail of a device reaches the cloud mailboxes
    Direct Send is what a lock of the tenant is meant to stop: RejectDirectSend refuses it with 550 5.7.68, a
    restricting Partner connector with 550 5.7.51. Scanned contracts are then gone, and the device tells nobody.

    Source: Devices; options 2 and 3; stated
    Source: Devices; use your own email server; stated
    Source: Direct Send; rejecting Direct Send; stated
    Remedy: Let the device use a way that is open to it: by an inbound connector for its address,
        New-InboundConnector -Name "Devices" -ConnectorType OnPremises -SenderDomains * -SenderIPAddresses <address>
      or by an own server, with a receive connector for its address. Then correct way: in environment.yaml.

    Given a device sends for the domain without signing in
    When a message goes from a device to a cloud mailbox
    Then it is delivered

  @DEV-PATH-2 @must
  Scenario: Mail of a device reaches the mailboxes on the own servers
    Direct Send is documented for mailboxes in Microsoft 365. In a hybrid organization the message has to go on to the
    own servers, as Internet mail does.

    Source: Devices; options 2 and 3; derived
    Source: Routing; Route incoming Internet messages through the Exchange Online organization; derived
    Remedy: As for DEV-PATH-1; where the message stops between the two sides, HYB-CONN-1 and HYB-DOMAIN-2 say more.

    Given a device sends for the domain without signing in
    And mailboxes of the domain are on the on-premises servers
    When a message goes from a device to an on-premises mailbox
    Then it is delivered

  @DEV-PATH-3 @must
  Scenario: A device that has to send outside can
    Direct Send reaches the own organization and nobody else (550 5.7.64). Reminders to customers need an inbound
    connector, an own server that relays for the device, or a mailbox with which it signs in.

    Source: Devices; option 2, limitations; stated
    Source: Devices; option 3; stated
    Remedy: Let Microsoft 365 recognise the device by its own static address,
        New-InboundConnector -Name "Devices" -ConnectorType OnPremises -SenderDomains * -SenderIPAddresses <address>
      or an own server relay for it: a receive connector for its address alone, on which anonymous clients may relay,
        Get-ReceiveConnector "<connector>" | Add-ADPermission -User "NT AUTHORITY\ANONYMOUS LOGON" `
          -ExtendedRights ms-Exch-SMTP-Accept-Any-Recipient

    Given a device that does not sign in has to send to the Internet
    When a message goes from a device to the Internet
    Then it is delivered

  @DEV-RELAY-1 @must
  Scenario: Nobody else can relay by the way of a device
    What lets the device relay is its address. A range that others share, or an own server that relays for whoever
    connects, lets them send to the world in the name of the organization.

    Source: Devices; option 3, requirements; stated
    Source: RFC 2505; section 2.1; stated
    Remedy: Name the addresses of the devices alone, and none that is shared:
        Set-InboundConnector "<connector>" -SenderIPAddresses <address>
        Set-ReceiveConnector "<connector>" -RemoteIPRanges <address>

    Given a device sends for the domain without signing in
    When a stranger poses as a device and asks its host to relay to another stranger
    Then it is refused

  @DEV-CONN-1 @must
  Scenario: Microsoft 365 recognises every device that relays
    A device that no connector recognises is a stranger: its mail for outside is refused, and that for colleagues is
    filtered as Internet mail. By address it may write any sender of an accepted domain; by certificate anything.

    Source: Devices; option 3; stated
    Source: Relay 2023; conditions; stated
    Remedy: Give the connector the static address of the device, or the name on its certificate:
        Set-InboundConnector "<connector>" -SenderIPAddresses @{Add="<address>"}

    Given a device relays through Microsoft 365
    When the settings of Microsoft 365 and of the on-premises servers are read
    Then an inbound connector recognises every device that relays

  @DEV-CONN-2 @should
  Scenario: A device that uses Direct Send matches no connector
    The documentation warns of it: a connector for the address of the device turns Direct Send into relay, with other
    rules for sender, filter and refusal than those that were planned.

    Source: Devices; option 2, features; stated
    Remedy: Take its address out of the connector, or plan it as relay:
        Set-InboundConnector "<connector>" -SenderIPAddresses @{Remove="<address>"}

    Given a device uses Direct Send
    When the settings of Microsoft 365 and of the on-premises servers are read
    Then no inbound connector takes a device that uses Direct Send for an on-premises server

  @DEV-SPF-1 @should
  Scenario: The addresses of devices are in the SPF record
    Microsoft 365 evaluates SPF for what a device hands over. What fails lands in Junk, and what is relayed leaves from
    a pool of lesser repute. A device that sends as a name below the domain is judged by the record of that name.

    Source: Devices; options 2 and 3, SPF; stated
    Source: RFC 7208; section 3; derived
    Source: Outbound pools; relay pool; stated
    Remedy: Put ip4:<address> (or ip6:<address>) into the SPF record for each public address from which a device
      reaches Microsoft 365.

    Given a device hands its mail to Microsoft 365 without signing in
    When SPF is asked about every address from which a device reaches Microsoft 365
    Then each of these addresses passes

  @DEV-AUTH-1 @must
  Scenario: A device that signs in may do so
    SMTP AUTH is disabled in organizations made since January 2020, and disabled by hand in many others. The setting of
    the mailbox goes before that of the organization. Where it is off, the device cannot send.

    Source: Devices; option 1, requirements; stated
    Source: SMTP AUTH; per-mailbox setting; stated
    Remedy: Enable it for that one mailbox, and plan for OAuth or another way, as Microsoft has announced the end of
      basic authentication:
        Set-CASMailbox <mailbox> -SmtpClientAuthenticationDisabled $false

    Given a device signs in at Microsoft 365
    When the settings of Microsoft 365 and of the on-premises servers are read
    Then SMTP AUTH is enabled for the mailbox of every device that signs in
