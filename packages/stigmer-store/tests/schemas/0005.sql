BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE changes (
	revision BIGINT NOT NULL, 
	ordinal INTEGER NOT NULL, 
	operation TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	id TEXT NOT NULL, 
	org TEXT NOT NULL, 
	slug TEXT, 
	name TEXT NOT NULL, 
	record_revision BIGINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	body BLOB NOT NULL, 
	labels TEXT NOT NULL, 
	fields TEXT NOT NULL, 
	request_id TEXT, previous_labels TEXT, previous_fields TEXT, logged_at BIGINT DEFAULT '0' NOT NULL, log_bytes BIGINT DEFAULT '0' NOT NULL, 
	PRIMARY KEY (revision, ordinal)
);
INSERT INTO "changes" VALUES(1,0,'created','agent','agt-01','local','agt-01','Name of agt-01',1,1767268800000001,1767268801000000,X'0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728','{"team": "red", "empty": ""}','','req-1',NULL,NULL,1795933152735811,296);
INSERT INTO "changes" VALUES(1,1,'created','agent','agt-02','other','grüße','Grüße ''quoted'' 😀',1,1767268800000002,1767268802000000,X'02030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20212223242526272829','','',NULL,NULL,NULL,1795933152735811,592);
INSERT INTO "changes" VALUES(1,2,'created','agent_execution','aex-01','local',NULL,'Name of aex-01',1,1767268800000001,1767268801000000,X'0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728','{"team": "red"}','{"phase": "PENDING", "agent": "agt-01"}',NULL,NULL,NULL,1795933152735811,888);
INSERT INTO "changes" VALUES(2,0,'updated','agent_execution','aex-01','local',NULL,'Name of aex-01',2,1767268800000001,1767268801000000,X'','{"team": "blue"}','{"phase": "COMPLETED", "agent": "agt-01"}',NULL,'{"team": "red"}','{"phase": "PENDING", "agent": "agt-01"}',1795933152767557,1144);
INSERT INTO "changes" VALUES(3,0,'deleted','agent','agt-02','other','grüße','Grüße ''quoted'' 😀',1,1767268800000002,1767268802000000,X'02030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20212223242526272829','','',NULL,NULL,NULL,1795933152790896,1440);
CREATE TABLE execution_events (
	execution_id TEXT NOT NULL, 
	sequence BIGINT NOT NULL, 
	event_id TEXT NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (execution_id, sequence), 
	CONSTRAINT execution_events_event_id UNIQUE (execution_id, event_id)
);
INSERT INTO "execution_events" VALUES('aex-01',1,'e1',X'6F6E65');
INSERT INTO "execution_events" VALUES('aex-01',2,'e2',X'FF');
INSERT INTO "execution_events" VALUES('aex-01',3,'e3',X'7468726565');
CREATE TABLE outbox (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	topic TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	payload BLOB NOT NULL, 
	attempts INTEGER NOT NULL, 
	not_before BIGINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	error TEXT NOT NULL
);
INSERT INTO "outbox" VALUES(1,'start','aex-01',X'007061796C6F6164',0,1767268800000000,1795933152734490,'');
INSERT INTO "outbox" VALUES(2,'signal','aex-01',X'',1,1767272400000000,1795933152756683,'Temporal is away');
CREATE TABLE resource_counts (
	kind TEXT NOT NULL, 
	org TEXT NOT NULL, 
	total BIGINT NOT NULL, 
	PRIMARY KEY (kind, org)
);
INSERT INTO "resource_counts" VALUES('agent','local',1);
INSERT INTO "resource_counts" VALUES('agent','other',0);
INSERT INTO "resource_counts" VALUES('agent_execution','local',1);
CREATE TABLE resource_fields (
	kind TEXT NOT NULL, 
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	value TEXT NOT NULL, created_at BIGINT DEFAULT '0' NOT NULL, 
	PRIMARY KEY (kind, id, name)
);
INSERT INTO "resource_fields" VALUES('agent_execution','aex-01','phase','COMPLETED',1767268800000001);
INSERT INTO "resource_fields" VALUES('agent_execution','aex-01','agent','agt-01',1767268800000001);
CREATE TABLE resource_labels (
	kind TEXT NOT NULL, 
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	value TEXT NOT NULL, created_at BIGINT DEFAULT '0' NOT NULL, 
	PRIMARY KEY (kind, id, name)
);
INSERT INTO "resource_labels" VALUES('agent','agt-01','team','red',1767268800000001);
INSERT INTO "resource_labels" VALUES('agent','agt-01','empty','',1767268800000001);
INSERT INTO "resource_labels" VALUES('agent_execution','aex-01','team','blue',1767268800000001);
CREATE TABLE resources (
	kind TEXT NOT NULL, 
	id TEXT NOT NULL, 
	org TEXT NOT NULL, 
	slug TEXT, 
	name TEXT NOT NULL, 
	revision BIGINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	body BLOB NOT NULL, 
	labels TEXT NOT NULL, 
	fields TEXT NOT NULL, 
	request_id TEXT, 
	search TEXT NOT NULL, 
	PRIMARY KEY (kind, id), 
	CONSTRAINT resources_slug UNIQUE (kind, org, slug), 
	CONSTRAINT resources_request_id UNIQUE (kind, org, request_id)
);
INSERT INTO "resources" VALUES('agent','agt-01','local','agt-01','Name of agt-01',1,1767268800000001,1767268801000000,X'0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728','{"team": "red", "empty": ""}','','req-1','name of agt-01
agt-01');
INSERT INTO "resources" VALUES('agent_execution','aex-01','local',NULL,'Name of aex-01',2,1767268800000001,1767268801000000,X'','{"team": "blue"}','{"phase": "COMPLETED", "agent": "agt-01"}',NULL,'name of aex-01
');
CREATE TABLE revision_counter (
	id INTEGER NOT NULL, 
	revision BIGINT NOT NULL, 
	compacted BIGINT NOT NULL, log_bytes BIGINT DEFAULT '0' NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "revision_counter" VALUES(1,3,0,1440);
CREATE INDEX resources_kind_created ON resources (kind, created_at, id);
CREATE INDEX resources_created ON resources (created_at, id, kind);
CREATE INDEX outbox_due ON outbox (not_before, id);
CREATE INDEX resource_labels_value ON resource_labels (name, value, kind, created_at, id);
CREATE INDEX resource_fields_value ON resource_fields (name, value, kind, created_at, id);
CREATE INDEX resources_kind_org_created ON resources (kind, org, created_at, id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outbox',3);
COMMIT;
