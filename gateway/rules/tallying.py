"""What an announcement led to, in one word: that by which announcements are counted beside their rule."""

from gateway.model.judgement import Effect
from gateway.rules.policy import Policy


def target_of(effect: Effect, policy: Policy) -> str:
    """The queue of `contact.routed`, the chain of `escalation.*`, the metric of `sla.*`; empty for others, and where
    `policy`, which judged last, no longer has the rule."""
    if effect.type == "contact.routed":
        return _word(effect, "queue")
    if effect.type.startswith("sla."):
        rule = policy.sla_by_id.get(effect.rule)
        return _word(effect, "metric") or (rule.metric if rule else "")
    if effect.type.startswith("escalation."):
        chains = (rule.chain for rule in policy.escalation if rule.id == effect.rule)
        return _word(effect, "chain") or next(chains, "")
    return ""


def _word(effect: Effect, name: str) -> str:
    word = effect.detail.get(name)
    return word if isinstance(word, str) else ""
