package verdict

import (
	"encoding/json"
	"errors"
	"math"
	"time"
)

// Effect is what the agent may do.
type Effect = EvaluateResponseDecision

const (
	Allow            = EvaluateResponseDecisionAllow
	Deny             = EvaluateResponseDecisionDeny
	ApprovalRequired = EvaluateResponseDecisionApprovalRequired
)

// Decision is the answer to a request. The zero value allows nothing.
type Decision struct {
	Decision   Effect
	Reason     string
	ReasonCode string
	// RuleID and RuleName are empty where no rule decided.
	RuleID    string
	RuleName  string
	HelpText  string
	HelpURL   string
	RequestID string
	// Obligations are duties that the caller takes on by acting.
	Obligations []Obligation
	// Approval is nil unless the decision is about one.
	Approval        *ApprovalReference
	CacheTTLSeconds int
	PolicyRevision  string
	// FailOpen marks an allow that nobody decided: the server could not be reached, and the fail mode is open.
	FailOpen bool
	// Cached marks an answer to an earlier or simultaneous call; RequestID is that call's.
	Cached bool

	// Every field was there and of its type.
	isSound bool
}

// IsAllowed is false for a deny, for approval_required and for the zero value.
func (d Decision) IsAllowed() bool { return d.Decision == Allow }

func failOpenDecision() Decision {
	return Decision{
		Decision:   Allow,
		Reason:     "Verdict cannot be reached, and the fail mode is open.",
		ReasonCode: "fail_open",
		FailOpen:   true,
	}
}

// mayBeKept says whether the same request may be given this answer again.
func (d *Decision) mayBeKept() bool {
	return d.isSound && (d.Decision == Allow || d.Decision == Deny) && d.PolicyRevision != "" && d.CacheTTLSeconds > 0
}

// again is a copy for another caller, who may write to it.
func (d Decision) again() Decision {
	d.Cached = true
	if len(d.Obligations) > 0 {
		copies := make([]Obligation, len(d.Obligations))
		for i, obligation := range d.Obligations {
			copies[i] = Obligation{Type: obligation.Type, Params: copyObject(obligation.Params)}
		}
		d.Obligations = copies
	}
	if d.Approval != nil {
		approval := *d.Approval
		d.Approval = &approval
	}
	return d
}

func copyObject(object map[string]any) map[string]any {
	if object == nil {
		return nil
	}
	copied := make(map[string]any, len(object))
	for key, value := range object {
		copied[key] = copyValue(value)
	}
	return copied
}

func copyValue(value any) any {
	switch value := value.(type) {
	case map[string]any:
		return copyObject(value)
	case []any:
		copied := make([]any, len(value))
		for i, item := range value {
			copied[i] = copyValue(item)
		}
		return copied
	default:
		return value
	}
}

// Deeper than the service answers.
const answerDepthMax = 128

// parseObject reads JSON by exact names: encoding/json would take `Decision` for `decision` in a struct. False when it is no object, or
// nested too deep. A number that no float64 holds is nil.
func parseObject(text []byte) (map[string]any, bool) {
	var object map[string]any
	err := json.Unmarshal(text, &object)
	var outOfRange *json.UnmarshalTypeError
	if (err != nil && !errors.As(err, &outOfRange)) || object == nil || isTooDeep(object, 0) {
		return nil, false
	}
	return object, true
}

func isTooDeep(value any, depth int) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, item := range value {
			if depth == answerDepthMax || isTooDeep(item, depth+1) {
				return true
			}
		}
	case []any:
		for _, item := range value {
			if depth == answerDepthMax || isTooDeep(item, depth+1) {
				return true
			}
		}
	}
	return false
}

// decisionOf reads an answer of the evaluate routes. A decision that is missing or unknown is a deny; another field that is missing or
// of another type is as if absent, and such an answer is not sound.
func decisionOf(object map[string]any) Decision {
	fields := fieldReader{object: object, isSound: true}
	decision := Decision{
		RequestID:      fields.text("request_id", true),
		PolicyRevision: fields.text("policy_revision", true),
	}
	effect, _ := object["decision"].(string)
	if !Effect(effect).Valid() {
		decision.Decision = Deny
		decision.Reason = "The answer has no decision that this client knows, so it is a deny."
		decision.ReasonCode = "unknown_decision"
		return decision
	}
	decision.Decision = Effect(effect)
	decision.Reason = fields.text("reason", true)
	decision.ReasonCode = fields.text("reason_code", true)
	decision.RuleID = fields.text("rule_id", false)
	decision.RuleName = fields.text("rule_name", false)
	decision.HelpText = fields.text("help_text", false)
	decision.HelpURL = fields.text("help_url", false)
	decision.CacheTTLSeconds = fields.seconds("cache_ttl_seconds")
	decision.Obligations = fields.obligations()
	decision.Approval = fields.approval()
	decision.isSound = fields.isSound
	return decision
}

// fieldReader reads the fields of one object, and remembers whether each was as it should be.
type fieldReader struct {
	object  map[string]any
	isSound bool
}

func (r *fieldReader) text(name string, isRequired bool) string {
	value, isThere := r.object[name]
	text, isText := value.(string)
	if (isThere && !isText) || (isRequired && !isThere) {
		r.isSound = false
	}
	return text
}

// seconds is a whole number that is not negative.
func (r *fieldReader) seconds(name string) int {
	number, isNumber := r.object[name].(float64)
	if !isNumber || number < 0 || number != math.Trunc(number) || number > math.MaxInt32 {
		r.isSound = false
		return 0
	}
	return int(number)
}

func (r *fieldReader) obligations() []Obligation {
	items, isList := r.object["obligations"].([]any)
	if !isList {
		r.isSound = false
	}
	var obligations []Obligation
	for _, item := range items {
		fields := fieldReader{isSound: true}
		fields.object, _ = item.(map[string]any)
		obligation := Obligation{Type: fields.text("type", true)}
		params, isThere := fields.object["params"]
		obligation.Params, _ = params.(map[string]any)
		if !fields.isSound || (isThere && obligation.Params == nil) {
			r.isSound = false
			continue
		}
		obligations = append(obligations, obligation)
	}
	return obligations
}

func (r *fieldReader) approval() *ApprovalReference {
	value, isThere := r.object["approval"]
	if !isThere {
		return nil
	}
	object, isObject := value.(map[string]any)
	if !isObject {
		r.isSound = false
		return nil
	}
	fields := fieldReader{object: object, isSound: true}
	expiresAt, _ := time.Parse(time.RFC3339, fields.text("expires_at", true))
	return &ApprovalReference{
		ID:        fields.text("id", true),
		Status:    ApprovalReferenceStatus(fields.text("status", true)),
		ExpiresAt: expiresAt,
		StatusURL: fields.text("status_url", true),
	}
}
