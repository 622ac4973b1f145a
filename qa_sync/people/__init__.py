"""People: which accounts are one human being."""

from qa_sync.people.conflicts import Account, who_is_who
from qa_sync.people.identity import ambiguous, identities_of, normal_name

__all__ = ["Account", "ambiguous", "identities_of", "normal_name", "who_is_who"]
