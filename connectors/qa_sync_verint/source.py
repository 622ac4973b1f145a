"""The source: which streams there are, and who reads each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from qa_sync.errors import ConfigError, Problem, SourceError
from qa_sync.http import Retry
from qa_sync.ports import Context, Page, Stream
from qa_sync_verint.bundled import find
from qa_sync_verint.das import Interactions
from qa_sync_verint.files import FilesReader, Profile, load_profile
from qa_sync_verint.probe import check_files, check_rest
from qa_sync_verint.rest import read_listing
from qa_sync_verint.settings import KNOWN_PATHS, ResourceSettings, read_settings
from qa_sync_verint.tenant import Clock, Tenant, utc_now

DOCS = {
    "employees": "Employees, reduced to what identifies them; a complete listing.",
    "organizations": "Organizations; a complete listing.",
    "groups": "Groups; a complete listing.",
    "interactions": "Recorded interactions, by the query interface.",
}


class VerintSource:
    """Export files and REST of one Verint system."""

    def __init__(
        self, raw: Mapping[str, Any], context: Context, *, retry: Retry | None = None, clock: Clock = utc_now
    ) -> None:
        self._context = context
        self._retry = retry
        self._clock = clock
        self.settings, problems = read_settings(raw, context.name)
        self.profile_path: Path | None = None
        self._profile: Profile | None = None
        if self.settings.files is not None:
            self.profile_path = find(self.settings.files.profile, context.folder)
            try:
                self._profile = load_profile(self.profile_path, shown_as=self._shown(self.profile_path))
            except ConfigError as error:
                problems += error.problems
        offered = self._offered()
        problems += self._unknown_streams(offered)
        if problems:
            raise ConfigError(problems)
        wanted = self.settings.streams if self.settings.streams is not None else self._default_streams()
        self._streams = {name: offered[name] for name in wanted}
        self._tenant: Tenant | None = None

    def streams(self) -> Sequence[Stream]:
        """Return the streams that are switched on."""
        return tuple(self._streams.values())

    def read(self, stream: str, cursor: str | None) -> Iterator[Page]:
        """Yield the pages of a stream behind a cursor."""
        if stream not in self._streams:
            msg = f"no stream {stream!r}; there are {', '.join(self._streams)}"
            raise SourceError(msg)
        if self._profile is not None and stream in self._profile.streams:
            return self._files(stream).read(cursor)
        if stream == "interactions":
            rest = self.settings.rest
            keep = self._context.mapped_fields.get("interactions", frozenset())
            return Interactions(self.tenant, rest.interactions, keep).read(cursor) if rest else iter(())
        return read_listing(self.tenant, stream, self._resource(stream))

    def check(self, *, probe: bool = False) -> Sequence[Problem]:
        """Return what is wrong with folder, credentials and clock; a probe also tries signature variants."""
        found: list[Problem] = []
        base = ("sources", self._context.name)
        if self.settings.files is not None and self._profile is not None:
            own = {name: profile for name, profile in self._profile.streams.items() if name in self._streams}
            found += check_files(self._folder(), own, base) if own else []
        if self.settings.rest is not None and any(name in DOCS for name in self._streams):
            found += check_rest(self.tenant, base, probe=probe, notify=self._context.notify)
        return found

    def left_out(self, stream: str) -> Sequence[str]:
        """Return the columns of a stream's newest files that the profile does not list."""
        is_of_files = self._profile is not None and stream in self._profile.streams
        return self._files(stream).left_out() if is_of_files else ()

    @property
    def how_to_keep(self) -> str:
        """Where a column is listed to be stored."""
        files = self.settings.files
        return f"list it under keep: of its stream in {files.profile if files else 'the file profile'}"

    def close(self) -> None:
        """Give back connections."""
        if self._tenant is not None:
            self._tenant.close()
            self._tenant = None

    @property
    def tenant(self) -> Tenant:
        """The REST interface; there is one only where ``rest`` is set."""
        if self._tenant is None:
            if self.settings.rest is None:
                msg = "this stream needs rest: {base_url, auth} in qa-sync.yaml"
                raise SourceError(msg)
            self._tenant = Tenant(self.settings.rest, notify=self._context.notify, retry=self._retry, clock=self._clock)
        return self._tenant

    def _files(self, stream: str) -> FilesReader:
        profile = self._profile
        if profile is None:
            msg = "no file profile"
            raise SourceError(msg)
        return FilesReader(
            self._folder(), profile.streams[stream], notify=self._told_of_file, page_records=self.settings.page_records
        )

    def _told_of_file(self, line: str) -> None:
        # A file that was read whole is no news, and there may be hundreds; one with rejects is.
        if not line.endswith(", 0 rejected"):
            self._context.notify(line)

    def _folder(self) -> Path:
        files = self.settings.files
        return self._context.folder / files.folder if files else self._context.folder

    def _resource(self, name: str) -> ResourceSettings:
        rest = self.settings.rest
        return rest.resources.get(name, ResourceSettings()) if rest else ResourceSettings()

    def _offered(self) -> dict[str, Stream]:
        offered: dict[str, Stream] = {}
        if self.settings.rest is not None:
            for name in (*KNOWN_PATHS, *self.settings.rest.resources):
                offered[name] = Stream(name=name, order="arrival", doc=DOCS.get(name, "Described in rest.resources."))
        for name, profile in (self._profile.streams if self._profile else {}).items():
            offered[name] = Stream(
                name=name,
                order="source" if profile.order else "arrival",
                doc=f"Export files, one record an evaluation, grain {profile.grain}.",
            )
        return offered

    def _default_streams(self) -> list[str]:
        names = list(self._profile.streams) if self._profile else []
        rest = self.settings.rest
        if rest is not None:
            names += [name for name in ("employees", *rest.resources) if name not in names]
        return names

    def _unknown_streams(self, offered: Mapping[str, Stream]) -> list[Problem]:
        base = ("sources", self._context.name)
        found: list[Problem] = []
        for at, name in enumerate(self.settings.streams or ()):
            if name not in offered and (self._profile is not None or self.settings.files is None):
                hint = f"there are {', '.join(offered) or 'none'}"
                if name in ("evaluations", "forms", "appeals", "evaluation_answers"):
                    hint += f"; {name} by REST need rest.resources.{name}.path, from your tenant's SDK documentation"
                found.append(Problem(what=f"no stream {name!r}", hint=hint, path=(*base, "streams", at)))
        rest = self.settings.rest
        for name in self._profile.streams if self._profile else {}:
            if rest is not None and name in rest.resources:
                what = "this stream comes from export files too"
                found.append(Problem(what=what, hint="keep one of them", path=(*base, "rest", "resources", name)))
        return found

    def _shown(self, path: Path) -> str:
        try:
            return path.relative_to(self._context.folder).as_posix()
        except ValueError:
            return path.name
