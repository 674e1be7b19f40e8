CREATE TABLE "approvals" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"digest" text collate "C" NOT NULL,
	"status" text collate "C" NOT NULL,
	"requester" text collate "C" NOT NULL,
	"same_action" text collate "C" NOT NULL,
	"identity" text collate "C" NOT NULL,
	"tenant" text collate "C",
	"rule_id" text collate "C" NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"approval" json NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX "approvals_pending_digest" ON "approvals" USING btree ("digest") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "approvals_pending_requester" ON "approvals" USING btree ("requester") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "approvals_pending_expiry" ON "approvals" USING btree ("expires_at","id") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "approvals_status" ON "approvals" USING btree ("status","id");--> statement-breakpoint
CREATE INDEX "approvals_identity" ON "approvals" USING btree ("identity","id");--> statement-breakpoint
CREATE INDEX "approvals_rule" ON "approvals" USING btree ("rule_id","id");--> statement-breakpoint
CREATE INDEX "approvals_same_action" ON "approvals" USING btree ("same_action","status");