package verdict

import (
	"context"
	"errors"
	"time"
)

// WaitOption is an option of whatever may wait for a person.
type WaitOption func(*waitOptions)

type waitOptions struct{ timeout time.Duration }

// WithApprovalTimeout bounds how long a person is waited for; five minutes otherwise.
func WithApprovalTimeout(timeout time.Duration) WaitOption {
	return func(o *waitOptions) { o.timeout = timeout }
}

// Guard asks, waits for a person where one is needed, and runs the action once if it is allowed; its error is returned as it is, and
// DecisionFrom gives it the decision.
// Otherwise the action is not run, and the error is *PolicyDenied, *ApprovalDenied, *ApprovalTimeout, *ServerUnreachable,
// *VerdictError, *InvalidRequest, or that of the context.
func (c *Client) Guard(
	ctx context.Context,
	request Request,
	action func(context.Context) error,
	options ...WaitOption,
) error {
	decision, err := c.permit(ctx, request, options)
	if err != nil {
		return err
	}
	return action(withDecision(ctx, decision))
}

// Guard is [Client.Guard] for an action that returns something.
func Guard[T any](
	ctx context.Context,
	client *Client,
	request Request,
	action func(context.Context) (T, error),
	options ...WaitOption,
) (T, error) {
	decision, err := client.permit(ctx, request, options)
	if err != nil {
		var nothing T
		return nothing, err
	}
	return action(withDecision(ctx, decision))
}

type decisionKey struct{}

func withDecision(ctx context.Context, decision Decision) context.Context {
	return context.WithValue(ctx, decisionKey{}, decision)
}

// DecisionFrom gives the decision that lets an action of Guard run, with its obligations, from the action's context.
func DecisionFrom(ctx context.Context) (Decision, bool) {
	decision, isThere := ctx.Value(decisionKey{}).(Decision)
	return decision, isThere
}

// Check says whether the action is allowed, and waits for a person where one is needed. Whatever goes wrong is false; the only
// errors are *ApprovalTimeout, *ServerUnreachable, and that of the context.
func (c *Client) Check(ctx context.Context, request Request, options ...WaitOption) (bool, error) {
	_, err := c.permit(ctx, request, options)
	var ours Error
	if err == nil || !errors.As(err, &ours) ||
		errors.Is(err, ErrApprovalTimeout) || errors.Is(err, ErrServerUnreachable) {
		return err == nil, err
	}
	return false, nil
}

// permit gives an allow, or an error.
func (c *Client) permit(ctx context.Context, request Request, options []WaitOption) (Decision, error) {
	decision, err := c.decide(ctx, request)
	if err != nil {
		return Decision{}, err
	}
	if decision.Decision == ApprovalRequired && request.ApprovalID == "" {
		if decision.Approval == nil || !isApprovalID(decision.Approval.ID) {
			return Decision{}, malformed("The answer asks for an approval without saying which.")
		}
		approval, err := c.WaitForApproval(ctx, decision.Approval.ID, options...)
		if err != nil {
			return Decision{}, err
		}
		request.ApprovalID = approval.ID
		if decision, err = c.decide(ctx, request); err != nil {
			return Decision{}, err
		}
	}
	if !decision.IsAllowed() {
		return Decision{}, denied(decision)
	}
	return decision, nil
}
