"""What each setting means, by model and key. Keys, kinds and defaults come from the models themselves.

A key without words, and words without a key, fail the tests of the documentation.
"""

from __future__ import annotations

_SHEET = {
    "connector": "Always `gsheets`.",
    "spreadsheet": "Address or id of a spreadsheet that a person made and shared with the account. qa-sync makes none: a "
    "service account owns no storage.",
    "credentials": "How to sign in; one word, or the keys below. Without it: what the machine has.",
    "credentials.kind": "`application_default`: what the machine has (an attached account, or `gcloud auth "
    "application-default login`). `service_account`: a key. `oauth_user`: a person's authorization. "
    "`anonymous`: the sandbox on this machine.",
    "credentials.file": "Path of the key or authorization file, relative to the workspace.",
    "credentials.json": "The text of a service account's key instead of a file, such as `${GOOGLE_KEY}`.",
    "base_url": "Another host, for a sandbox on this machine.",
    "timeout": "Seconds to wait for an answer. Google takes up to 180 for one request.",
    "calls_per_minute": "Most reads, and most writes, in a minute. Google allows 60 of each.",
}

WORDS: dict[str, dict[str, str]] = {
    "workspace": {
        "programme": "The rules of the quality programme. They decide numbers; every run keeps them.",
        "programme.name": "Name of the programme.",
        "programme.time_zone": "IANA zone, such as `Europe/Dublin`. Dates and ISO weeks are of this zone.",
        "programme.tolerance": "Largest difference of two scores that counts as agreement, in points of 100, inclusive. A "
        "form's own tolerance wins.",
        "programme.audit_window_days": "How long after an evaluation an audit may follow and still be matched by key. "
        "Audits that name their evaluation are matched whenever they come.",
        "programme.n_min": "Below this many pairs a rate is left empty; its interval and n are shown.",
        "programme.self_audit_gap_days": "Days after which a blind repeat by the same person counts as intra-rater.",
        "programme.dispute_window_days": "Days after its release in which an evaluation can be disputed.",
        "programme.calibration_evaluators": "So many people's evaluations of one interaction on one form version make a "
        "calibration, for systems that know no sessions: 2 or more. 0: only sessions do.",
        "programme.propagate_ata_to_agent": "Whether an overturned audit changes the score the agent sees.",
        "programme.auditor_roles": "Roles on the roster whose evaluations of that day are audits.",
        "programme.senior_roles": "Roles whose audits come before those of other auditors where an evaluation has several.",
        "programme.score_mismatch": "Largest difference between a recomputed and a reported score, in points of 100, that "
        "is no exception.",
        "programme.min_common_weight": "Share of a form's weight that two versions must have in common to be compared.",
        "programme.retention_days": "For how long the state of a run can be shown again, see [retention](#retention).",
        "programme.basis_event": "Whose date decides the week a pair counts in: the evaluation's submission, the "
        "interaction's closing, or the audit's submission.",
        "programme.references": "Kinds of evaluations that are the reference of every evaluation of the same item, such "
        "as gold answers.",
        "programme.seed": "Seed of simulated intervals, so that equal data give equal intervals.",
        "store": "Where the store is: a folder, relative to the workspace, or `s3://BUCKET/PREFIX`; see [in a bucket](#in-a-bucket).",
        "storage": "How a store in a bucket is reached. What is left out comes from the environment (`AWS_ACCESS_KEY_ID` and so on), or from the machine's role.",
        "storage.endpoint": "Address of S3-compatible storage that is not Amazon's, such as `https://minio.internal:9000`.",
        "storage.region": "Region of the bucket.",
        "storage.access_key_id": "Key, as a reference: `${NAME}`, `${file:PATH}` or `${keyring:SERVICE/NAME}`.",
        "storage.secret_access_key": "Its secret, as a reference.",
        "storage.session_token": "Token of a temporary key, as a reference.",
        "engine": "What computes: duckdb; spark, on this machine; or spark: and a master or Connect URL, such as "
        "spark:sc://host:15002. See [growing](#growing).",
        "forms": "Form catalogue files; see [forms](#forms).",
        "max_new_rejects": "A run that sets aside more records than this, not seen before, ends with exit code 3.",
        "max_reject_share": "Where a mapping refuses more than this share of a stream's records, nothing is published "
        "(exit code 2); what was pulled stays.",
        "sources": "Where records come from, each under a name of yours (lower-case letters, digits, `_`).",
        "sources.NAME.connector": "Which connector reads it; `qa-sync connectors` lists them. The connector's own settings "
        "stand beside it.",
        "sources.NAME.mapping": "Mapping file. Without it: `mappings/<connector>.yaml`.",
        "sinks": "Where dashboards are shown, each under a name of yours.",
        "sinks.NAME.connector": "Which connector writes it; its own settings stand beside it.",
        "sinks.NAME.for_each": "Value of the dashboards' `for_each` column → settings that differ for it, such as "
        "`{Manila: {spreadsheet: 1AbC...}}`.",
        "dashboards": "What is shown, each under a name of yours.",
        "dashboards.NAME.definition": "Definition file; see [dashboards](#dashboards).",
        "dashboards.NAME.sinks": "Names of the sinks that show it.",
        "dashboards.NAME.for_each": "A column or dimension, such as `site`: each of its values gets a place of its own; "
        "see [one workbook a site](#one-workbook-a-site).",
        "dashboards.NAME.names": "With `for_each`: `own` shows people of other values under an alias, `all` by name.",
        "schedule": "When `qa-sync watch` runs everything by itself; see [scheduling](scheduling.md#requests-and-the-watch).",
        "schedule.at": "Times of day as `HH:MM`, in the programme's zone.",
        "schedule.days": "Days of the week, `mon` to `sun`.",
        "retention": "What goes when it is old; what is not named stays. See [retention](#retention).",
        "retention.streams": "`SOURCE.STREAM` → the two limits of that stream.",
        "retention.streams.NAME.raw": "Days for which its raw records are kept.",
        "retention.streams.NAME.tables": "Days for which the rows made of them are kept.",
        "retention.published": "Days for which earlier states of published cells are kept; the last one always is.",
        "retention.rejects": "Days for which the list of records set aside is kept.",
        "retention.findings": "Days for which findings are kept.",
    },
    "zendesk": {
        "connector": "Always `zendesk`.",
        "base_url": "Address of the account, such as `https://acme.zendesk.com`, without `/api/v2`.",
        "auth": "How to sign in.",
        "auth.kind": "`client_credentials`: OAuth with a confidential client, renewed as needed; use this. `refresh_token`: "
        "OAuth from an authorization; the newest token is kept in the store's state folder. `bearer`: a token "
        "that somebody else renews. `api_token`: works until Zendesk stops API tokens on 2027-04-30.",
        "auth.client_id": "OAuth client; for the two OAuth kinds.",
        "auth.client_secret": "Its secret.",
        "auth.scope": "Scope to ask for.",
        "auth.refresh_token": "First refresh token, for `refresh_token`.",
        "auth.token": "The token, for `bearer` and `api_token`.",
        "auth.email": "Whose API token it is, for `api_token`.",
        "streams": "What to read; see the list below.",
        "start": "How far back the first pull goes. Later pulls go on from the cursor.",
        "per_page": "Records a page; lowered for a while when pages time out.",
        "keep": "Dotted paths to store on top of the safe default, by stream, such as `{tickets: [subject]}`; `[]` stands "
        "for every element of a list, `custom_fields.ID` for one field.",
        "hash_key": "Secret, at least 16 characters, under which ids of requesters are hashed. Without it one is made and "
        "kept in the store; set it to get equal hashes in two workspaces.",
        "metric_sets": "Have each ticket carry its metrics, such as when it was solved.",
        "support_type_scope": "`all` also brings tickets that only an AI agent handled.",
        "audit_tickets": "Numbers of the tickets whose audits the stream `ticket_audits` reads.",
        "audit_search": "A search that chooses them, such as `tags:escalated`.",
        "qa_auth": "Zendesk QA's own token, for the streams that begin with `qa_`; made in Zendesk QA under Settings, "
        "Connections. A source that reads only these needs no `auth`.",
        "qa_auth.kind": "Always `bearer`.",
        "qa_auth.token": "The token.",
        "qa_look_back_days": "How far before the last pull QA records are read again: they change long after they were "
        "written.",
        "qa_full_days": "After how many days all QA records are read again; what is not there any more is then deleted.",
        "qa_workspaces": "Numbers of the QA workspaces to read; none means all.",
        "write_back": "What `zendesk write-back` writes into tickets; without it nothing ever is.",
        "write_back.select": "SQL over the workspace's tables, with a column `ticket_id` and those named below.",
        "write_back.custom_fields": "Ticket field number: column whose value it gets.",
        "write_back.tags": "Tags to add, such as `qa_{outcome}`; `{column}` stands for a value.",
        "write_back.note": "Internal note to add, such as `QA: {outcome}, {delta} points`.",
    },
    "verint": {
        "connector": "Always `verint`.",
        "files": "Export files: the default source of evaluations.",
        "files.folder": "Folder of the files, relative to the workspace.",
        "files.profile": "File that describes their layout; start from `mappings/verint_files.yaml`.",
        "rest": "The tenant's REST interface: employees, organisations, groups, interactions; evaluations where your "
        "tenant's documentation says how.",
        "rest.base_url": "Address of the tenant.",
        "rest.auth": "How requests are authorised.",
        "rest.auth.kind": "`hmac`: signed requests with an API key. `session`: user and password. `oauth2`: client "
        "credentials. `none`: nothing is sent.",
        "rest.auth.key_id": "API key's id, for `hmac`.",
        "rest.auth.key": "API key, for `hmac`.",
        "rest.auth.standby": "A second API key, used when the first is refused, so that keys can be changed without a gap.",
        "rest.auth.standby.key_id": "Its id.",
        "rest.auth.standby.key": "The key.",
        "rest.auth.sign_query": "Whether the query is part of what is signed. `qa-sync check` finds out.",
        "rest.auth.path_form": "Whether the path is signed as sent or decoded; `qa-sync check` finds out.",
        "rest.auth.canonical_headers": "How `Verint-` headers are signed; `qa-sync check` finds out.",
        "rest.auth.key_encoding": "How the key is written; older internal keys are `raw` text.",
        "rest.auth.headers": "Further headers to send and sign; names begin with `Verint-`.",
        "rest.auth.user": "For `session`.",
        "rest.auth.password": "For `session`.",
        "rest.auth.token_url": "For `oauth2`.",
        "rest.auth.client_id": "For `oauth2`.",
        "rest.auth.client_secret": "For `oauth2`.",
        "rest.auth.standby_client_id": "A second client for `oauth2`, used when the first is refused.",
        "rest.auth.standby_client_secret": "Its secret.",
        "rest.auth.scope": "For `oauth2`.",
        "rest.resources": "Resources to read: `employees`, `organizations`, `groups`; and, with their path from your "
        "tenant's documentation, `evaluations`, `evaluation_answers`, `forms`, `appeals`.",
        "rest.resources.NAME.path": "Path below the address. Known for the first three; needed for the others.",
        "rest.resources.NAME.records": "JSON pointer of the list of records in an answer.",
        "rest.resources.NAME.id": "JSON pointer of a record's id.",
        "rest.resources.NAME.stamp": "JSON pointer of the time that tells which of two versions is newer. Without it, "
        "arrival tells.",
        "rest.resources.NAME.next": "JSON pointer of the next page's address.",
        "rest.resources.NAME.keep": "JSON pointers of what may be stored of a record. What is not public has no default: "
        "nothing is stored that is not listed.",
        "rest.resources.NAME.params": "Query parameters of the first request.",
        "rest.interactions": "The interaction query, read in windows of time.",
        "rest.interactions.path": "Its path.",
        "rest.interactions.start": "First day to read. Without it: seven days back.",
        "rest.interactions.window_minutes": "Length of a window; halved where an answer is full.",
        "rest.interactions.overlap_minutes": "How far back each sync reads again, because interactions change after they "
        "began.",
        "rest.interactions.time_zone": "Zone of the times that the query takes and gives.",
        "rest.interactions.keep": "Custom data fields that may be stored.",
        "rest.interactions.max_records": "How many records an answer holds at most on your tenant, where you know it.",
        "rest.spacing_seconds": "Pause between requests.",
        "streams": "Streams to read. Without it: those of the file profile, and employees where `rest` is set.",
        "page_records": "Evaluations handed over at a time.",
    },
    "verint profile": {
        "version": "Version of this kind of file.",
        "streams": "Layouts, by stream; `evaluations` is the one that the starter mapping reads.",
        "streams.NAME.glob": "Patterns of file names inside the folder.",
        "streams.NAME.members": "Pattern of names inside a zip file.",
        "streams.NAME.encodings": "Encodings, tried in order; `utf-16` only with a byte-order mark.",
        "streams.NAME.delimiters": "Delimiters, tried in order: the one under which a header row is found.",
        "streams.NAME.quote": "Quotation mark.",
        "streams.NAME.escape": 'Escape character, for exports that write `\\"` inside quotes.',
        "streams.NAME.header_lines": "How many lines to look for the header in, past any preamble.",
        "streams.NAME.positions": "Column names by position, for files without a header.",
        "streams.NAME.sheet": "Sheet of a workbook; without it, every sheet is looked at.",
        "streams.NAME.formulas": "What a workbook's formulas are: a reason to reject the row, or their values.",
        "streams.NAME.grain": "What one row is: an answer, or a whole evaluation.",
        "streams.NAME.key": "Which columns identify a record; names from `aliases`.",
        "streams.NAME.key.evaluation": "Columns that together identify an evaluation.",
        "streams.NAME.key.answer": "Columns that identify an answer within it.",
        "streams.NAME.required": "Columns that a header must have to be one.",
        "streams.NAME.aliases": "The headers that each column may have. Compared without case, spaces, underscores and "
        "hyphens; the first that is there wins. Only what is listed here is stored.",
        "streams.NAME.answer_columns": "Columns that belong to an answer and not to the evaluation.",
        "streams.NAME.competencies": "Column groups of `grain: evaluation`: one criterion each.",
        "streams.NAME.competencies[].name": "Criterion.",
        "streams.NAME.competencies[].rating": "Headers that its rating may have.",
        "streams.NAME.competencies[].reason": "Headers of its reason; without it, the rating's with `_Reason` behind.",
        "streams.NAME.competencies[].comment": "Headers of its comment; without it, the rating's with `_Comment` behind.",
        "streams.NAME.dates": "Date columns. Every column whose name ends in `_at` needs its entry: nothing in a file "
        "tells which zone it means.",
        "streams.NAME.dates.NAME.formats": "Formats, tried in order.",
        "streams.NAME.dates.NAME.time_zone": "Zone: one IANA name, or the keys below.",
        "streams.NAME.dates.NAME.time_zone.name": "One zone for all rows.",
        "streams.NAME.dates.NAME.time_zone.by": "Column whose value decides the zone, such as the site.",
        "streams.NAME.dates.NAME.time_zone.values": "Zone of each of its values.",
        "streams.NAME.dates.NAME.on_bad": "What a text that is no date does: reject the row, or count as missing.",
        "streams.NAME.order": "Where the order of versions comes from: the file's name. Without it, arrival tells.",
        "streams.NAME.order.name": "Pattern on the name with a group `date` or `number`, such as `(?P<date>20[0-9]{6})`.",
        "streams.NAME.order.date_format": "Format of the date in the name.",
        "streams.NAME.order.missing": "What a name without it does: reject the file, or stand before all others.",
        "streams.NAME.tombstones": "Values that mean: this evaluation was deleted.",
        "streams.NAME.status_columns": "Columns in which those values stand.",
        "streams.NAME.skip_rows": "Patterns of rows that are no records, such as totals.",
        "streams.NAME.keep": "Columns of free words to store all the same, such as `comment`. Without it they are dropped.",
    },
    "gsheets source": {
        **_SHEET,
        "tabs": "Tabs to read, each a stream under a name of yours.",
        "tabs.NAME.title": "Title of the tab; give this or `gid`.",
        "tabs.NAME.gid": "Number of the tab in its address (`#gid=`), which renaming does not change.",
        "tabs.NAME.managed": "Instead of title or gid: a tab that qa-sync keeps up, as `dashboard/tab`; read is what people "
        "wrote beside its rows, see [what people write back](#what-people-write-back).",
        "tabs.NAME.key": "Headers whose values identify a row, such as `[person, valid_from]`.",
        "tabs.NAME.header_row": "Row of the headers, counted from 1.",
        "tabs.NAME.keep": "Headers to store. Without it: all.",
        "who": "`drive`: rows of managed tabs say who changed the file last, and when; needs the scope "
        "`drive.metadata.readonly`.",
        "page_rows": "Rows handed over at a time.",
    },
    "gsheets sink": {
        **_SHEET,
        "watch": "How `qa-sync watch` learns of ticked boxes. `control` reads the control tab at every look. `drive` asks "
        "Drive's list of changes, which costs no quota of Sheets; it needs the scope `drive.metadata.readonly`.",
        "unverified": "Behaviour of Google that nobody has shown in public.",
        "unverified.column_guard": "`recreate`: a write fails as a whole when somebody moved a column while it was on its "
        "way. `none` leaves that window open; only for when Google refuses the first.",
    },
    "files": {
        "connector": "Always `files`.",
        "folder": "Folder of the files.",
        "relative_to": "Where a relative folder starts: the workspace, or the current directory.",
        "streams": "Streams, each under a name of yours.",
        "streams.NAME.glob": "Pattern of file names inside the folder, such as `*_labels.csv`.",
        "streams.NAME.key": "Columns whose values identify a record; `_file` and `_row` are the file's name and the row's "
        "number. Without it a record is its file and row.",
        "streams.NAME.order": "What tells which of two versions of a record is newer. Without any of the four: arrival.",
        "streams.NAME.order.stamp": "A column of ISO dates or times.",
        "streams.NAME.order.seq": "A column of whole numbers. Without it the row's number decides among equal stamps.",
        "streams.NAME.order.from_name": "Pattern on the file's name with a group around its date, or a group `number`.",
        "streams.NAME.order.time_zone": "Zone of stamps that name none. Without it: the programme's.",
        "streams.NAME.listing": "Whether the files together are always everything there is: what is no longer in them was "
        "deleted.",
        "streams.NAME.format": "Format; `auto` goes by the name's ending. `xlsx` includes xls, xlsb and ods.",
        "streams.NAME.delimiter": "Delimiter of csv files. Without it: what the header line shows.",
        "streams.NAME.encoding": "Encoding of csv files. Without it: UTF-8, or what a byte-order mark says.",
        "streams.NAME.sheet": "Sheet of a workbook. Without it: the first.",
        "streams.NAME.keep": "The only columns to store. Without it: all.",
        "streams.NAME.metadata": "Which of `_file` and `_row` are stored with a record. Leave `row` out where the same "
        "record moves to another row from one delivery to the next.",
        "page_rows": "Rows in memory and on one page.",
    },
    "excel source": {
        "connector": "Always `excel`.",
        "path": "The published workbook, or somebody's copy of it, relative to the workspace; ends in `.xlsx`.",
        "who": "`file`: rows say who saved the file last, and when, as its properties name them.",
        "tabs": "Tabs to read, each a stream under a name of yours.",
        "tabs.NAME.managed": "Which tab, as `dashboard/tab`; read is what people wrote beside its rows, see [what people "
        "write back](#what-people-write-back).",
        "tabs.NAME.keep": "Columns to store, by the name of their input or by their header. Without it: all that are not ours.",
        "page_rows": "Rows handed over at a time.",
    },
    "excel": {
        "connector": "Always `excel`.",
        "path": "The workbook, relative to the workspace; ends in `.xlsx`.",
        "title": "Title in the workbook's properties. Without it: the file's name.",
    },
}

#: Keys of a dashboard definition and of its parts (``qa_sync.dashboards.definition``).
DASHBOARD: dict[str, str] = {
    "version": "Version of this kind of file: 1.",
    "title": "Title of the dashboard.",
    "tabs": "The tabs, in order; their keys are below.",
    "tabs[].name": "Identity of the tab for ever. Without it: the report's name.",
    "tabs[].title": "What people read on the tab at first; they may rename it.",
    "tabs[].report": "Which report it shows; see [reports](reports.md).",
    "tabs[].by": "Columns to group by, as after `qa-sync report NAME --by`.",
    "tabs[].where": "Values to keep, as after `--where`.",
    "tabs[].sql": "Instead of a report: one SELECT, as after `qa-sync query`; see [tabs of your own](#tabs-of-your-own).",
    "tabs[].key": "With `sql`: the column, or list of columns, whose values identify a row.",
    "tabs[].totals": "A first row of totals: `true` for the report over everything, or a list of columns to add up.",
    "tabs[].columns": "Changes to the look of columns, by field name; their keys are below.",
    "tabs[].notes": "Sentences of your own below the report's.",
    "tabs[].inputs": "Columns made for people to fill in: name, and if you like label, options (a dropdown), doc, width; "
    "see [what people write back](#what-people-write-back).",
    "tabs[].charts": "Charts of your own: kind (`line`, `column`, `bar`, `pareto`, `interval`), title, x, series, and if you "
    "like limits (dashed lines), percent, low, high; see [charts](#charts).",
    "tabs[].vanished": "What becomes of a row whose record is no longer shown: `empty` (our cells are emptied, notes stay; a workbook drops a row beside which nobody wrote), `keep` (it stays as it was), `mark` (it stays, and a column says since when it is gone). Without it: `empty`.",
    "tabs[].audience": "`auditees` where those who are audited read the tab: audits under embargo are then held back.",
    "tabs[].columns.FIELD.label": "Heading.",
    "tabs[].columns.FIELD.width": "Width in pixels.",
    "tabs[].columns.FIELD.decimals": "Decimals of numbers and percents.",
    "tabs[].columns.FIELD.kind": "How numbers are shown: `integer`, `number` or `percent`; anything can be `text`.",
    "tabs[].columns.FIELD.tone": "Colours by meaning: `outcome`, `leniency`, `share`, `share_bad`, `bar` (a data bar), `heat` "
    "(one scale for all columns that have it).",
    "tabs[].columns.FIELD.doc": "What the header's note says.",
    "tabs[].columns.FIELD.options": "What a dropdown offers in the cells, for a column with `policy: keep` or `report`.",
    "tabs[].columns.FIELD.hide": "True leaves the column out.",
    "tabs[].columns.FIELD.link": "Where the cell leads: an address with `{value}` for the cell, or `{id}` for what follows its "
    "first colon. A link set later reaches every cell at the next refresh; in the key column, new rows only.",
    "tabs[].columns.FIELD.policy": "What happens when a person has overwritten our value: `enforce` writes it again, "
    "`keep` leaves theirs, `report` leaves theirs and counts it.",
}

#: Keys of a form catalogue (``qa_sync.forms.catalogue``).
FORMS: dict[str, str] = {
    "form_id": "The form family; equal to what the mapping gives evaluations as `form_id`.",
    "version": "Version of the form, a text. One entry a version.",
    "name": "Name people know it by.",
    "higher_is": "`better`, `more_severe` or `neutral`: what a higher value means. Leniency follows from it.",
    "scale": "`points`: scores of 0 to 100 from criteria. `ordinal`, `nominal`: levels.",
    "tolerance": "Largest difference that counts as agreement; points, or levels on an ordinal form. Without it: the "
    "programme's for points, 0 for levels.",
    "pass_mark": "Score from which an evaluation passes.",
    "auto_fail": "What a failed critical criterion does: `zero`, `cap` or `none`.",
    "auto_fail_cap": "The most points left, for `cap`.",
    "scoring": "How the score is made. Left out: weighted share of points. `reported`: only the source knows; pairs are "
    "compared by what it reports. Or the methods by which it adds up; see [below](#scoring-by-methods).",
    "about": "`agent_work`, or `evaluator_work` for a form on which evaluators themselves are judged.",
    "status": "draft, published or retired.",
    "criteria": "The criteria, in the order of the form; their keys are below.",
    "criteria[].key": "Identity; equal to what the mapping gives answers as `criterion_key`.",
    "criteria[].label": "Text of the criterion.",
    "criteria[].section": "Section of the form.",
    "criteria[].category": "Category of your own, across forms.",
    "criteria[].max_points": "Points available.",
    "criteria[].weight": "Weight in the score; 1 where it is not given, 0 for none.",
    "criteria[].critical_class": "`customer`, `business` or `compliance`: whose harm a failure is.",
    "criteria[].is_critical": "Whether failing it fails the evaluation. Without it: whether it has a `critical_class`.",
    "criteria[].asked_when": "The condition under which it is asked; see [below](#criteria-that-are-not-always-asked). Left out: "
    "always.",
    "criteria[].options": "The answers it allows, in the order of the scale: texts, or the keys below. May be left out on a "
    "points form with `max_points`: then any number of points goes.",
    "criteria[].options[].option": "The answer, as the source writes it.",
    "criteria[].options[].label": "What people read.",
    "criteria[].options[].level": "Place on the scale, from 0 without gaps. Without it: the place in the list.",
    "criteria[].options[].points": "Points it earns.",
    "criteria[].options[].is_fail": "Whether it fails the criterion.",
    "criteria[].options[].counts_as": "The option that other versions or systems know it by.",
    "criteria[].counts_as": "The key that other versions or systems know the criterion by.",
    "counts_as": "`form_id` of the form that it is in another system.",
}

#: Columns of reports whose heading says all there is to say in a sheet, for the page that lists them.
FIELDS: dict[str, str] = {
    "kind": "setting, metric, outcome, reason, flag or bucket; in Exceptions, the kind of the evaluation.",
    "name": "What is explained.",
    "unit": "Unit of a metric.",
    "interval": "How a metric's interval is made.",
    "undefined": "When a metric has no value.",
    "source": "Who defined a metric.",
    "site": "Site of the evaluator on the day that counts.",
    "queue": "Queue of the interaction.",
    "form": "Evaluation form.",
    "interaction_id": "The interaction that was judged.",
    "auditee_id": "Who was audited.",
    "auditee_name": "Their name.",
    "auditor_id": "Who audited.",
    "auditor_name": "Their name.",
    "items_agree": "Criteria answered alike.",
    "items_compared": "Criteria compared.",
    "auditee_submitted_at": "When the evaluation was submitted, local time of the programme.",
    "auditor_submitted_at": "When the audit was submitted, local time of the programme.",
    "auditee_evaluation_id": "The evaluation.",
    "auditor_evaluation_id": "The audit.",
    "evaluation_id": "The evaluation, or the audit, that the row is about.",
    "other_id": "The other side, where there is one.",
    "evaluator_id": "Who made it.",
    "evaluator_name": "Their name.",
    "week": "ISO week of the event that counts.",
    "submitted_at": "When it was submitted, local time of the programme.",
}
