from mailflow.routing.decision import OPPORTUNISTIC, Rule, TlsDemand, Verification


def test_a_rule_tells_its_source() -> None:
    assert str(Rule("relays for nobody", "RFC 5321 section 7.9")) == "relays for nobody [RFC 5321 section 7.9]"


def test_opportunistic_tls_demands_nothing() -> None:
    # RFC 7435 section 3: any TLS is better than none.
    assert TlsDemand(required=False, verification=Verification.NONE, name="") == OPPORTUNISTIC
