"""What ``qa-sync check`` can find out: is the folder there, do the clocks agree, which signature is taken."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path

from qa_sync.errors import AuthError, Problem, QASyncError
from qa_sync_verint.auth import HmacAuth, Signing
from qa_sync_verint.files.deliveries import find_deliveries
from qa_sync_verint.files.profile import StreamProfile
from qa_sync_verint.settings import KNOWN_PATHS, ResourceSettings
from qa_sync_verint.tenant import Tenant
from qa_sync_verint.wire import slice_listing

#: Clocks further apart than this are reported; how much a server bears is not public.
MAX_SKEW_SECONDS = 60.0

#: What public clients disagree about; when a signature is refused, every mix is tried, those with fewest changes first.
CHOICES: dict[str, tuple[object, object]] = {
    "sign_query": (False, True),
    "path_form": ("raw", "decoded"),
    "canonical_headers": ("lower_names", "lower_all"),
    "key_encoding": ("base64url", "raw"),
}
#: A query, an escape and a header make the variants differ; the answer's contents do not matter.
_PROBE_PARAMS = {"sort": "-id"}


def check_files(folder: Path, streams: Mapping[str, StreamProfile], base: tuple[str | int, ...]) -> list[Problem]:
    """Return what is wrong with the folder of file streams. A folder without files is a quiet one."""
    path = (*base, "files", "folder")
    if not folder.is_dir():
        return [Problem(what="no such folder", hint="make it, or correct the path", path=path)]
    return [
        Problem(what=f"{stream}: {file.name}: {file.refused.reason}", path=path)
        for stream, profile in streams.items()
        for delivery in find_deliveries(folder, profile)
        for file in delivery.files
        if file.refused is not None
    ]


def check_rest(
    tenant: Tenant, base: tuple[str | int, ...], *, probe: bool, notify: Callable[[str], None]
) -> list[Problem]:
    """Return what is wrong with credentials and clock; where a signature is refused, the variant the server takes.

    ``probe`` also asks with a query, which an account may get to need only later.
    """
    path = (*base, "rest", "auth")
    found: list[Problem] = []
    settings = tenant.settings.resources.get("employees", ResourceSettings())
    employees = settings.path or KNOWN_PATHS["employees"]
    try:
        records, _raws, _next = slice_listing(tenant.get(employees, settings.params), "employees")
        notify(f"employees: {len(records)} on the first page")
        if probe and isinstance(tenant.auth, HmacAuth):
            tenant.get(employees, _PROBE_PARAMS)
    except AuthError as error:
        hint = _taken(tenant, employees) if isinstance(tenant.auth, HmacAuth) else ""
        found.append(Problem(what=str(error), hint=hint, path=path))
    except QASyncError as error:
        found.append(Problem(what=str(error), path=(*base, "rest", "base_url")))
    ahead = tenant.server_ahead
    if ahead is not None and abs(ahead) > MAX_SKEW_SECONDS:
        what = f"the server's clock is {ahead:+.0f} s from ours"
        found.append(Problem(what=what, hint="set this machine's clock: signatures carry the time", path=path))
    return found


def _taken(tenant: Tenant, path: str) -> str:
    """Try the variants of the signature; return which one the server takes, as settings."""
    current = tenant.settings.auth.signing
    for signing in _variants(current):
        try:
            signing.key_bytes(tenant.settings.auth.key)
        except ValueError:
            continue
        attempt = Tenant(
            tenant.settings, notify=lambda _line: None, retry=tenant.retry, clock=tenant.clock, signing=signing
        )
        try:
            attempt.get(path, _PROBE_PARAMS)
        except QASyncError:
            continue
        finally:
            attempt.close()
        changed = {name: getattr(signing, name) for name in CHOICES if getattr(signing, name) != getattr(current, name)}
        return "the server takes " + ", ".join(f"{name}: {str(value).lower()}" for name, value in changed.items())
    return "no variant of the signature was taken: the key itself is refused"


def _variants(current: Signing) -> list[Signing]:
    mixes = [dict(zip(CHOICES, values, strict=True)) for values in itertools.product(*CHOICES.values())]
    changes = {at: sum(getattr(current, name) != value for name, value in mix.items()) for at, mix in enumerate(mixes)}
    return [Signing(**mixes[at]) for at in sorted(changes, key=lambda at: changes[at]) if changes[at]]  # type: ignore[arg-type]
