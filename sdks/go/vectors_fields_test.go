package verdict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func decisionFields(decision Decision) map[string]any {
	obligations := decision.Obligations
	if obligations == nil {
		obligations = []Obligation{}
	}
	fields := map[string]any{
		"decision":          decision.Decision,
		"reason":            orNil(decision.Reason),
		"reason_code":       orNil(decision.ReasonCode),
		"rule_id":           orNil(decision.RuleID),
		"rule_name":         orNil(decision.RuleName),
		"help_text":         orNil(decision.HelpText),
		"help_url":          orNil(decision.HelpURL),
		"request_id":        orNil(decision.RequestID),
		"obligations":       obligationFields(obligations),
		"cache_ttl_seconds": decision.CacheTTLSeconds,
		"policy_revision":   orNil(decision.PolicyRevision),
		"fail_open":         decision.FailOpen,
		"cached":            decision.Cached,
	}
	if decision.Approval != nil {
		fields["approval"] = decision.Approval
	}
	return fields
}

func obligationFields(obligations []Obligation) []map[string]any {
	fields := []map[string]any{}
	for _, obligation := range obligations {
		fields = append(fields, map[string]any{"type": obligation.Type, "params": obligation.Params})
	}
	return fields
}

// errorFields gives an error's name in all languages, and its fields.
func errorFields(err error) (string, map[string]any) {
	var (
		policyDenied   *PolicyDenied
		approvalDenied *ApprovalDenied
		timedOut       *ApprovalTimeout
		failed         *VerdictError
	)
	switch {
	case err == nil:
		return "", nil
	case err == errOfAction:
		return "action", nil
	case errors.As(err, &policyDenied) && errors.Is(err, ErrPolicyDenied):
		return "PolicyDenied", decisionFields(policyDenied.Decision)
	case errors.As(err, &approvalDenied) && errors.Is(err, ErrApprovalDenied):
		return "ApprovalDenied", map[string]any{
			"approval_id": approvalDenied.ApprovalID,
			"status":      approvalDenied.Status,
			"reason":      orNil(approvalDenied.Reason),
		}
	case errors.As(err, &timedOut) && errors.Is(err, ErrApprovalTimeout):
		return "ApprovalTimeout", map[string]any{"approval_id": timedOut.ApprovalID}
	case errors.As(err, &failed) && errors.Is(err, ErrVerdict):
		return "VerdictError", map[string]any{
			"status": failed.Status, "code": failed.Code, "detail": failed.Detail, "problem": failed.Problem,
		}
	case errors.Is(err, ErrServerUnreachable):
		return "ServerUnreachable", nil
	case errors.Is(err, ErrInvalidRequest):
		return "InvalidRequest", nil
	case errors.Is(err, ErrConfiguration):
		return "ConfigurationError", nil
	default:
		return fmt.Sprintf("%T", err), nil
	}
}

// checkNever looks at an error and its causes in every way in which one is printed.
func checkNever(t *testing.T, err error, never []string) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		asJSON, _ := json.Marshal(err)
		printed := fmt.Sprintf("%s %v %+v %#v %s", err.Error(), err, err, err, asJSON)
		for _, text := range never {
			if strings.Contains(printed, text) {
				t.Errorf("%T contains %q: %s", err, text, printed)
			}
		}
	}
}

// warningLog counts and keeps what a client warns of.
type warningLog struct {
	mu    sync.Mutex
	text  bytes.Buffer
	lines int
}

func (l *warningLog) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(l, nil)) }

func (l *warningLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines++
	return l.text.Write(line)
}

func (l *warningLog) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines
}

func (l *warningLog) checkNever(t *testing.T, never []string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, text := range never {
		if strings.Contains(l.text.String(), text) {
			t.Errorf("a warning contains %q: %s", text, l.text.String())
		}
	}
}
