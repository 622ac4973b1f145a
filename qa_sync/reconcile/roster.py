"""Where a person worked, and as what, on a day: never today's roster for last month's work."""

from __future__ import annotations

from qa_sync.reconcile import dialect


def people_on_rosters() -> str:
    """Select roster rows of human beings: accounts replaced by the account that stands for the person."""
    return """
        SELECT coalesce(i.person_id, r.person_id) AS person_id, r.role, r.valid_from, r.valid_to, r.site, r.site_kind,
               r.team, r.queue
        FROM rosters r LEFT JOIN identities i ON i.account_id = r.person_id AND NOT i.deleted
        WHERE NOT r.deleted"""


def roles_on(days: str, *, auditor_roles: tuple[str, ...], senior_roles: tuple[str, ...]) -> str:
    """Select whether a person was an auditor, and a senior one, on a day.

    Args:
        days: a table or select with person_id and day.
        auditor_roles: roster roles of auditors.
        senior_roles: roster roles of seniors.
    """
    return f"""
        SELECT d.person_id, d.day,
               max(CASE WHEN r.role IN ({_listed(auditor_roles)}) THEN 1 ELSE 0 END) = 1 AS is_auditor,
               max(CASE WHEN r.role IN ({_listed(senior_roles)}) THEN 1 ELSE 0 END) = 1 AS is_senior
        FROM {days} d JOIN rc_rosters r ON r.person_id = d.person_id AND r.valid_from <= d.day
                                       AND (r.valid_to IS NULL OR d.day <= r.valid_to)
        GROUP BY d.person_id, d.day"""


def places_on(days: str) -> str:
    """Select one site, team and queue for a person on a day.

    Where several rows are valid the person's row as an evaluator counts first, then the one that began last.
    """
    return f"""
        SELECT person_id, day, site, site_kind, team, queue
        FROM (SELECT d.person_id, d.day, r.site, r.site_kind, r.team, r.queue,
                     row_number() OVER (PARTITION BY d.person_id, d.day ORDER BY
                         CASE r.role WHEN 'evaluator' THEN 0 WHEN 'agent' THEN 1 WHEN 'auditor' THEN 2
                                     WHEN 'senior_auditor' THEN 3 ELSE 4 END,
                         r.valid_from DESC, r.site, r.team, r.queue) AS place
              FROM {days} d JOIN rc_rosters r ON r.person_id = d.person_id AND r.valid_from <= d.day
                                             AND (r.valid_to IS NULL OR d.day <= r.valid_to)) x
        WHERE place = 1"""


def _listed(roles: tuple[str, ...]) -> str:
    return ", ".join(dialect.text(role) for role in roles) or "NULL"
