CREATE TABLE "api_keys" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"prefix" text NOT NULL,
	"hash" text collate "C" NOT NULL,
	"identity" json NOT NULL,
	"roles" text[] NOT NULL,
	"scopes" text[] NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "api_keys_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "audit_records" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"time" timestamp (3) with time zone NOT NULL,
	"kind" text collate "C" NOT NULL,
	"identity" text collate "C",
	"action_type" text collate "C",
	"action_name" text collate "C",
	"decision" text collate "C",
	"rules" text[] NOT NULL,
	"session_id" text collate "C",
	"record" json NOT NULL
);
--> statement-breakpoint
CREATE INDEX "audit_records_time" ON "audit_records" USING btree ("time");--> statement-breakpoint
CREATE INDEX "audit_records_kind" ON "audit_records" USING btree ("kind","id") WHERE kind <> 'decision';--> statement-breakpoint
CREATE INDEX "audit_records_identity" ON "audit_records" USING btree ("identity","id");--> statement-breakpoint
CREATE INDEX "audit_records_action_name" ON "audit_records" USING btree ("action_name","id");--> statement-breakpoint
CREATE INDEX "audit_records_session" ON "audit_records" USING btree ("session_id","id");--> statement-breakpoint
CREATE INDEX "audit_records_decision" ON "audit_records" USING btree ("decision","id") WHERE decision <> 'allow';--> statement-breakpoint
CREATE INDEX "audit_records_rules" ON "audit_records" USING gin ("rules");