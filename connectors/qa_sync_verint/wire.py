"""Cut an answer of the user management interface into records, keeping only what is allowed.

Employees come with social security number, birth date, address and private telephones. Typed decoding names what is
kept; everything else is skipped by the decoder and never becomes a value of this process that could be stored,
logged or shown.
"""

from __future__ import annotations

from typing import Any

import msgspec

from qa_sync.errors import SourceError
from qa_sync_verint.settings import ResourceSettings

Text = str | None
Id = str | int | None


class _Struct(msgspec.Struct, omit_defaults=True):
    """Unknown fields are skipped; fields that are not there are left out."""


class User(_Struct):
    """An account."""

    username: Text = None
    status: Text = None


class Contact(_Struct):
    """The work address; telephones are not kept."""

    email: Text = None


class Person(_Struct):
    """A name."""

    firstName: Text = None  # noqa: N815
    middleInitial: Text = None  # noqa: N815
    lastName: Text = None  # noqa: N815
    contact: Contact | None = None


class EmployeeAttributes(_Struct):
    """What identifies an employee."""

    employeeNumber: Id = None  # noqa: N815
    employeeType: Text = None  # noqa: N815
    organizationId: Id = None  # noqa: N815
    isSupervisor: bool | None = None  # noqa: N815
    isTeamLead: bool | None = None  # noqa: N815
    startTime: Text = None  # noqa: N815
    endTime: Text = None  # noqa: N815
    user: User | None = None
    person: Person | None = None


class Meta(_Struct):
    """The name of something related."""

    name: Text = None


class Related(_Struct):
    """Something related."""

    id: Id = None
    meta: Meta | None = None


class Relationship(_Struct):
    """A relation."""

    data: Related | list[Related] | None = None


class Employee(_Struct):
    """An employee, without what is private."""

    id: str | int
    attributes: EmployeeAttributes | None = None
    relationships: dict[str, Relationship] | None = None


class UnitAttributes(_Struct):
    """What identifies an organization or group."""

    name: Text = None
    parentId: Id = None  # noqa: N815
    organizationId: Id = None  # noqa: N815


class Unit(_Struct):
    """An organization or a group."""

    id: str | int
    attributes: UnitAttributes | None = None
    relationships: dict[str, Relationship] | None = None


class Links(_Struct):
    """Where the next page is."""

    next: Text = None


class Listing(_Struct):
    """An answer."""

    data: list[msgspec.Raw]
    links: Links | None = None


class _Named(_Struct):
    id: str | int


KINDS: dict[str, type[Employee] | type[Unit]] = {"employees": Employee, "organizations": Unit, "groups": Unit}
_listing = msgspec.json.Decoder(Listing)
_named = msgspec.json.Decoder(_Named)
_encode = msgspec.json.Encoder().encode

#: A record, (id, payload), or a reject, (id, field, reason).
Found = tuple[str, bytes] | tuple[str, str, str]


def slice_listing(body: bytes, resource: str) -> tuple[list[Found], list[msgspec.Raw], str | None]:
    """Return what a page holds, the raw records beside it, and the address of the next page.

    Raises:
        SourceError: the body is not a listing.
    """
    try:
        page = _listing.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        msg = f"{resource}: the answer is not a list of records under data; is the path right?"
        # The decoder's own message and its context could quote the body.
        raise SourceError(msg) from None
    decoder = msgspec.json.Decoder(KINDS[resource])
    found = [_record(raw, decoder) for raw in page.data]
    return found, page.data, page.links.next if page.links else None


def _record(raw: msgspec.Raw, decoder: msgspec.json.Decoder[Any]) -> Found:
    try:
        record = decoder.decode(raw)
        identity = str(record.id)
        return (identity, _encode(record)) if identity else ("", "id", "is empty")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return (_identity(raw), _place(error), "is not of the expected type")


def _identity(raw: msgspec.Raw) -> str:
    try:
        return str(_named.decode(raw).id)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""


def _place(error: Exception) -> str:
    """Return the path of a decoding error, which names fields and never values; "record" when it names none."""
    text = str(error)
    return text.rpartition("$.")[2].rstrip("`") if "`$." in text else "record"


def slice_described(
    body: bytes, resource: str, settings: ResourceSettings
) -> tuple[list[Found], list[msgspec.Raw], str | None]:
    """Return the records of an answer whose shape an administrator described by JSON pointers, reduced to what is kept.

    Raises:
        SourceError: there is no list where the description says.
    """
    try:
        whole = msgspec.json.decode(body)
        records = point(whole, settings.records)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        records = None
    if not isinstance(records, list):
        msg = f"{resource}: no list at {settings.records} of the answer; check rest.resources.{resource}"
        raise SourceError(msg)
    following = point(whole, settings.next)
    raws = [msgspec.Raw(_encode(record)) for record in records]
    return [_described(record, settings) for record in records], raws, following if isinstance(following, str) else None


def _described(record: Any, settings: ResourceSettings) -> Found:
    identity = point(record, settings.id)
    if not isinstance(identity, str | int) or isinstance(identity, bool) or identity == "":
        return "", settings.id, "is not an id"
    kept = {pointer: value for pointer in settings.keep if (value := point(record, pointer)) is not None}
    return str(identity), _encode(kept)


def point(value: Any, pointer: str) -> Any:
    """Return what a JSON pointer names; None when there is nothing.

    >>> point({"a": [{"b~": 1}]}, "/a/0/b~0")
    1
    """
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value
