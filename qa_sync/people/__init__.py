"""People: which accounts are one human being."""

from qa_sync.people.identity import ambiguous, identities_of, normal_name

__all__ = ["ambiguous", "identities_of", "normal_name"]
