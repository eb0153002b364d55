"""A language model as a guest: what may leave the house, what may come back, and what it may say. Pure.

    plans    a model's answer held against the person's own words: a plan of ours, or a refusal with its reason
    prose    a sentence of a model held against the facts: kept as it is, or discarded
    breaker  when an endpoint that fails is left alone
    budget   how much may be asked, in tokens, money and requests

What leaves is veiled before (`domain.understand.veil`). A model's instructions are no protection (ADR-0013): nothing here
relies on them.
"""
