-- Who looked at an incident. The incident itself stays as it was recorded.
CREATE TABLE incident_acknowledgement (
    incident        TEXT   NOT NULL PRIMARY KEY REFERENCES incident (incident),
    acknowledged_by TEXT   NOT NULL,
    note            TEXT   NOT NULL,
    acknowledged_at BIGINT NOT NULL
);
