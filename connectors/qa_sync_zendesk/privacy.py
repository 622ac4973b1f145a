"""The door: which paths of a record are stored at all, and which ids only as keyed hashes.

An allow-list: what is not named here, in the workspace's ``keep``, or among the custom fields that a mapping
reads, never leaves the decoder. The default holds no subject, body, address, comment or free text of a customer.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from msgspec import UNSET

#: What may stand at a path. A value of another shape is never stored: a text where a number belongs could be anything.
Kind = Literal["text", "number", "flag", "numbers", "texts", "any"]
Tree = dict[str, "Kind | Branch"]


#: So many hashes are remembered, so that memory stays flat.
MOST_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Branch:
    """An object (or with ``many`` a list of objects) of which only ``parts`` are stored."""

    parts: Tree
    many: bool = False


_METRIC = "reply_time first_resolution_time full_resolution_time agent_wait_time requester_wait_time on_hold_time"
_TICKETS: dict[Kind, str] = {
    "number": "id generated_timestamp custom_status_id ticket_form_id brand_id group_id assignee_id organization_id "
    "problem_id requester_id submitter_id metric_set.group_stations metric_set.assignee_stations metric_set.reopens "
    "metric_set.replies metric_set.reply_time_in_seconds.calendar "
    + " ".join(f"metric_set.{name}_in_minutes.{by}" for name in _METRIC.split() for by in ("calendar", "business")),
    "text": "created_at updated_at due_at type status priority via.channel satisfaction_rating.score support_type "
    "metric_set.solved_at metric_set.assigned_at metric_set.initially_assigned_at metric_set.status_updated_at "
    "metric_set.assignee_updated_at metric_set.requester_updated_at metric_set.latest_comment_added_at",
    "flag": "has_incidents is_public from_messaging_channel",
    "numbers": "followup_ids",
    "texts": "tags",
}
_DEFAULTS: dict[str, dict[Kind, str]] = {
    "tickets": _TICKETS,
    "users": {
        "number": "id role_type custom_role_id default_group_id organization_id",
        "text": "created_at updated_at role name email external_id alias locale iana_time_zone",
        "flag": "active suspended permanently_deleted shared_agent restricted_agent",
    },
    "ticket_events": {
        "number": "id ticket_id timestamp updater_id child_events[].id child_events[].group_id "
        "child_events[].assignee_id child_events[].brand_id child_events[].ticket_form_id "
        "child_events[].custom_status_id",
        "text": "created_at event_type via system.client child_events[].event_type child_events[].status "
        "child_events[].priority child_events[].type",
        "flag": "child_events[].comment_present child_events[].comment_public child_events[].public",
        "texts": "child_events[].added_tags child_events[].removed_tags",
    },
    "ticket_metric_events": {
        "number": "id ticket_id instance_id status.calendar status.business sla.target sla.policy.id "
        "group_sla.target group_sla.policy.id",
        "text": "metric type time",
        "flag": "deleted sla.business_hours group_sla.business_hours",
    },
    "satisfaction_ratings": {
        "number": "id ticket_id assignee_id group_id requester_id reason_id reason_code",
        "text": "score created_at updated_at",
    },
    "survey_responses": {
        "number": "responder_id answers[].rating survey.version",
        "text": "id created_at updated_at expires_at survey.id subjects[].id subjects[].type subjects[].zrn "
        "answers[].type answers[].rating_category answers[].created_at answers[].updated_at answers[].question.id "
        "answers[].question.type",
    },
    "ticket_audits": {
        "number": "id ticket_id author_id events[].id",
        "text": "created_at via.channel events[].type events[].field_name",
        "flag": "events[].public",
    },
    "organizations": {
        "number": "id group_id",
        "text": "name created_at updated_at deleted_at",
        "flag": "shared_tickets shared_comments",
        "texts": "tags",
    },
    "groups": {"number": "id", "text": "name created_at updated_at", "flag": "default deleted is_public"},
    "group_memberships": {"number": "id user_id group_id", "text": "created_at updated_at", "flag": "default"},
    "ticket_fields": {
        "number": "id position custom_field_options[].id",
        "text": "type title created_at updated_at custom_field_options[].name custom_field_options[].value "
        "system_field_options[].name system_field_options[].value",
        "flag": "active required removable custom_field_options[].default",
    },
    "ticket_forms": {
        "number": "id position",
        "text": "name created_at updated_at",
        "flag": "active default end_user_visible in_all_brands",
        "numbers": "ticket_field_ids restricted_brand_ids",
    },
    "custom_statuses": {
        "number": "id",
        "text": "status_category agent_label created_at updated_at",
        "flag": "active default",
    },
    "brands": {"number": "id", "text": "name created_at updated_at", "flag": "active default is_deleted"},
}
#: Ids of people who write to us: stored as hashes only.
_HASHED = {
    "tickets": ("requester_id", "submitter_id"),
    # Whether it was an agent or a customer is not told here.
    "ticket_events": ("updater_id",),
    "ticket_audits": ("author_id",),
    "satisfaction_ratings": ("requester_id",),
    "survey_responses": ("responder_id",),
}
#: Stored only of a user who works here.
_STAFF_ONLY = {"users": ("name", "email", "external_id", "alias", "locale", "iana_time_zone")}
STAFF_ROLES = frozenset({"agent", "admin"})
#: Where an account's own fields stand: as {id, value} pairs, or as an object by key.
_OWN_FIELDS = {"users": "user_fields", "organizations": "organization_fields"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What of one stream's records may be stored.

    ``custom_fields``: ids of the {id, value} pairs that may (empty: none; None: all, because ``keep`` said so).
    ``hashed`` and ``staff_only`` are top-level names.
    """

    tree: Tree
    custom_fields: frozenset[int] | None = frozenset()
    hashed: tuple[str, ...] = ()
    staff_only: tuple[str, ...] = field(default=())


def policy(stream: str, *, keep: Iterable[str] = (), mapped: Collection[str] = ()) -> Policy:
    """Return what may be stored of ``stream``: the safe default, ``keep`` on top, and the custom fields mapped.

    ``keep`` are dotted paths, ``[]`` after a name standing for every element of a list, and
    ``custom_fields.ID`` for one custom field.
    """
    tree: Tree = {}
    for kind, paths in _DEFAULTS[stream].items():
        for path in paths.split():
            _grow(tree, path.split("."), kind)
    keep = list(keep)
    own = _OWN_FIELDS.get(stream)
    if own is not None:
        for key in sorted(mapped):
            _grow(tree, [own, key], "any")
    ids: set[int] = {int(key) for key in mapped if key.isdecimal()} if own is None else set()
    everything = False
    for path in keep:
        head, _, rest = path.partition(".")
        if head == "custom_fields" and own is None:
            everything = everything or not rest
            ids |= {int(rest)} if rest.isdecimal() else set()
        else:
            _grow(tree, path.split("."), "any")
    kept = {path.partition(".")[0] for path in keep}
    return Policy(
        tree=tree,
        custom_fields=None if everything else frozenset(ids),
        hashed=tuple(name for name in _HASHED.get(stream, ()) if stream == "tickets" or name not in kept),
        staff_only=tuple(name for name in _STAFF_ONLY.get(stream, ()) if name not in kept),
    )


def _grow(tree: Tree, path: list[str], kind: Kind) -> None:
    name, many = path[0].removesuffix("[]"), path[0].endswith("[]")
    if len(path) == 1:
        # What is already stored as itself stays typed; a whole object asked for replaces its parts.
        if kind != "any" or not isinstance(tree.get(name), str):
            tree[name] = kind
        return
    branch = tree.setdefault(name, Branch({}, many=many))
    if isinstance(branch, Branch):
        _grow(branch.parts, path[1:], kind)


class Hasher(dict[object, object]):
    """Turn an id into a text that stays the same for one key and tells nothing without it (HMAC-SHA256, 128 bits).

    A dict of what was hashed before, since the same people write again and again, so that looking up many runs in C.
    An id that is not there (None, or msgspec's UNSET) stays not there.
    """

    def __init__(self, key: bytes) -> None:
        super().__init__({None: None, UNSET: UNSET})
        self._key = key

    def __call__(self, identity: object) -> str:
        """Return 32 hexadecimal digits.

        >>> Hasher(b"k" * 16)(42) == Hasher(b"k" * 16)("42")
        True
        """
        if isinstance(identity, float) and identity.is_integer():  # ids are seen as 12.0 here and there
            identity = int(identity)
        return hmac.digest(self._key, str(identity).encode("utf-8", "replace"), hashlib.sha256).hex()[:32]

    def __missing__(self, identity: object) -> object:
        if identity is None or identity is UNSET:
            return identity  # another thread is emptying the dict just now
        if len(self) > MOST_REMEMBERED:
            self.clear()
            self.update({None: None, UNSET: UNSET})
        found = self[identity] = self(identity)
        return found


def kept_key(folder: Path) -> bytes:
    """Return the hash key of a workspace that names none, made once and readable by its owner only.

    Losing it changes every requester hash; set ``hash_key`` to share one between workspaces.
    """
    path = folder / "requester-hash.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(dir=folder, prefix=".key-")  # mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(32).hex().encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(made, path)  # fails when another process was first: then its key is the key
        except FileExistsError:
            pass
        finally:
            Path(made).unlink()
    return path.read_bytes()


def unknown_custom_fields(wanted: Mapping[str, Collection[str]], known: Collection[int]) -> list[str]:
    """Return the mapped custom field ids of tickets that the account does not have, in order."""
    return sorted(key for key in wanted.get("tickets", ()) if not (key.isdecimal() and int(key) in known))
