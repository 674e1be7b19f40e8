package verdict

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	approvalTimeout = 5 * time.Minute
	pollSecondsMax  = 30
	// A server that answers `pending` at once is not asked as fast as it can answer.
	pollLeast          = time.Second
	pollPause          = 250 * time.Millisecond
	connectionErrorMax = 3
)

// WaitForApproval waits until the approval is granted, and returns it; the same request with its id as ApprovalID is then allowed
// once. Otherwise the error is *ApprovalDenied, *ApprovalTimeout, *ServerUnreachable, *VerdictError, *InvalidRequest, or that of the
// context. It never fails open.
func (c *Client) WaitForApproval(ctx context.Context, id string, options ...WaitOption) (*Approval, error) {
	chosen := waitOptions{timeout: approvalTimeout}
	for _, option := range options {
		option(&chosen)
	}
	wait := approvalWait{client: c, id: id, deadline: time.Now().Add(chosen.timeout)}
	for {
		pause, approval, err := wait.poll(ctx)
		if err != nil || approval != nil {
			return approval, err
		}
		if time.Until(wait.deadline) <= pause {
			sleep(ctx, time.Until(wait.deadline))
			pause = 0
		}
		if !sleep(ctx, pause) || ctx.Err() != nil {
			return nil, gaveUp(ctx)
		}
		if time.Until(wait.deadline) <= 0 {
			return nil, &ApprovalTimeout{ApprovalID: id}
		}
	}
}

type approvalWait struct {
	client   *Client
	id       string
	deadline time.Time
	// In a row.
	connectionErrors int
}

// poll asks once. It gives the approval or an error when the wait is over, and otherwise how long to pause.
func (w *approvalWait) poll(ctx context.Context) (time.Duration, *Approval, error) {
	asked := time.Now()
	left := w.deadline.Sub(asked)
	seconds := max(0, min(pollSecondsMax, int(left/time.Second)))
	query := "?wait_seconds=" + strconv.Itoa(seconds)
	timeout := min(left, time.Duration(seconds)*time.Second+w.client.config.timeout)
	approval, again, err := w.client.Approvals.look(ctx, w.id, query, timeout)
	switch {
	case err == nil:
		w.connectionErrors = 0
		granted, err := outcomeOf(approval)
		if granted != nil || err != nil {
			return 0, granted, err
		}
		if time.Since(asked) < pollLeast {
			return pollPause, nil, nil
		}
		return 0, nil, nil
	case ctx.Err() != nil:
		return 0, nil, gaveUp(ctx)
	case errors.Is(err, ErrServerUnreachable):
		if time.Until(w.deadline) <= 0 {
			return 0, nil, &ApprovalTimeout{ApprovalID: w.id}
		}
		w.connectionErrors++
		if w.connectionErrors == connectionErrorMax {
			return 0, nil, err
		}
		return jitter(w.connectionErrors - 1), nil, nil
	case again.isAllowed:
		w.connectionErrors = 0
		if again.after > time.Until(w.deadline) {
			return 0, nil, &ApprovalTimeout{ApprovalID: w.id}
		}
		return max(again.after, pollPause) + jitter(0), nil, nil
	default:
		return 0, nil, err
	}
}

// outcomeOf gives an approval that is granted, an error for one that never will be, and neither while it is pending.
func outcomeOf(approval *Approval) (*Approval, error) {
	isGranted := !approval.Grant.ExpiresAt.IsZero()
	switch approval.Status {
	case ApprovalStatusPending:
		return nil, nil
	case ApprovalStatusApproved:
		return approval, nil
	case ApprovalStatusExpired:
		if isGranted {
			return approval, nil
		}
	}
	return nil, &ApprovalDenied{
		ApprovalID: approval.ID,
		Status:     approval.Status,
		Reason:     approval.Resolution.Reason,
		Approval:   *approval,
	}
}

// Approvals looks at and answers the questions that rules put to people. docs/approvals.md says which scopes each takes.
type Approvals struct{ client *Client }

// List finds approvals, newest first. Go on with NextCursor as the Cursor until it is empty.
func (a *Approvals) List(ctx context.Context, filter ListApprovalsParams) (*ApprovalList, error) {
	query := []struct{ name, value string }{
		{"status", string(filter.Status)},
		{"identity", filter.Identity},
		{"rule_id", filter.RuleID},
		{"cursor", filter.Cursor},
		{"limit", positive(filter.Limit)},
	}
	path := "/v1/approvals"
	separator := "?"
	for _, field := range query {
		if field.value != "" {
			path += separator + field.name + "=" + url.QueryEscape(field.value)
			separator = "&"
		}
	}
	got, err := a.client.call(ctx, exchange{
		method: http.MethodGet, path: path, timeout: a.client.config.timeout, retries: retriesMax,
	})
	if err != nil {
		return nil, err
	}
	var list ApprovalList
	object, _ := parseObject(got.body)
	if _, isList := object["items"].([]any); !isList || json.Unmarshal(got.body, &list) != nil {
		return nil, malformed("The answer is not a page of approvals.")
	}
	return &list, nil
}

func positive(number int) string {
	if number == 0 {
		return ""
	}
	return strconv.Itoa(number)
}

// Get gives one approval as it is.
func (a *Approvals) Get(ctx context.Context, id string) (*Approval, error) {
	return a.exchange(ctx, id, "", exchange{method: http.MethodGet, retries: retriesMax})
}

// Approve says yes, with a note for all who see the approval, or none.
func (a *Approvals) Approve(ctx context.Context, id, note string) (*Approval, error) {
	return a.answer(ctx, id, "/approve", ApproveRequest{Note: note})
}

// Deny says no. The agent is told the reason, and acts on it.
func (a *Approvals) Deny(ctx context.Context, id, reason string) (*Approval, error) {
	return a.answer(ctx, id, "/deny", DenyRequest{Reason: reason})
}

// Cancel takes the question back, with a reason or none.
func (a *Approvals) Cancel(ctx context.Context, id, reason string) (*Approval, error) {
	return a.answer(ctx, id, "/cancel", CancelRequest{Reason: reason})
}

func (a *Approvals) answer(ctx context.Context, id, route string, body any) (*Approval, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, &InvalidRequest{Reason: "the answer is no JSON"}
	}
	return a.exchange(ctx, id, route, exchange{
		method: http.MethodPost, body: text, retries: retriesMax, countsOnce: true, isVote: true,
	})
}

func (a *Approvals) exchange(ctx context.Context, id, route string, ex exchange) (*Approval, error) {
	if !isApprovalID(id) {
		return nil, &InvalidRequest{Reason: "the approval's id is not one"}
	}
	ex.path = "/v1/approvals/" + id + route
	ex.timeout = a.client.config.timeout
	got, err := a.client.call(ctx, ex)
	if err != nil {
		return nil, err
	}
	return approvalOf(got.body, id)
}

// look asks once for an approval, and says whether and when it may be asked again.
func (a *Approvals) look(ctx context.Context, id, query string, timeout time.Duration) (*Approval, retry, error) {
	if !isApprovalID(id) {
		return nil, retry{}, &InvalidRequest{Reason: "the approval's id is not one"}
	}
	timed, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	got, again, err := a.client.send(timed, exchange{method: http.MethodGet, path: "/v1/approvals/" + id + query})
	if err != nil {
		return nil, again, err
	}
	approval, err := approvalOf(got.body, id)
	return approval, retry{}, err
}

// approvalOf reads an approval. What a decision hangs on is read by exact names; the rest is as if absent where it is of another type.
func approvalOf(body []byte, id string) (*Approval, error) {
	object, _ := parseObject(body)
	status, _ := object["status"].(string)
	if object["id"] != id || !ApprovalStatus(status).Valid() {
		return nil, malformed("The answer is not that approval.")
	}
	var approval Approval
	var wrongType *json.UnmarshalTypeError
	if err := json.Unmarshal(body, &approval); err != nil && !errors.As(err, &wrongType) {
		// A time that is none.
		approval = Approval{}
	}
	approval.ID, approval.Status = id, ApprovalStatus(status)
	if _, isThere := object["grant"].(map[string]any); !isThere {
		approval.Grant = ApprovalGrant{}
	}
	return &approval, nil
}
