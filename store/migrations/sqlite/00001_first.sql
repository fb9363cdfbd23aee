-- +goose Up
-- Times are microseconds since 1970 in UTC, 0 for none. Ids are UUIDs as text. Every tenant-owned table names its partner and, below that, its
-- organisation. What must be unique on the whole platform is a unique index without a tenant.

CREATE TABLE partners (
    id              TEXT PRIMARY KEY,
    parent_id       TEXT REFERENCES partners (id), -- of a sub-partner
    name            TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('active', 'suspended')),
    subscription_id TEXT NOT NULL, -- of a sub-partner; '' for a partner
    billing_start   INTEGER NOT NULL,
    delayed_billing INTEGER NOT NULL CHECK (delayed_billing IN (0, 1)), -- enable_wholesale_delayed_billing
    created         INTEGER NOT NULL
) STRICT;
CREATE INDEX partners_children ON partners (parent_id, created, id);

-- A partner's own softswitch, to which registrations are handed on. Sub-partners without a row follow their parent's.
CREATE TABLE upstreams (
    partner_id  TEXT PRIMARY KEY REFERENCES partners (id),
    enabled     INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    host        TEXT NOT NULL,
    port        INTEGER NOT NULL, -- 0: looked up
    transport   TEXT NOT NULL CHECK (transport IN ('udp', 'tcp', 'tls')),
    ca          TEXT NOT NULL,    -- PEM; '' for the system's
    credentials TEXT NOT NULL CHECK (credentials IN ('own', 'passed')),
    domain      TEXT NOT NULL,    -- '' for each customer's own
    expires     INTEGER NOT NULL,
    rate        INTEGER NOT NULL,
    changed     INTEGER NOT NULL
) STRICT;

CREATE TABLE admins (
    id         TEXT PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    org_id     TEXT NOT NULL, -- the one customer's; '' for the partner
    email      TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name  TEXT NOT NULL,
    role       TEXT NOT NULL CHECK (role IN
        ('full_partner_admin', 'wholesale_admin', 'readonly_partner_admin', 'full_customer_admin', 'readonly_customer_admin', 'device_admin')),
    created    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX admins_email ON admins (partner_id, email);
CREATE INDEX admins_list ON admins (partner_id, created, id);

-- Integrations are the clients of OAuth 2, and their ids the client ids.
CREATE TABLE integrations (
    id            TEXT PRIMARY KEY,
    partner_id    TEXT NOT NULL REFERENCES partners (id),
    admin_id      TEXT NOT NULL REFERENCES admins (id) ON DELETE CASCADE, -- who made it
    name          TEXT NOT NULL,
    secret_hash   BLOB NOT NULL CHECK (length(secret_hash) = 32),
    redirect_uris TEXT NOT NULL, -- JSON array
    scopes        TEXT NOT NULL, -- JSON array
    created       INTEGER NOT NULL
) STRICT;
CREATE INDEX integrations_list ON integrations (partner_id, created, id);
CREATE INDEX integrations_admin ON integrations (admin_id);

CREATE TABLE grants (
    id              TEXT PRIMARY KEY,
    partner_id      TEXT NOT NULL REFERENCES partners (id),
    integration_id  TEXT NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    admin_id        TEXT NOT NULL REFERENCES admins (id) ON DELETE CASCADE, -- who authorised the integration
    scopes          TEXT NOT NULL, -- JSON array
    redirect_uri    TEXT NOT NULL, -- '' for none
    challenge       TEXT NOT NULL, -- '' for none
    code_hash       BLOB NOT NULL CHECK (length(code_hash) = 32), -- stays, to notice a second exchange
    code_expires    INTEGER NOT NULL,
    refresh_hash    BLOB CHECK (length(refresh_hash) = 32), -- NULL until the code was exchanged
    refresh_expires INTEGER NOT NULL, -- 0 until the code was exchanged
    created         INTEGER NOT NULL,
    last_used       INTEGER NOT NULL -- 0: never
) STRICT;
CREATE UNIQUE INDEX grants_code ON grants (code_hash);
CREATE UNIQUE INDEX grants_refresh ON grants (refresh_hash);
CREATE INDEX grants_list ON grants (integration_id, admin_id, created, id);
CREATE INDEX grants_admin ON grants (admin_id);

CREATE TABLE tokens (
    hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
    id         TEXT NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    admin_id   TEXT NOT NULL REFERENCES admins (id) ON DELETE CASCADE,
    grant_id   TEXT REFERENCES grants (id) ON DELETE CASCADE, -- of an integration's access token
    name       TEXT NOT NULL,
    scopes     TEXT NOT NULL, -- JSON array
    created    INTEGER NOT NULL,
    expires    INTEGER NOT NULL, -- 0: never
    last_used  INTEGER NOT NULL -- 0: never; to the hour
) STRICT;
CREATE UNIQUE INDEX tokens_id ON tokens (id);
CREATE INDEX tokens_list ON tokens (partner_id, created, id);
CREATE INDEX tokens_admin ON tokens (admin_id);
CREATE INDEX tokens_grant ON tokens (grant_id, created, id);

CREATE TABLE identity_providers (
    id                     TEXT PRIMARY KEY,
    partner_id             TEXT NOT NULL REFERENCES partners (id),
    name                   TEXT NOT NULL,
    client_id              TEXT NOT NULL,
    client_secret          BLOB NOT NULL, -- sealed
    scopes                 TEXT NOT NULL, -- with blanks between
    authorization_endpoint TEXT NOT NULL,
    token_endpoint         TEXT NOT NULL,
    discovery_url          TEXT NOT NULL,
    user_info_endpoint     TEXT NOT NULL,
    jwks_endpoint          TEXT NOT NULL,
    created                INTEGER NOT NULL,
    folded_name            TEXT NOT NULL -- the name in lower case: it is unique without regard to case
) STRICT;
CREATE UNIQUE INDEX identity_providers_name ON identity_providers (partner_id, folded_name);
CREATE INDEX identity_providers_list ON identity_providers (partner_id, created, id);

CREATE TABLE pstn_vendors (
    id         TEXT PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    name       TEXT NOT NULL,
    countries  TEXT NOT NULL, -- JSON array
    created    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX pstn_vendors_name ON pstn_vendors (partner_id, name);
CREATE INDEX pstn_vendors_list ON pstn_vendors (partner_id, created, id);

CREATE TABLE templates (
    id              TEXT PRIMARY KEY,
    partner_id      TEXT NOT NULL REFERENCES partners (id),
    provisioning_id TEXT NOT NULL,
    name            TEXT NOT NULL,
    country         TEXT NOT NULL,
    language        TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    created         INTEGER NOT NULL,
    type                      TEXT NOT NULL CHECK (type IN ('webex_for_wholesale')),
    service_provider_admin    TEXT NOT NULL,
    authentication            TEXT NOT NULL CHECK (authentication IN ('webex', 'partner_saml', 'partner_oidc')),
    entity_id                 TEXT NOT NULL,
    identity_provider_id      TEXT REFERENCES identity_providers (id),
    pstn_vendor_id            TEXT REFERENCES pstn_vendors (id),
    brand_name                TEXT NOT NULL,
    allow_admin_invite_emails INTEGER NOT NULL CHECK (allow_admin_invite_emails IN (0, 1)),
    allow_non_pstn_calls      INTEGER NOT NULL CHECK (allow_non_pstn_calls IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX templates_name ON templates (partner_id, name);
CREATE UNIQUE INDEX templates_provisioning_id ON templates (provisioning_id);
CREATE INDEX templates_list ON templates (partner_id, created, id);
CREATE INDEX templates_identity_provider ON templates (identity_provider_id);
CREATE INDEX templates_pstn_vendor ON templates (pstn_vendor_id);

-- An organisation outlives the wholesale relation that a customer is: its people and locations stay when that ends, and another partner can attach it.
CREATE TABLE organizations (
    id             TEXT PRIMARY KEY,
    partner_id     TEXT NOT NULL REFERENCES partners (id), -- who serves it, or served it last
    sip_domain     TEXT NOT NULL,
    name           TEXT NOT NULL,
    primary_email  TEXT NOT NULL,
    language       TEXT NOT NULL,
    authentication TEXT NOT NULL, -- JSON object {mode, entityId, identityProvider}: how its people sign in, whoever serves it
    domains        TEXT NOT NULL, -- JSON array of {name, claimed}, or null: e-mail domains that are verified
    other_licenses TEXT NOT NULL CHECK (other_licenses IN ('none', 'suspended', 'cancelled', 'active')), -- bought elsewhere
    trial          INTEGER NOT NULL CHECK (trial IN (0, 1)),
    echo           TEXT NOT NULL CHECK (echo IN ('', 'offered', 'demanded')), -- whether its calls to the echo must be encrypted; '': as the server says
    created        INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX organizations_sip_domain ON organizations (sip_domain);

CREATE TABLE customers (
    id            TEXT PRIMARY KEY,
    partner_id    TEXT NOT NULL REFERENCES partners (id),
    org_id        TEXT REFERENCES organizations (id), -- NULL until an organisation is attached
    template_id   TEXT NOT NULL REFERENCES templates (id),
    external_id   TEXT NOT NULL,
    line1         TEXT NOT NULL,
    line2         TEXT NOT NULL,
    city          TEXT NOT NULL,
    state         TEXT NOT NULL,
    postal_code   TEXT NOT NULL,
    country       TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN
        ('provisioning', 'provisioned', 'provisioned_with_errors', 'updating', 'deleting', 'error')),
    screening     TEXT NOT NULL DEFAULT '' CHECK (screening IN ('', 'pending', 'denied')), -- lies over the status
    packages      TEXT NOT NULL, -- JSON array of {name, limit, status, errors}
    errors        TEXT NOT NULL, -- JSON array of {code, message}, or null
    pending       TEXT NOT NULL, -- JSON object: what background work is to do
    partner_role  TEXT NOT NULL CHECK (partner_role IN ('full_admin', 'provisioning_admin')), -- the partner's rights in the organisation
    restricted    INTEGER NOT NULL CHECK (restricted IN (0, 1)), -- restricted by partner mode
    billing_start INTEGER NOT NULL, -- 0: as soon as a package is assigned
    created       INTEGER NOT NULL,
    onboarding    TEXT NOT NULL, -- JSON object: what was taken from the template, but for the two references
    identity_provider_id TEXT REFERENCES identity_providers (id),
    pstn_vendor_id       TEXT REFERENCES pstn_vendors (id)
) STRICT;
CREATE UNIQUE INDEX customers_external_id ON customers (partner_id, external_id);
CREATE UNIQUE INDEX customers_org_id ON customers (org_id);
CREATE INDEX customers_template ON customers (template_id);
CREATE INDEX customers_list ON customers (partner_id, created, id);
CREATE INDEX customers_identity_provider ON customers (identity_provider_id);
CREATE INDEX customers_pstn_vendor ON customers (pstn_vendor_id);

CREATE TABLE locations (
    id                    TEXT PRIMARY KEY,
    partner_id            TEXT NOT NULL REFERENCES partners (id),
    org_id                TEXT NOT NULL REFERENCES organizations (id),
    name                  TEXT NOT NULL,
    line1                 TEXT NOT NULL,
    line2                 TEXT NOT NULL,
    city                  TEXT NOT NULL,
    state                 TEXT NOT NULL,
    postal_code           TEXT NOT NULL,
    country               TEXT NOT NULL,
    time_zone             TEXT NOT NULL,
    language              TEXT NOT NULL,
    emergency_id          TEXT NOT NULL,
    announcement_language TEXT NOT NULL,
    created               INTEGER NOT NULL,
    folded_name           TEXT NOT NULL, -- the name in lower case, to search by
    pstn_vendor_id        TEXT REFERENCES pstn_vendors (id),
    route_type            TEXT NOT NULL CHECK (route_type IN ('', 'TRUNK', 'ROUTE_GROUP')), -- of a premises-based connection
    route_id              TEXT NOT NULL,
    latitude              TEXT NOT NULL,
    longitude             TEXT NOT NULL,
    notes                 TEXT NOT NULL,
    calling               INTEGER NOT NULL CHECK (calling IN (0, 1)),
    main_number           TEXT NOT NULL, -- one of its numbers; '' for none
    routing_prefix        TEXT NOT NULL, -- '' for none
    telephony             TEXT NOT NULL, -- JSON object
    -- The last device whose revision a change of the location has raised: the others come behind it, by id. NULL when all have been.
    revised_to            TEXT
) STRICT;
CREATE INDEX locations_list ON locations (partner_id, org_id, created, id);
CREATE INDEX locations_partner_list ON locations (partner_id, created, id);
CREATE UNIQUE INDEX locations_routing_prefix ON locations (org_id, routing_prefix) WHERE routing_prefix <> '';
CREATE INDEX locations_pstn_vendor ON locations (pstn_vendor_id);

CREATE TABLE floors (
    id          TEXT PRIMARY KEY,
    partner_id  TEXT NOT NULL REFERENCES partners (id),
    org_id      TEXT NOT NULL REFERENCES organizations (id),
    location_id TEXT NOT NULL REFERENCES locations (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    name        TEXT NOT NULL,
    created     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX floors_number ON floors (location_id, number);

-- Who can have a line: people, workspaces and virtual lines. One table, as an extension belongs to one of them, whichever it is.
CREATE TABLE members (
    id          TEXT PRIMARY KEY,
    partner_id  TEXT NOT NULL REFERENCES partners (id),
    org_id      TEXT NOT NULL REFERENCES organizations (id),
    kind        TEXT NOT NULL CHECK (kind IN ('PEOPLE', 'PLACE', 'VIRTUAL_LINE')),
    email       TEXT CHECK (kind <> 'PEOPLE' OR email IS NOT NULL), -- of people alone
    first_name  TEXT NOT NULL,
    last_name   TEXT NOT NULL,
    location_id TEXT REFERENCES locations (id),
    extension   TEXT NOT NULL,
    number      TEXT NOT NULL,
    admin       INTEGER NOT NULL CHECK (admin IN (0, 1)),
    created     INTEGER NOT NULL,
    folded_name TEXT NOT NULL, -- first and last name in lower case, to search by
    folded_last TEXT NOT NULL, -- last and first name in lower case, to list by
    calling     TEXT NOT NULL -- JSON object: what its own phones do; '' for what they do by themselves
) STRICT;
CREATE UNIQUE INDEX members_email ON members (email);
CREATE UNIQUE INDEX members_extension ON members (location_id, extension) WHERE extension <> '';
CREATE INDEX members_location ON members (location_id);
-- Extensions that are listed beside numbers.
CREATE INDEX members_extension_only ON members (partner_id, created, id) WHERE number = '' AND extension <> '';
CREATE INDEX members_org_extension_only ON members (partner_id, org_id, created, id) WHERE number = '' AND extension <> '';
CREATE INDEX members_list ON members (partner_id, created, id);
CREATE INDEX members_org_list ON members (org_id, partner_id, created, id);
CREATE INDEX members_names ON members (org_id, partner_id, folded_last, id);
CREATE INDEX members_virtual_lines ON members (partner_id, created, id) WHERE kind = 'VIRTUAL_LINE';
CREATE INDEX members_org_virtual_lines ON members (org_id, partner_id, created, id) WHERE kind = 'VIRTUAL_LINE';

-- What members have that are workspaces.
CREATE TABLE workspaces (
    id                TEXT PRIMARY KEY REFERENCES members (id) ON DELETE CASCADE,
    partner_id        TEXT NOT NULL REFERENCES partners (id),
    org_id            TEXT NOT NULL REFERENCES organizations (id),
    place_id          TEXT REFERENCES locations (id), -- where it is; its calling may belong to another location
    floor             TEXT NOT NULL,
    capacity          INTEGER NOT NULL CHECK (capacity >= -1), -- -1: nobody told
    type              TEXT NOT NULL,
    notes             TEXT NOT NULL,
    calling           TEXT NOT NULL,
    sip_address       TEXT NOT NULL,
    package           TEXT NOT NULL CHECK ((package <> '') = (calling = 'webexCalling')),
    calendar          TEXT NOT NULL,
    calendar_email    TEXT NOT NULL,
    calendar_group    TEXT NOT NULL,
    hot_desking       INTEGER NOT NULL CHECK (hot_desking IN (0, 1)),
    supported_devices TEXT NOT NULL,
    hosts_meetings    INTEGER NOT NULL CHECK (hosts_meetings IN (0, 1)),
    meeting_site      TEXT NOT NULL,
    map_url           TEXT NOT NULL,
    created           INTEGER NOT NULL -- as that of the member
) STRICT;
CREATE INDEX workspaces_list ON workspaces (partner_id, created, id);
CREATE INDEX workspaces_org_list ON workspaces (org_id, partner_id, created, id);
CREATE INDEX workspaces_org_package ON workspaces (org_id, package);
CREATE INDEX workspaces_place ON workspaces (place_id);

-- What members watch on the keys of their phones, in order: other members, numbers, and where calls are parked.
CREATE TABLE monitored (
    owner_id   TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    place      INTEGER NOT NULL CHECK (place > 0),
    partner_id TEXT NOT NULL REFERENCES partners (id),
    org_id     TEXT NOT NULL REFERENCES organizations (id),
    kind       TEXT NOT NULL CHECK (kind IN ('MEMBER', 'NUMBER', 'PARK')),
    member_id  TEXT REFERENCES members (id) ON DELETE CASCADE CHECK ((kind = 'MEMBER') = (member_id IS NOT NULL)),
    number     TEXT NOT NULL, -- '' for a member
    label      TEXT NOT NULL, -- '' for the member's name or the number
    PRIMARY KEY (owner_id, place)
) STRICT;
CREATE INDEX monitored_member ON monitored (member_id) WHERE member_id IS NOT NULL;

CREATE TABLE numbers (
    e164        TEXT PRIMARY KEY,
    partner_id  TEXT NOT NULL REFERENCES partners (id),
    org_id      TEXT NOT NULL REFERENCES organizations (id),
    location_id TEXT NOT NULL REFERENCES locations (id),
    state       TEXT NOT NULL CHECK (state IN ('ACTIVE', 'INACTIVE')),
    type        TEXT NOT NULL CHECK (type IN ('DID', 'TOLLFREE', 'MOBILE')),
    usage       TEXT NOT NULL CHECK (usage IN ('NONE', 'SERVICE')),
    owner_id    TEXT REFERENCES members (id),
    created     INTEGER NOT NULL
) STRICT;
CREATE INDEX numbers_list ON numbers (partner_id, created, e164);
CREATE INDEX numbers_org_list ON numbers (partner_id, org_id, created, e164);
CREATE INDEX numbers_location ON numbers (location_id, created, e164);
CREATE INDEX numbers_owner ON numbers (owner_id);

-- Background work on numbers.
CREATE TABLE number_jobs (
    id          TEXT PRIMARY KEY,
    partner_id  TEXT NOT NULL REFERENCES partners (id),
    org_id      TEXT NOT NULL REFERENCES organizations (id),
    actor       TEXT NOT NULL,
    admin_id    TEXT NOT NULL,
    operation   TEXT NOT NULL CHECK (operation IN ('MOVE', 'NUMBER_USAGE_CHANGE')),
    source_id   TEXT NOT NULL, -- locations, which may be gone
    target_id   TEXT NOT NULL,
    usage       TEXT NOT NULL,
    numbers     TEXT NOT NULL, -- JSON array
    state       TEXT NOT NULL CHECK (state IN ('STARTING', 'COMPLETED', 'FAILED')),
    changed     INTEGER NOT NULL,
    failures    TEXT NOT NULL, -- JSON array of {number, code, message}, or null
    created     INTEGER NOT NULL,
    finished    INTEGER NOT NULL
) STRICT;
CREATE INDEX number_jobs_list ON number_jobs (partner_id, created, id);
CREATE INDEX number_jobs_org_list ON number_jobs (partner_id, org_id, created, id);

CREATE TABLE subscribers (
    id                   TEXT PRIMARY KEY,
    partner_id           TEXT NOT NULL REFERENCES partners (id),
    org_id               TEXT NOT NULL REFERENCES organizations (id),
    customer_id          TEXT NOT NULL REFERENCES customers (id),
    external_customer_id TEXT NOT NULL,
    person_id            TEXT NOT NULL REFERENCES members (id),
    email                TEXT NOT NULL,
    package              TEXT NOT NULL,
    attendant_console    INTEGER NOT NULL CHECK (attendant_console IN (0, 1)), -- the one add-on that a person can have
    status               TEXT NOT NULL CHECK (status IN ('provisioned', 'pending_user_migration')),
    errors               TEXT NOT NULL, -- JSON array of {code, message}, or null
    pending              TEXT NOT NULL, -- JSON object: what the person is to have who must agree first
    created              INTEGER NOT NULL,
    last_status_change   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX subscribers_person ON subscribers (person_id);
CREATE INDEX subscribers_list ON subscribers (partner_id, created, id);
CREATE INDEX subscribers_org_list ON subscribers (partner_id, org_id, created, id);
CREATE INDEX subscribers_status_list ON subscribers (partner_id, status, created, id);
CREATE INDEX subscribers_org_package ON subscribers (org_id, package);
CREATE INDEX subscribers_org_console ON subscribers (org_id) WHERE attendant_console = 1;
CREATE INDEX subscribers_changed ON subscribers (partner_id, last_status_change, id);

CREATE TABLE devices (
    id              TEXT PRIMARY KEY,
    partner_id      TEXT NOT NULL REFERENCES partners (id),
    org_id          TEXT NOT NULL REFERENCES organizations (id),
    mac             TEXT CHECK (length(mac) = 12), -- NULL until a phone has come with the activation code
    model           TEXT NOT NULL,
    owner_id        TEXT NOT NULL REFERENCES members (id),
    location_id     TEXT REFERENCES locations (id),
    tags            TEXT NOT NULL, -- JSON array
    revision        INTEGER NOT NULL CHECK (revision > 0),
    access          BLOB NOT NULL, -- sealed
    admin_password  BLOB NOT NULL, -- sealed
    enrolment_until INTEGER NOT NULL,
    enrolment_peers TEXT NOT NULL, -- JSON array: who was in the window first, and the first other one
    certificate_barred INTEGER NOT NULL, -- 1: its phone's certificate counts no more
    created         INTEGER NOT NULL,
    first_seen      INTEGER NOT NULL,
    last_seen       INTEGER NOT NULL,
    activation      TEXT NOT NULL CHECK (activation IN ('deactivated', 'activating', 'activated')),
    activation_hash BLOB, -- of the code that waits; NULL for none
    activation_expires INTEGER NOT NULL,
    layout          TEXT NOT NULL, -- JSON object
    told            TEXT NOT NULL, -- JSON object: what its phone keeps unless it is told otherwise
    last_fetch      INTEGER NOT NULL DEFAULT 0, -- of its own file
    fetched_revision INTEGER NOT NULL DEFAULT 0, -- newest that its phone has
    last_register   INTEGER NOT NULL DEFAULT 0,
    last_refused    INTEGER NOT NULL DEFAULT 0 -- when it asked for its file from an address that is known, and didn't get it
) STRICT;
CREATE UNIQUE INDEX devices_mac ON devices (mac);
CREATE INDEX devices_partner_mac ON devices (partner_id, mac);
CREATE INDEX devices_list ON devices (partner_id, created, id);
CREATE INDEX devices_org_list ON devices (partner_id, org_id, created, id);
CREATE INDEX devices_owner ON devices (owner_id, partner_id, created, id);
CREATE INDEX devices_location ON devices (location_id, created, id);
CREATE INDEX devices_location_id ON devices (location_id, id);
CREATE INDEX devices_model ON devices (partner_id, model, created, id);
CREATE UNIQUE INDEX devices_activation ON devices (activation_hash);
-- Few of many: those that wait for a phone, and those whose phone has never come.
CREATE INDEX devices_activating ON devices (partner_id, created, id, org_id) WHERE activation = 'activating';
CREATE INDEX devices_unseen ON devices (partner_id, created, id) WHERE first_seen = 0;
CREATE INDEX devices_org_unseen ON devices (partner_id, org_id, created, id) WHERE first_seen = 0;

-- The tags of devices, to search by. What a list begins with is here, too: who has a tag is read in the list's order.
CREATE TABLE device_tags (
    device_id  TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    tag        TEXT NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    org_id     TEXT NOT NULL REFERENCES organizations (id),
    created    INTEGER NOT NULL, -- as that of the device
    PRIMARY KEY (device_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_tags_list ON device_tags (partner_id, tag, created, device_id);
CREATE INDEX device_tags_org_list ON device_tags (partner_id, org_id, tag, created, device_id);

-- Models of phones that a partner has switched off for an organisation.
CREATE TABLE disabled_models (
    org_id     TEXT NOT NULL REFERENCES organizations (id),
    partner_id TEXT NOT NULL REFERENCES partners (id),
    model      TEXT NOT NULL, -- wire name
    PRIMARY KEY (org_id, model)
) STRICT, WITHOUT ROWID;

CREATE TABLE lines (
    id         TEXT PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    org_id     TEXT NOT NULL REFERENCES organizations (id),
    device_id  TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    port       INTEGER NOT NULL CHECK (port > 0),
    owner_id   TEXT NOT NULL REFERENCES members (id),
    user_name  TEXT NOT NULL,
    domain     TEXT NOT NULL,
    password   BLOB NOT NULL, -- sealed
    ha1        BLOB NOT NULL, -- sealed
    created    INTEGER NOT NULL,
    weight     INTEGER NOT NULL CHECK (weight > 0), -- line keys that it occupies
    hotline_enabled    INTEGER NOT NULL CHECK (hotline_enabled IN (0, 1)),
    hotline            TEXT NOT NULL,
    decline_everywhere INTEGER NOT NULL CHECK (decline_everywhere IN (0, 1)),
    t38                INTEGER NOT NULL CHECK (t38 IN (0, 1)),
    label              TEXT NOT NULL,
    revealed           INTEGER NOT NULL CHECK (revealed IN (0, 1)), -- the password was shown, or somebody chose it
    previous_ha1       BLOB, -- sealed: of the password before, while both work
    previous_until     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX lines_identity ON lines (domain, user_name);
CREATE UNIQUE INDEX lines_port ON lines (device_id, port);
CREATE INDEX lines_owner ON lines (owner_id);
CREATE INDEX lines_previous ON lines (previous_until) WHERE previous_until > 0;

-- What was set on a level, a setting a row: levels above and below have rows of their own.
CREATE TABLE settings (
    subject_id TEXT NOT NULL, -- the organisation, location or device
    scope      TEXT NOT NULL, -- a group of the wire, or the name of a family
    name       TEXT NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    org_id     TEXT NOT NULL REFERENCES organizations (id),
    level      TEXT NOT NULL CHECK (level IN ('ORGANIZATION', 'LOCATION', 'DEVICE')),
    value      TEXT NOT NULL, -- '' for a secret
    sealed     BLOB, -- a secret
    changed    INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    PRIMARY KEY (subject_id, scope, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX settings_org ON settings (org_id);

-- What a device was told at each of its revisions.
CREATE TABLE device_revisions (
    device_id  TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    revision   INTEGER NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    org_id     TEXT NOT NULL REFERENCES organizations (id),
    at         INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    change     TEXT NOT NULL, -- kind of event
    state      TEXT NOT NULL, -- JSON object: what a rollback brings back
    files      BLOB NOT NULL, -- sealed
    PRIMARY KEY (device_id, revision)
) STRICT, WITHOUT ROWID;

-- What was set on an organisation or a location, at each change.
CREATE TABLE level_revisions (
    subject_id TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    org_id     TEXT NOT NULL REFERENCES organizations (id),
    level      TEXT NOT NULL CHECK (level IN ('ORGANIZATION', 'LOCATION')),
    at         INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    state      TEXT NOT NULL, -- JSON array of settings
    PRIMARY KEY (subject_id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE line_key_templates (
    id           TEXT PRIMARY KEY,
    partner_id   TEXT NOT NULL REFERENCES partners (id),
    org_id       TEXT NOT NULL REFERENCES organizations (id),
    name         TEXT NOT NULL,
    model        TEXT NOT NULL,
    user_reorder INTEGER NOT NULL CHECK (user_reorder IN (0, 1)),
    line_keys    TEXT NOT NULL, -- JSON array
    created      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX line_key_templates_name ON line_key_templates (org_id, name);
CREATE INDEX line_key_templates_list ON line_key_templates (partner_id, org_id, created, id);

CREATE TABLE background_images (
    org_id       TEXT NOT NULL REFERENCES organizations (id),
    file_name    TEXT NOT NULL,
    partner_id   TEXT NOT NULL REFERENCES partners (id),
    public_name  TEXT NOT NULL, -- that phones ask for: nobody can guess it
    content_type TEXT NOT NULL,
    body         BLOB NOT NULL,
    created      INTEGER NOT NULL,
    PRIMARY KEY (org_id, file_name)
) STRICT;
CREATE UNIQUE INDEX background_images_public ON background_images (public_name);

-- Changes of many devices that are, or were, worked on. One at a time for each organisation.
CREATE TABLE device_jobs (
    id          TEXT PRIMARY KEY,
    partner_id  TEXT NOT NULL REFERENCES partners (id),
    org_id      TEXT NOT NULL REFERENCES organizations (id),
    kind        TEXT NOT NULL,
    location_id TEXT NOT NULL, -- '' for the whole organisation, or several locations
    request     TEXT NOT NULL, -- JSON object
    status      TEXT NOT NULL CHECK (status IN ('STARTING', 'STARTED', 'COMPLETED', 'FAILED')),
    total       INTEGER NOT NULL,
    done        INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    advisory    INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    reached     TEXT NOT NULL, -- the last device that was worked on, and when that was created
    reached_at  INTEGER NOT NULL,
    error       TEXT NOT NULL,
    actor       TEXT NOT NULL,
    actor_id    TEXT NOT NULL,
    created     INTEGER NOT NULL,
    started     INTEGER NOT NULL,
    touched     INTEGER NOT NULL,
    finished    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX device_jobs_running ON device_jobs (org_id) WHERE status IN ('STARTING', 'STARTED');
CREATE INDEX device_jobs_list ON device_jobs (partner_id, org_id, created, id);

CREATE TABLE device_job_errors (
    job_id      TEXT NOT NULL REFERENCES device_jobs (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    device_id   TEXT NOT NULL,
    location_id TEXT NOT NULL,
    code        INTEGER NOT NULL,
    message     TEXT NOT NULL,
    PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE bindings (
    line_id     TEXT NOT NULL REFERENCES lines (id) ON DELETE CASCADE,
    contact     TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    call_id     TEXT NOT NULL,
    cseq        INTEGER NOT NULL,
    transport   TEXT NOT NULL,
    source      TEXT NOT NULL,
    user_agent  TEXT NOT NULL,
    node        TEXT NOT NULL, -- that the registration came to
    registered  INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    reg_id      INTEGER NOT NULL, -- of a phone with several flows (RFC 5626); 0 for none
    q           INTEGER NOT NULL, -- preference in thousandths
    path        TEXT NOT NULL,    -- proxies on the way to the phone (RFC 3327); '' for none
    certified   TEXT NOT NULL,    -- MAC address in the certificate of its maker that the phone showed; '' for none
    upstream_key     TEXT NOT NULL, -- of what the partner's own registrar was told; '' for nothing
    upstream_at      INTEGER NOT NULL, -- when it was told
    upstream_until   INTEGER NOT NULL,
    upstream_refresh INTEGER NOT NULL,
    upstream_said    TEXT NOT NULL, -- header fields of its answer that are for the phone
    PRIMARY KEY (line_id, contact, instance_id, reg_id)
) STRICT, WITHOUT ROWID;

-- Phones that are to be told something over SIP: one row for each that waits.
CREATE TABLE bells (
    device_id  TEXT PRIMARY KEY REFERENCES devices (id) ON DELETE CASCADE,
    partner_id TEXT NOT NULL,
    org_id     TEXT NOT NULL,
    action     TEXT NOT NULL CHECK (action IN ('resync', 'reboot')),
    revision   INTEGER NOT NULL,
    asked      INTEGER NOT NULL CHECK (asked IN (0, 1)),
    rung       INTEGER NOT NULL,
    due        INTEGER NOT NULL, -- 0: when the phone registers
    told       INTEGER NOT NULL, -- 0: never
    attempts   INTEGER NOT NULL,
    fetched    INTEGER NOT NULL  -- when the phone did what it was rung for; 0: not yet
) STRICT;
CREATE INDEX bells_due ON bells (due) WHERE due > 0;
CREATE INDEX bells_fetched ON bells (fetched) WHERE fetched > 0;

CREATE TABLE traces (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    at        INTEGER NOT NULL,
    door      TEXT NOT NULL,
    peer      TEXT NOT NULL,
    request   TEXT NOT NULL,
    answer    TEXT NOT NULL,
    rule      TEXT NOT NULL,
    revision  INTEGER NOT NULL,
    user_agent TEXT NOT NULL,
    bytes     INTEGER NOT NULL,
    proof     TEXT NOT NULL CHECK (proof IN ('none', 'basic', 'digest', 'token', 'certificate')),
    by_address INTEGER NOT NULL CHECK (by_address IN (0, 1)), -- it named no phone: told of those at the same address
    node      TEXT NOT NULL -- that was asked
) STRICT;
-- A device's trace is cut by door and proof, with every few batches; it is read, some hundred rows, by hand alone.
CREATE INDEX traces_device ON traces (device_id, door, proof, id);

-- What a phone said of its firmware, what it is to run, and how often it fetched that.
CREATE TABLE device_firmware (
    device_id      TEXT PRIMARY KEY REFERENCES devices (id) ON DELETE CASCADE,
    version        TEXT NOT NULL, -- as the phone said last; '' until it did
    wanted         TEXT NOT NULL, -- file that the operator's plan has for it; '' for none
    wanted_version TEXT NOT NULL,
    fetched        TEXT NOT NULL, -- file that it fetched last; '' for none
    fetches        INTEGER NOT NULL, -- of that file, since the first of them
    first_fetch    INTEGER NOT NULL,
    last_fetch     INTEGER NOT NULL,
    looping        TEXT NOT NULL, -- file that it fetched again and again and doesn't run; '' for none
    news           INTEGER NOT NULL CHECK (news IN (0, 1)) -- 1: nobody has looked at what changed
) STRICT;
CREATE INDEX device_firmware_news ON device_firmware (device_id) WHERE news = 1;
CREATE INDEX device_firmware_looping ON device_firmware (device_id) WHERE looping <> '';

-- What phones sent: logs, settings that their users changed, directories, reports. Nobody here reads them.
CREATE TABLE uploads (
    device_id  TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    org_id     TEXT NOT NULL REFERENCES organizations (id),
    kind       TEXT NOT NULL,
    size       INTEGER NOT NULL, -- bytes, before they were sealed
    created    INTEGER NOT NULL,
    changed    INTEGER NOT NULL,
    body       BLOB NOT NULL, -- sealed
    PRIMARY KEY (device_id, name)
) STRICT;
CREATE INDEX uploads_org ON uploads (partner_id, org_id, size);

-- From which addresses phones of an organisation have proved lately who they are.
CREATE TABLE known_addresses (
    address    TEXT NOT NULL,
    org_id     TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    last       INTEGER NOT NULL, -- to the hour
    PRIMARY KEY (address, org_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_addresses_last ON known_addresses (last);

-- What was asked for the names of a SIP domain: the newest of each question.
CREATE TABLE dns_queries (
    org_id   TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    question TEXT NOT NULL,
    answer   TEXT NOT NULL,
    at       INTEGER NOT NULL,
    peer     TEXT NOT NULL,
    PRIMARY KEY (org_id, question, answer)
) STRICT, WITHOUT ROWID;

-- MAC addresses that asked and that no device has. A tenant is known where the address that they came from is one organisation's; else both are ''.
CREATE TABLE unknown_devices (
    mac        TEXT PRIMARY KEY CHECK (length(mac) = 12),
    partner_id TEXT NOT NULL,
    org_id     TEXT NOT NULL,
    peer       TEXT NOT NULL,
    network    TEXT NOT NULL, -- of the peer: whose rows make room for each other
    user_agent TEXT NOT NULL,
    files      TEXT NOT NULL, -- JSON array
    first      INTEGER NOT NULL,
    last       INTEGER NOT NULL,
    count      INTEGER NOT NULL
) STRICT;
CREATE INDEX unknown_devices_list ON unknown_devices (partner_id, org_id, last, mac);
CREATE INDEX unknown_devices_last ON unknown_devices (last);
CREATE INDEX unknown_devices_peer ON unknown_devices (peer, last);
CREATE INDEX unknown_devices_network ON unknown_devices (org_id, network, last);

-- By which unknown phones come into an organisation's inbox.
CREATE TABLE inbox_tokens (
    id         TEXT PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    org_id     TEXT NOT NULL REFERENCES organizations (id),
    name       TEXT NOT NULL,
    hash       BLOB NOT NULL CHECK (length(hash) = 32),
    created    INTEGER NOT NULL,
    rotated    INTEGER NOT NULL -- when the token that counts was made
) STRICT;
CREATE UNIQUE INDEX inbox_tokens_hash ON inbox_tokens (hash);
CREATE INDEX inbox_tokens_list ON inbox_tokens (partner_id, org_id, created, id);

-- What an administrator should look at. One is open for each thing at a time.
CREATE TABLE alarms (
    id          TEXT PRIMARY KEY,
    partner_id  TEXT NOT NULL REFERENCES partners (id),
    org_id      TEXT NOT NULL, -- '' for what concerns the partner
    location_id TEXT NOT NULL, -- '' for none
    kind        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    sentence    TEXT NOT NULL,
    next_step   TEXT NOT NULL,
    is_open     INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    raised      INTEGER NOT NULL,
    seen        INTEGER NOT NULL, -- when it was last so
    cleared     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX alarms_open ON alarms (partner_id, kind, subject) WHERE is_open = 1;
CREATE INDEX alarms_list ON alarms (partner_id, is_open, raised, id);
CREATE INDEX alarms_org_list ON alarms (partner_id, org_id, is_open, raised, id);
CREATE INDEX alarms_location ON alarms (location_id) WHERE is_open = 1 AND location_id <> '';
CREATE INDEX alarms_seen ON alarms (is_open, seen);

-- The feed of device events is in the order (xact, id). Writers take turns here, so that the id alone decides.
CREATE TABLE events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    partner_id TEXT NOT NULL,
    org_id     TEXT NOT NULL, -- '' for what concerns the partner itself
    actor      TEXT NOT NULL,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    data       TEXT NOT NULL, -- JSON object
    device_id  TEXT NOT NULL, -- that it is about, and that may be gone; '' for none
    xact       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX events_tenant ON events (partner_id, org_id, id);
CREATE INDEX events_partner ON events (partner_id, id);
CREATE INDEX events_subject ON events (partner_id, subject, id);
CREATE INDEX events_changes ON events (partner_id, xact, id) WHERE device_id <> '';
CREATE INDEX events_org_changes ON events (partner_id, org_id, xact, id) WHERE device_id <> '';
CREATE INDEX events_device ON events (partner_id, device_id, xact, id) WHERE device_id <> '';

CREATE TABLE webhooks (
    id            TEXT PRIMARY KEY,
    partner_id    TEXT NOT NULL REFERENCES partners (id),
    org_id        TEXT NOT NULL, -- the one customer's; '' for all of the partner's
    name          TEXT NOT NULL,
    target        TEXT NOT NULL,
    kinds         TEXT NOT NULL, -- JSON array; empty for all
    status        TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    secret        BLOB NOT NULL, -- sealed
    old_secret    BLOB, -- sealed; NULL for none
    old_until     INTEGER NOT NULL,
    after_xact    INTEGER NOT NULL, -- the log was read up to here
    after_id      INTEGER NOT NULL,
    is_full       INTEGER NOT NULL CHECK (is_full IN (0, 1)),
    wake_at       INTEGER NOT NULL,
    retry_at      INTEGER NOT NULL,
    failures      INTEGER NOT NULL,
    failing_since INTEGER NOT NULL,
    last_delivery INTEGER NOT NULL,
    last_failure  INTEGER NOT NULL,
    failure       TEXT NOT NULL,
    created       INTEGER NOT NULL,
    lease_id      TEXT NOT NULL DEFAULT '', -- of the session that is at work on it
    lease_until   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX webhooks_list ON webhooks (partner_id, created, id);

-- What waits for webhooks, and what was given up. The event's device and place are repeated to be in the indexes.
CREATE TABLE webhook_deliveries (
    webhook_id   TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id     INTEGER NOT NULL REFERENCES events (id),
    partner_id   TEXT NOT NULL,
    device_id    TEXT NOT NULL,
    xact         INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('pending', 'dead')),
    replayed     INTEGER NOT NULL CHECK (replayed IN (0, 1)),
    attempts     INTEGER NOT NULL,
    tries        INTEGER NOT NULL,
    next_try     INTEGER NOT NULL,
    first_failed INTEGER NOT NULL,
    failure      TEXT NOT NULL,
    died         INTEGER NOT NULL,
    PRIMARY KEY (webhook_id, event_id)
) STRICT;
CREATE UNIQUE INDEX webhook_deliveries_device ON webhook_deliveries (webhook_id, device_id) WHERE state = 'pending' AND replayed = 0;
CREATE INDEX webhook_deliveries_heads ON webhook_deliveries (webhook_id, state, device_id, xact, event_id);
CREATE INDEX webhook_deliveries_died ON webhook_deliveries (died) WHERE state = 'dead';

-- A screening list belongs to the installation, and to no tenant.
CREATE TABLE rpl_lists (
    id          TEXT PRIMARY KEY,
    sha256      BLOB NOT NULL CHECK (length(sha256) = 32),
    state       TEXT NOT NULL CHECK (state IN ('loading', 'current', 'former')),
    loaded      INTEGER NOT NULL,
    entries     INTEGER NOT NULL,
    screened_to TEXT NOT NULL, -- the last customer that was compared with it, by id
    screened    INTEGER NOT NULL -- when all were
) STRICT;
CREATE UNIQUE INDEX rpl_lists_current ON rpl_lists (state) WHERE state = 'current';

CREATE TABLE rpl_entries (
    list_id  TEXT NOT NULL REFERENCES rpl_lists (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    entry    TEXT NOT NULL, -- JSON object
    PRIMARY KEY (list_id, position)
) STRICT;

-- A review outlives its customer, but not the organisation.
CREATE TABLE rpl_reviews (
    id               TEXT PRIMARY KEY,
    partner_id       TEXT NOT NULL REFERENCES partners (id),
    org_id           TEXT NOT NULL REFERENCES organizations (id),
    customer_id      TEXT NOT NULL,
    opened           INTEGER NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'deprovision', 'closed')),
    hits             TEXT NOT NULL, -- JSON array
    attempts         TEXT NOT NULL, -- JSON array, or null
    decided          INTEGER NOT NULL,
    decided_by       TEXT NOT NULL,
    decided_note     TEXT NOT NULL,
    cure_until       INTEGER NOT NULL,
    deprovision_time INTEGER NOT NULL,
    closed_time      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX rpl_reviews_open ON rpl_reviews (customer_id) WHERE state IN ('pending', 'denied');
CREATE INDEX rpl_reviews_list ON rpl_reviews (partner_id, opened, id);
CREATE INDEX rpl_reviews_customer ON rpl_reviews (customer_id, opened, id);

CREATE TABLE billing_reports (
    id               TEXT PRIMARY KEY,
    partner_id       TEXT NOT NULL REFERENCES partners (id),
    sub_partner_id   TEXT NOT NULL, -- that it is about; '' for the partner itself
    type             TEXT NOT NULL CHECK (type IN ('PARTNER', 'CUSTOMER', 'USER')),
    category         TEXT NOT NULL CHECK (category IN ('RECONCILIATION', 'POINT_IN_TIME')),
    internal         INTEGER NOT NULL CHECK (internal IN (0, 1)),
    start_date       TEXT NOT NULL CHECK (length(start_date) = 10), -- YYYY-MM-DD, as end_date
    end_date         TEXT NOT NULL CHECK (length(end_date) = 10),
    status           TEXT NOT NULL CHECK (status IN ('IN_PROGRESS', 'COMPLETED', 'FAILED')),
    errors           TEXT NOT NULL, -- JSON array of {code, message}, or null
    created_by       TEXT NOT NULL, -- administrator, who may be gone
    created_by_email TEXT NOT NULL,
    created          INTEGER NOT NULL,
    progress         TEXT NOT NULL DEFAULT '' -- JSON: how far the count is, and what of the file is there
) STRICT;
CREATE UNIQUE INDEX billing_reports_completed ON billing_reports (partner_id, sub_partner_id, start_date, end_date, type, category, internal)
    WHERE status = 'COMPLETED';
CREATE INDEX billing_reports_list ON billing_reports (partner_id, start_date, id);

-- Who held which package, from when until when: what the events about packages come to. It can be made again from them.
CREATE TABLE assignments (
    partner_id   TEXT NOT NULL,
    org_id       TEXT NOT NULL,
    subject_kind TEXT NOT NULL CHECK (subject_kind IN ('PERSON', 'WORKSPACE')),
    subject_id   TEXT NOT NULL, -- subscriber or workspace, which may be gone
    package      TEXT NOT NULL,
    begun        INTEGER NOT NULL, -- event
    person_id    TEXT NOT NULL, -- '' for a workspace
    location_id  TEXT NOT NULL, -- '' for none
    license_id   TEXT NOT NULL, -- '' from before licences had ids
    from_at      INTEGER NOT NULL,
    until_at     INTEGER NOT NULL, -- the largest number while it lasts
    ended        INTEGER NOT NULL, -- event; 0 while it lasts
    PRIMARY KEY (partner_id, org_id, subject_kind, subject_id, package, begun)
) STRICT, WITHOUT ROWID;

-- What was known of a customer from a moment on, as events say it: what reports say beside usage. It can be made again from them.
CREATE TABLE usage_facts (
    partner_id      TEXT NOT NULL,
    org_id          TEXT NOT NULL,
    since_at        INTEGER NOT NULL,
    event           INTEGER NOT NULL,
    customer_id     TEXT NOT NULL,
    external_id     TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    billing_day     INTEGER NOT NULL, -- days since the beginning of the year 1; 0: as soon as a package is assigned
    PRIMARY KEY (partner_id, org_id, since_at, event)
) STRICT, WITHOUT ROWID;

-- What customers ordered once, as the events about orders say it. It can be made again from them.
CREATE TABLE usage_orders (
    partner_id   TEXT NOT NULL,
    org_id       TEXT NOT NULL,
    order_id     TEXT NOT NULL,
    service      TEXT NOT NULL,
    seats        INTEGER NOT NULL,
    location_id  TEXT NOT NULL,
    at           INTEGER NOT NULL,
    cancelled_at INTEGER NOT NULL, -- 0 while it isn't
    PRIMARY KEY (partner_id, org_id, order_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_orders_at ON usage_orders (partner_id, at);

-- The customers whose usage is counted: some are gone. Up to which day it was summed into usage_runs.
CREATE TABLE usage_customers (
    partner_id      TEXT NOT NULL,
    org_id          TEXT NOT NULL,
    subscription_id TEXT NOT NULL, -- that it began on, and in whose time zone its days are
    through         INTEGER NOT NULL, -- days since the beginning of the year 1; 0 for none
    through_at      INTEGER NOT NULL, -- when that day ended
    stale           INTEGER NOT NULL, -- the sums don't hold from this moment on, as something came to light later; 0: they do
    PRIMARY KEY (partner_id, org_id)
) STRICT, WITHOUT ROWID;

-- What a customer used on closed days of a package, at a location, with a licence: the same on each day from the first to the last. One day is mostly like the other, and
-- so these are a small part of what a row for each day would be. None goes across the end of a month: a report of some days reads no other month.
CREATE TABLE usage_runs (
    partner_id  TEXT NOT NULL,
    org_id      TEXT NOT NULL,
    package     TEXT NOT NULL,
    location_id TEXT NOT NULL,
    license_id  TEXT NOT NULL,
    first_day   INTEGER NOT NULL, -- days since the beginning of the year 1
    last_day    INTEGER NOT NULL,
    units       INTEGER NOT NULL, -- of each day, in millionths of it
    PRIMARY KEY (partner_id, first_day, org_id, package, location_id, license_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_runs_org ON usage_runs (partner_id, org_id, first_day);

-- The time zone of a partner's billing subscription; without a row it is UTC.
CREATE TABLE billing_zones (
    partner_id      TEXT NOT NULL REFERENCES partners (id),
    subscription_id TEXT NOT NULL,
    time_zone       TEXT NOT NULL,
    PRIMARY KEY (partner_id, subscription_id)
) STRICT, WITHOUT ROWID;

-- The months that a partner has closed, and what was counted then: that is never changed.
CREATE TABLE billing_month_closings (
    partner_id TEXT NOT NULL REFERENCES partners (id),
    month      TEXT NOT NULL CHECK (length(month) = 7), -- YYYY-MM
    closed     INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    PRIMARY KEY (partner_id, month)
) STRICT, WITHOUT ROWID;

CREATE TABLE billing_months (
    partner_id  TEXT NOT NULL,
    month       TEXT NOT NULL,
    org_id      TEXT NOT NULL,
    package     TEXT NOT NULL,
    location_id TEXT NOT NULL,
    license_id  TEXT NOT NULL,
    units       INTEGER NOT NULL, -- millionths of a day
    PRIMARY KEY (partner_id, month, org_id, package, location_id, license_id),
    FOREIGN KEY (partner_id, month) REFERENCES billing_month_closings (partner_id, month)
) STRICT, WITHOUT ROWID;

-- Orders for help with setting up a customer's site. The customer may be gone.
CREATE TABLE setup_assist_orders (
    id           TEXT PRIMARY KEY,
    partner_id   TEXT NOT NULL REFERENCES partners (id),
    org_id       TEXT NOT NULL REFERENCES organizations (id),
    customer_id  TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    location_id  TEXT NOT NULL,
    locations    INTEGER NOT NULL,
    seats        INTEGER NOT NULL,
    target       INTEGER NOT NULL,
    contacts     TEXT NOT NULL, -- JSON array of {name, email, phone}
    actor        TEXT NOT NULL,
    created      INTEGER NOT NULL,
    cancelled    INTEGER NOT NULL  -- 0 while it isn't
) STRICT;
CREATE INDEX setup_assist_orders_list ON setup_assist_orders (partner_id, created, id);
CREATE INDEX setup_assist_orders_org ON setup_assist_orders (org_id);

-- A report's CSV, in pieces that are compressed each on its own and make one file together.
CREATE TABLE billing_report_chunks (
    report_id TEXT NOT NULL REFERENCES billing_reports (id) ON DELETE CASCADE,
    number    INTEGER NOT NULL,
    content   BLOB NOT NULL,
    PRIMARY KEY (report_id, number)
) STRICT, WITHOUT ROWID;

-- Files of people that are, or were, worked on. One at a time for each customer.
CREATE TABLE people_imports (
    id         TEXT PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    org_id     TEXT NOT NULL REFERENCES organizations (id),
    dry_run    INTEGER NOT NULL CHECK (dry_run IN (0, 1)),
    mode       TEXT NOT NULL CHECK (mode IN ('addAndRemoveServices', 'addServices')),
    status     TEXT NOT NULL CHECK (status IN ('receiving', 'queued', 'running', 'completed', 'failed')),
    actor      TEXT NOT NULL,
    notices    TEXT NOT NULL, -- JSON array of texts, or null
    error      TEXT NOT NULL,
    row_count  INTEGER NOT NULL,
    done       INTEGER NOT NULL,
    added      INTEGER NOT NULL,
    changed    INTEGER NOT NULL,
    deleted    INTEGER NOT NULL,
    unchanged  INTEGER NOT NULL,
    failed     INTEGER NOT NULL,
    warnings   INTEGER NOT NULL,
    assigned   TEXT NOT NULL, -- JSON object: what a dry run would add to the units of each package, or null
    created    INTEGER NOT NULL,
    touched    INTEGER NOT NULL,
    finished   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX people_imports_running ON people_imports (org_id) WHERE status IN ('receiving', 'queued', 'running');
CREATE INDEX people_imports_list ON people_imports (partner_id, org_id, created, id);

-- Rows and claims outlive their import until they are swept, some thousand at a time: deleting all of them at once would keep every writer waiting.
CREATE TABLE people_import_rows (
    import_id     TEXT NOT NULL,
    number        INTEGER NOT NULL,
    line          INTEGER NOT NULL,
    email         TEXT NOT NULL,
    content       TEXT NOT NULL, -- JSON; '' when there is an outcome
    outcome       TEXT NOT NULL, -- '' as long as the row waits
    reason_column TEXT NOT NULL,
    reason        TEXT NOT NULL,
    PRIMARY KEY (import_id, number)
) STRICT, WITHOUT ROWID;

-- What the rows of a dry run would have taken or freed: who has it then, '' for nobody.
CREATE TABLE people_import_claims (
    import_id TEXT NOT NULL,
    claim     TEXT NOT NULL,
    holder    TEXT NOT NULL,
    PRIMARY KEY (import_id, claim)
) STRICT, WITHOUT ROWID;

-- How often what DNS says has changed, the serial number of its zone: this (no row: 1), and the rows of zone_changes, which are added to it now and then.
CREATE TABLE zone_serial (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    serial INTEGER NOT NULL
) STRICT;
CREATE TABLE zone_changes (
    id INTEGER PRIMARY KEY
) STRICT;

-- Addresses that tried so many SIP users that they get no answer: what nodes tell each other.
CREATE TABLE sip_bans (
    address TEXT PRIMARY KEY, -- of IPv6 the first of a /64
    peer    TEXT NOT NULL,    -- that it last came from
    reason  TEXT NOT NULL,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    lifted  INTEGER NOT NULL, -- 0: nobody ended it
    changed INTEGER NOT NULL
) STRICT;
CREATE INDEX sip_bans_changed ON sip_bans (changed);
CREATE INDEX sip_bans_until ON sip_bans (until);

-- The servers of this installation that phones register at. Each keeps its own row alive.
CREATE TABLE nodes (
    name      TEXT PRIMARY KEY,
    addresses TEXT NOT NULL, -- JSON array
    udp       INTEGER NOT NULL, -- port of the SIP door, 0: closed
    tcp       INTEGER NOT NULL,
    tls       INTEGER NOT NULL,
    priority  INTEGER NOT NULL,
    weight    INTEGER NOT NULL,
    draining  INTEGER NOT NULL CHECK (draining IN (0, 1)),
    alive     INTEGER NOT NULL CHECK (alive IN (0, 1)),
    seen      INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE sip_bans;
DROP TABLE people_import_claims;
DROP TABLE people_import_rows;
DROP TABLE people_imports;
DROP TABLE billing_report_chunks;
DROP TABLE billing_months;
DROP TABLE billing_month_closings;
DROP TABLE billing_zones;
DROP TABLE usage_runs;
DROP TABLE usage_customers;
DROP TABLE setup_assist_orders;
DROP TABLE usage_orders;
DROP TABLE usage_facts;
DROP TABLE assignments;
DROP TABLE billing_reports;
DROP TABLE rpl_reviews;
DROP TABLE rpl_entries;
DROP TABLE rpl_lists;
DROP TABLE events;
DROP TABLE uploads;
DROP TABLE alarms;
DROP TABLE inbox_tokens;
DROP TABLE unknown_devices;
DROP TABLE dns_queries;
DROP TABLE known_addresses;
DROP TABLE traces;
DROP TABLE device_job_errors;
DROP TABLE device_jobs;
DROP TABLE background_images;
DROP TABLE line_key_templates;
DROP TABLE level_revisions;
DROP TABLE device_revisions;
DROP TABLE settings;
DROP TABLE bells;
DROP TABLE bindings;
DROP TABLE lines;
DROP TABLE device_tags;
DROP TABLE devices;
DROP TABLE subscribers;
DROP TABLE number_jobs;
DROP TABLE numbers;
DROP TABLE workspaces;
DROP TABLE members;
DROP TABLE floors;
DROP TABLE locations;
DROP TABLE customers;
DROP TABLE organizations;
DROP TABLE templates;
DROP TABLE identity_providers;
DROP TABLE pstn_vendors;
DROP TABLE tokens;
DROP TABLE grants;
DROP TABLE integrations;
DROP TABLE admins;
DROP TABLE partners;
DROP TABLE nodes;
DROP TABLE zone_changes;
DROP TABLE zone_serial;
