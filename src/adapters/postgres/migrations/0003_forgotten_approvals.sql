ALTER TABLE "approvals" ADD COLUMN "forgettable_from" timestamp (3) with time zone;--> statement-breakpoint
-- Resolved at the latest when they expire, and no grant is good for longer than this after it.
UPDATE "approvals" SET "forgettable_from" = "expires_at" + interval '30 days' WHERE status <> 'pending';--> statement-breakpoint
CREATE INDEX "approvals_forgettable" ON "approvals" USING btree ("forgettable_from","id") WHERE status <> 'pending';
