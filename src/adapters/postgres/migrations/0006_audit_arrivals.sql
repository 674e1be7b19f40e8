-- Written by hand: drizzle-kit knows no triggers.
-- A batch of records that arrives, one row a statement. A view, so that COPY works as INSERT does: COPY takes a batch as bytes,
-- and a row of a table would have to be stored first.
CREATE VIEW "audit_arrivals" AS SELECT NULL::text AS "lines";
--> statement-breakpoint
-- A row is only kept, by a cursor, until the statement ends: in front of the end of a COPY a client may stand still, and from
-- the first record on a transaction holds up the log's stream.
CREATE FUNCTION "keep_audit_arrivals"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	arrived refcursor := 'verdict_audit_arrivals';
BEGIN
	OPEN arrived NO SCROLL FOR SELECT NEW.lines;
	RETURN NULL;
END $$;
--> statement-breakpoint
CREATE FUNCTION "insert_audit_arrivals"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	arrived refcursor := 'verdict_audit_arrivals';
	lines text;
BEGIN
	FETCH arrived INTO lines;
	CLOSE arrived;
	INSERT INTO audit_records
		(id, kind, identity, action_type, action_name, decision, rules, session_id, writer, seq, record)
	SELECT r->>'id', r->>'kind',
		r#>>'{identity,name}', r#>>'{request,action_type}', r#>>'{request,action_name}',
		r#>>'{decision,decision}', array(SELECT jsonb_array_elements_text(coalesce(r#>'{decision,rules}', '[]'))),
		r#>>'{request,session_id}', r->>'writer', (r->>'seq')::bigint, line::json
	FROM (
		SELECT line, line::jsonb AS r
		FROM unnest(string_to_array(lines, E'\n')) AS line
		WHERE line <> '' OFFSET 0
	) AS batch
	ON CONFLICT (id) DO NOTHING;
	RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "keep_audit_arrivals" INSTEAD OF INSERT ON "audit_arrivals"
	FOR EACH ROW EXECUTE FUNCTION "keep_audit_arrivals"();
--> statement-breakpoint
CREATE TRIGGER "insert_audit_arrivals" AFTER INSERT ON "audit_arrivals"
	FOR EACH STATEMENT EXECUTE FUNCTION "insert_audit_arrivals"();
