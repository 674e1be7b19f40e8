package verdict

import (
	"errors"
	"fmt"
)

// Error is what all errors of this package have in common: errors.As with it tells them from those of an action.
// The errors of a context that ended are not among them.
type Error interface {
	error
	isVerdict()
}

// For errors.Is. errors.As gives the error itself with its fields.
var (
	ErrPolicyDenied      = errors.New("denied by policy")
	ErrApprovalDenied    = errors.New("approval denied")
	ErrApprovalTimeout   = errors.New("nobody approved in time")
	ErrServerUnreachable = errors.New("Verdict cannot be reached")
	ErrVerdict           = errors.New("Verdict answered with an error")
	ErrInvalidRequest    = errors.New("invalid request")
	ErrConfiguration     = errors.New("invalid configuration")
)

// PolicyDenied says that the rules deny the action. Hand Reason and HelpText to the model.
type PolicyDenied struct {
	RuleID     string
	RuleName   string
	Reason     string
	ReasonCode string
	HelpText   string
	HelpURL    string
	RequestID  string
	Decision   Decision
}

func denied(decision Decision) *PolicyDenied {
	return &PolicyDenied{
		RuleID:     decision.RuleID,
		RuleName:   decision.RuleName,
		Reason:     decision.Reason,
		ReasonCode: decision.ReasonCode,
		HelpText:   decision.HelpText,
		HelpURL:    decision.HelpURL,
		RequestID:  decision.RequestID,
		Decision:   decision,
	}
}

func (e *PolicyDenied) Error() string {
	if e.RuleID == "" {
		return fmt.Sprintf("verdict: denied: %s [%s]", e.Reason, e.ReasonCode)
	}
	return fmt.Sprintf("verdict: denied by %s: %s", e.RuleID, e.Reason)
}

// ApprovalDenied says that a person said no, that the question was taken back, or that nobody answered in time.
type ApprovalDenied struct {
	ApprovalID string
	// Status is denied, cancelled or expired.
	Status   ApprovalStatus
	Reason   string
	Approval Approval
}

func (e *ApprovalDenied) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("verdict: approval %s is %s", e.ApprovalID, e.Status)
	}
	return fmt.Sprintf("verdict: approval %s is %s: %s", e.ApprovalID, e.Status, e.Reason)
}

// ApprovalTimeout says that the caller's own limit came before an answer.
type ApprovalTimeout struct{ ApprovalID string }

func (e *ApprovalTimeout) Error() string {
	return fmt.Sprintf("verdict: nobody answered approval %s in time", e.ApprovalID)
}

// ServerUnreachable says that there was no connection, or no whole answer within the timeout.
type ServerUnreachable struct{ cause error }

func (e *ServerUnreachable) Error() string {
	return fmt.Sprintf("verdict: the server cannot be reached: %v", e.cause)
}

// Unwrap gives the connection's own error.
func (e *ServerUnreachable) Unwrap() error { return e.cause }

// VerdictError is any answer but a 200 with a JSON object.
type VerdictError struct {
	// Status is the HTTP status.
	Status int
	// Code is the problem's, or http_error, or malformed_answer.
	Code   string
	Detail string
	// Problem is the answer's body when it was a JSON object (RFC 9457), or nil.
	Problem map[string]any
}

func (e *VerdictError) Error() string {
	return fmt.Sprintf("verdict: HTTP %d: %s [%s]", e.Status, e.Detail, e.Code)
}

// InvalidRequest says that a request has no canonical form, or that an approval's id is not one. Nothing was sent.
type InvalidRequest struct{ Reason string }

func (e *InvalidRequest) Error() string { return "verdict: " + e.Reason }

// ConfigurationError says why a client cannot be made.
type ConfigurationError struct{ Reason string }

func (e *ConfigurationError) Error() string { return "verdict: " + e.Reason }

func (*PolicyDenied) isVerdict()       {}
func (*ApprovalDenied) isVerdict()     {}
func (*ApprovalTimeout) isVerdict()    {}
func (*ServerUnreachable) isVerdict()  {}
func (*VerdictError) isVerdict()       {}
func (*InvalidRequest) isVerdict()     {}
func (*ConfigurationError) isVerdict() {}

func (*PolicyDenied) Is(target error) bool       { return target == ErrPolicyDenied }
func (*ApprovalDenied) Is(target error) bool     { return target == ErrApprovalDenied }
func (*ApprovalTimeout) Is(target error) bool    { return target == ErrApprovalTimeout }
func (*ServerUnreachable) Is(target error) bool  { return target == ErrServerUnreachable }
func (*VerdictError) Is(target error) bool       { return target == ErrVerdict }
func (*InvalidRequest) Is(target error) bool     { return target == ErrInvalidRequest }
func (*ConfigurationError) Is(target error) bool { return target == ErrConfiguration }
