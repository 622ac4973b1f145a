"""Where a mapping and an account's own definitions differ: every difference by place, severity and what to try."""

from __future__ import annotations

import json

from qa_sync.mapping import Drift, account_drift, parse
from qa_sync.model.account import Defined, Definitions
from qa_sync_zendesk import definitions

MAPPING = """version: 1
streams:
  tickets:
    interactions:
      when: {from: ticket_form_id, in: ["36", "99"]}
      fields:
        interaction_id: {from: id}
        kind: {const: ticket}
        queue: {from: group_id, values: {"10": Billing, "12": Claims}}
        product: {from: brand_id, values: {"1": Own}, default: Other}
        severity: {custom_field: 101, values: {sev1: "1", sev9: "9"}}      # "Severity"
        language: {custom_field: 102, values: {en: English}, default: null}  # "Tongue"
        region: {coalesce: [{custom_field: 103}, {custom_field: 140}]}
"""
FIELDS = Definitions(
    kind="custom field",
    stream="tickets",
    path="",
    things={
        "101": Defined(id="101", title="Severity", options={"sev1": "Sev 1", "sev2": "Sev 2"}),
        "102": Defined(id="102", title="Language", options={"en": "English", "de": "German"}),
        "103": Defined(id="103", title="Region", is_active=False),
        "104": Defined(id="104", title="Policy"),
        "105": Defined(id="105", title="Old", is_active=False),
    },
)
FORMS = Definitions(
    kind="form", stream="tickets", path="ticket_form_id", things={"36": Defined(id="36", title="Default")}
)
GROUPS = Definitions(
    kind="group",
    stream="tickets",
    path="group_id",
    things={"10": Defined(id="10", title="Billing"), "11": Defined(id="11", title="Access")},
)
BRANDS = Definitions(
    kind="brand", stream="tickets", path="brand_id", things={name: Defined(id=name, title=name) for name in "12"}
)


def told(found: list[Drift]) -> list[tuple[str, str]]:
    said = [str(one.problem) if one.problem else f"{one.what}; {one.hint}" for one in found]
    return [(one.severity, text.removeprefix("m.yaml:")) for one, text in zip(found, said, strict=True)]


def test_every_difference_is_told_with_its_place_and_severity() -> None:
    assert told(account_drift(parse(MAPPING, file="m.yaml"), [FIELDS, FORMS, GROUPS, BRANDS])) == [
        (
            "high",
            "9:33: streams.tickets.interactions.fields.queue.values: values does not list the group 11 "
            '("Access"); add 11: ...',
        ),
        (
            "high",
            "11:39: streams.tickets.interactions.fields.severity.values: values does not list the option sev2 "
            '("Sev 2") of "Severity", which would set its records aside; add sev2: ...',
        ),
        (
            "high",
            "13:51: streams.tickets.interactions.fields.region.coalesce.1.custom_field: the account has no "
            'custom field 140; "Region" is 103',
        ),
        (
            "medium",
            '5:7: streams.tickets.interactions.when: the account has no form 99; there are 36 ("Default")',
        ),
        (
            "medium",
            "9:57: streams.tickets.interactions.fields.queue.values.12: the account has no group 12; there "
            'are 10 ("Billing"), 11 ("Access")',
        ),
        (
            "medium",
            '12:20: streams.tickets.interactions.fields.language.custom_field: custom field 102 is "Language" '
            'in the account, but "Tongue" in the comment here; is it the field you mean?',
        ),
        (
            "medium",
            "12:39: streams.tickets.interactions.fields.language.values: values does not list the option de "
            '("German") of "Language", which is not told apart from other values; add de: ...',
        ),
        (
            "medium",
            "13:30: streams.tickets.interactions.fields.region.coalesce.0.custom_field: custom field 103 "
            '("Region") is no longer in use; records from now on will not fill it',
        ),
        (
            "low",
            '11:59: streams.tickets.interactions.fields.severity.values.sev9: "Severity" has no option sev9; '
            "did you mean sev2?",
        ),
        (
            "low",
            'custom field 104 ("Policy") is read by no mapping; map it if reports should group or filter by it',
        ),
    ]


def test_a_mapping_that_knows_its_account_has_no_drift() -> None:
    mapping = parse(MAPPING, file="m.yaml")
    known = Definitions(
        kind="custom field",
        stream="tickets",
        path="",
        things={
            "101": Defined(id="101", title="severity", options={"sev1": "1", "sev9": "9"}),
            "102": Defined(id="102", title="Tongue", options={"en": "English"}),
            "103": Defined(id="103", title="Region"),
            "140": Defined(id="140", title="Region, old"),
        },
    )
    assert account_drift(mapping, [known]) == []
    assert account_drift(mapping, []) == []


def test_definitions_are_read_from_an_accounts_metadata() -> None:
    streams = {
        "ticket_fields": [
            {"id": 1, "type": "subject", "title": "Subject", "active": True},
            {
                "id": 101,
                "type": "tagger",
                "title": "Severity",
                "active": True,
                "custom_field_options": [{"id": 7, "name": "Sev 1", "value": "sev1"}, {"id": 8, "value": "sev2"}],
            },
            {"id": 102, "type": "checkbox", "title": "VIP", "active": False},
        ],
        "groups": [{"id": 10, "name": "Billing"}],
    }
    found = definitions(lambda stream: map(json.dumps, streams[stream]) if stream in streams else None)
    assert found == [
        Definitions(
            kind="custom field",
            stream="tickets",
            path="",
            things={
                "101": Defined(id="101", title="Severity", options={"sev1": "Sev 1", "sev2": "sev2"}, type="tagger"),
                "102": Defined(
                    id="102",
                    title="VIP",
                    options={"true": "ticked", "false": "not ticked"},
                    is_active=False,
                    type="checkbox",
                ),
            },
        ),
        Definitions(kind="group", stream="tickets", path="group_id", things={"10": Defined(id="10", title="Billing")}),
    ]
