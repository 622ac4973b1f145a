"""People: which accounts are one human being."""

from qa_sync.people.conflicts import Account, who_is_who
from qa_sync.people.identity import ambiguous, identities_of, normal_name
from qa_sync.people.references import references_of

__all__ = ["Account", "ambiguous", "identities_of", "normal_name", "references_of", "who_is_who"]
