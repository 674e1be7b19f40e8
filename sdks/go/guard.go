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

// Guard asks, waits for a person where one is needed, and runs the action once if it is allowed; its error is returned as it is.
// Otherwise the action is not run, and the error is *PolicyDenied, *ApprovalDenied, *ApprovalTimeout, *ServerUnreachable,
// *VerdictError, *InvalidRequest, or that of the context.
func (c *Client) Guard(
	ctx context.Context,
	request Request,
	action func(context.Context) error,
	options ...WaitOption,
) error {
	if err := c.permit(ctx, request, options); err != nil {
		return err
	}
	return action(ctx)
}

// Guard is [Client.Guard] for an action that returns something.
func Guard[T any](
	ctx context.Context,
	client *Client,
	request Request,
	action func(context.Context) (T, error),
	options ...WaitOption,
) (T, error) {
	if err := client.permit(ctx, request, options); err != nil {
		var nothing T
		return nothing, err
	}
	return action(ctx)
}

// Check says whether the action is allowed, and waits for a person where one is needed. Whatever goes wrong is false; the only
// errors are *ApprovalTimeout, *ServerUnreachable, and that of the context.
func (c *Client) Check(ctx context.Context, request Request, options ...WaitOption) (bool, error) {
	err := c.permit(ctx, request, options)
	var ours Error
	if err == nil || !errors.As(err, &ours) ||
		errors.Is(err, ErrApprovalTimeout) || errors.Is(err, ErrServerUnreachable) {
		return err == nil, err
	}
	return false, nil
}

// permit gives nil if, and only if, the action may be taken now.
func (c *Client) permit(ctx context.Context, request Request, options []WaitOption) error {
	decision, err := c.decide(ctx, request)
	if err != nil {
		return err
	}
	if decision.Decision == ApprovalRequired && request.ApprovalID == "" {
		if decision.Approval == nil || !isApprovalID(decision.Approval.ID) {
			return malformed("The answer asks for an approval without saying which.")
		}
		approval, err := c.WaitForApproval(ctx, decision.Approval.ID, options...)
		if err != nil {
			return err
		}
		request.ApprovalID = approval.ID
		if decision, err = c.decide(ctx, request); err != nil {
			return err
		}
	}
	if !decision.IsAllowed() {
		return denied(decision)
	}
	return nil
}
