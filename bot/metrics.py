"""Counters and timers for Prometheus. Labels are connector names and kinds, never people or orders."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ACCEPTED = Counter("xiaodan_accepted_total", "Inbound things stored, by source", ["source"])
REFUSED = Counter("xiaodan_refused_total", "Inbound requests refused, by source and reason", ["source", "why"])
ANSWERED = Histogram(
    "xiaodan_answer_seconds",
    "From a message taken from the inbox to its reply handed to the platform",
    ["intent"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
MODEL = Counter(
    "xiaodan_model_total", "Questions to the language model, by purpose and by what became of them", ["purpose", "outcome"]
)
MESSAGES = Gauge(
    "xiaodan_messages",
    "What became of every message that was raised: raised = sent + digested + moot + open + failed, always",
    ["fate"],
)
