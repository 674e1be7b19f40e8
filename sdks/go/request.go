package verdict

import "strconv"

// Request is one action that an agent wants to take. What is left at its zero value is not sent; an empty map or slice is.
type Request = EvaluateRequest

// appendRequest appends the canonical form of a request, which is its body.
//
// INVARIANT: every field of EvaluateRequest is here, in the order of its JSON name: whatever can change the decision is in the key.
func appendRequest(out []byte, request *Request) ([]byte, error) {
	fields := fieldWriter{out: append(out, '{')}
	fields.text("action_name", request.ActionName, true)
	fields.text("action_type", request.ActionType, true)
	fields.text("approval_id", request.ApprovalID, false)
	fields.object("arguments", request.Arguments)
	fields.object("context", request.Context)
	fields.destination(&request.Destination)
	if request.Explain {
		fields.raw("explain", "true")
	}
	fields.identity(&request.Identity)
	fields.text("session_id", request.SessionID, false)
	if fields.err == nil {
		fields.err = bounded(fields.out)
	}
	if fields.err != nil {
		return out, &InvalidRequest{Reason: "the request cannot be sent: " + fields.err.Error()}
	}
	return append(fields.out, '}'), nil
}

// fieldWriter writes the fields of one object. After an error it writes nothing more.
type fieldWriter struct {
	out []byte
	err error
}

// name begins a field.
func (w *fieldWriter) name(name string) {
	if w.out[len(w.out)-1] != '{' {
		w.out = append(w.out, ',')
	}
	w.out = append(append(append(w.out, '"'), name...), '"', ':')
}

func (w *fieldWriter) raw(name, value string) {
	w.name(name)
	w.out = append(w.out, value...)
}

func (w *fieldWriter) text(name, value string, isRequired bool) {
	if w.err == nil && (isRequired || value != "") {
		w.name(name)
		w.out, w.err = appendText(w.out, value)
	}
}

func (w *fieldWriter) object(name string, value map[string]any) {
	if w.err == nil && value != nil {
		w.name(name)
		w.out, w.err = appendObject(w.out, value, 1)
	}
}

func (w *fieldWriter) destination(destination *Destination) {
	if *destination == (Destination{}) {
		return
	}
	w.name("destination")
	w.out = append(w.out, '{')
	w.text("command", destination.Command, false)
	w.text("domain", destination.Domain, false)
	w.text("ip", destination.IP, false)
	w.text("path", destination.Path, false)
	if destination.Port != 0 {
		w.raw("port", strconv.Itoa(destination.Port))
	}
	w.text("scheme", destination.Scheme, false)
	w.text("url", destination.URL, false)
	w.out = append(w.out, '}')
}

func (w *fieldWriter) identity(identity *Identity) {
	if isUnset(identity) {
		return
	}
	w.name("identity")
	w.out = append(w.out, '{')
	w.object("attributes", identity.Attributes)
	w.text("name", identity.Name, false)
	if w.err == nil && identity.Roles != nil {
		w.name("roles")
		w.out, w.err = appendTexts(w.out, identity.Roles)
	}
	w.text("tenant", identity.Tenant, false)
	w.out = append(w.out, '}')
}

func isUnset(identity *Identity) bool {
	return identity.Name == "" && identity.Roles == nil && identity.Tenant == "" && identity.Attributes == nil
}
