# A domain's own requirements. Copy this file for your domain: features/domains/<your domain>.feature.
#
# The rows of your scenario and of every scenario are asked anyway; here stands only what your organization demands
# beyond them. The two tags choose for whom: the domain, and the environment (the folder below fixtures/) in which
# it is asked. Without the second the rows are asked in every environment that holds the domain.
@domain:contoso.com @environment:scenario-4
Feature: contoso.com – what Contoso demands beyond the documentation

  Contoso follows scenario 4. Its partners let mail in by host name, and its works council was promised that
  mail between colleagues stays between the two sides.

  # An identifier of your own, once in all files: capitals, digits and dashes, a number at the end. It appears in
  # reports and waivers, so do not use it again for something else.
  #   @must    a failure keeps the change from going ahead
  #   @should  a failure is shown
  @CONTOSO-MX-1 @must
  Scenario: The MX host keeps the name that partners know
    Two partners let Contoso's mail server in by its name. Under another name their mail is delayed for days.

    # Source: whose demand it is; where it stands; stated or derived. "own" is your organization's own paper.
    Source: own; Agreement with Tailspin Toys, annex 2; stated
    Source: Training; Scenario 4, Recommendation, step 3, MX record; stated
    # Remedy: what the person who reads the report at night has to do.
    Remedy: Publish "contoso.com. 3600 IN MX 10 mail.contoso.com.".

    # Use the sentences that the other files use; docs/vocabulary.md lists them all. One When; each Then is a fact
    # about mail.
    When the MX records of the domain are looked up
    Then a planned host is called mail in the domain

  @CONTOSO-PATH-1 @must
  Scenario: Mail between colleagues never touches the Internet
    What leaves the two sides can be read by others, and archives elsewhere keep it.

    Source: own; Works agreement on electronic mail, section 4; stated
    Remedy: Give the own servers a Send connector for contoso.mail.onmicrosoft.com with -RequireTLS $true.

    When a message goes from an on-premises mailbox to a cloud mailbox
    Then it is delivered
    And it never passes the Internet
    And it travels between the two sides over TLS
