-- Written by hand: drizzle-kit knows no partitions. Its snapshot beside this holds all but `PARTITION BY`.
-- Records of before the chain have no place in it: they are kept aside where there are any.
DO $$
BEGIN
	IF EXISTS (SELECT FROM "audit_records") THEN
		ALTER TABLE "audit_records" RENAME TO "audit_records_unchained";
		ALTER INDEX "audit_records_pkey" RENAME TO "audit_records_unchained_pkey";
		DROP INDEX "audit_records_time", "audit_records_kind", "audit_records_identity", "audit_records_action_name",
			"audit_records_session", "audit_records_decision", "audit_records_rules";
	ELSE
		DROP TABLE "audit_records";
	END IF;
END $$;
--> statement-breakpoint
CREATE TABLE "audit_records" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"kind" text collate "C" NOT NULL,
	"identity" text collate "C",
	"action_type" text collate "C",
	"action_name" text collate "C",
	"decision" text collate "C",
	"rules" text[] NOT NULL,
	"session_id" text collate "C",
	"writer" text collate "C" NOT NULL,
	"seq" bigint NOT NULL,
	"arrived_in" xid8 DEFAULT pg_current_xact_id() NOT NULL,
	"record" json NOT NULL
) PARTITION BY RANGE ("id");
--> statement-breakpoint
CREATE TABLE "rule_sets" (
	"revision" text collate "C" PRIMARY KEY NOT NULL,
	"activated_at" timestamp (3) with time zone NOT NULL,
	"sources" json NOT NULL
);
--> statement-breakpoint
CREATE INDEX "audit_records_kind" ON "audit_records" USING btree ("kind","id") WHERE kind <> 'decision';--> statement-breakpoint
CREATE INDEX "audit_records_identity" ON "audit_records" USING btree ("identity","id");--> statement-breakpoint
CREATE INDEX "audit_records_action_type" ON "audit_records" USING btree ("action_type","id") WHERE action_type <> 'tool_call';--> statement-breakpoint
CREATE INDEX "audit_records_action_name" ON "audit_records" USING btree ("action_name","id");--> statement-breakpoint
CREATE INDEX "audit_records_session" ON "audit_records" USING btree ("session_id","id");--> statement-breakpoint
CREATE INDEX "audit_records_decision" ON "audit_records" USING btree ("decision","id") WHERE decision <> 'allow';--> statement-breakpoint
CREATE INDEX "audit_records_rules" ON "audit_records" USING gin ("rules");--> statement-breakpoint
CREATE INDEX "audit_records_arrived_in" ON "audit_records" USING btree ("arrived_in","id");
