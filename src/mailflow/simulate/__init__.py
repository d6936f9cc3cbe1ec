"""Floor 4: being looked at: DNS and SMTP servers on loopback that carry out `routing`.

Knows zones, exports, certificates and mailboxes. Never learns which scenario a domain declares: a test
(tests/simulate/test_no_scenario.py) and an import rule keep it so.
"""
