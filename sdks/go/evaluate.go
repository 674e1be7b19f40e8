package verdict

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"
)

// EvaluateOption is an option of Evaluate.
type EvaluateOption struct{ returnDeny bool }

// ReturnDeny makes Evaluate return a deny without an error.
func ReturnDeny() EvaluateOption { return EvaluateOption{returnDeny: true} }

func (o EvaluateOption) returnsDeny() bool { return o.returnDeny }

// Evaluate asks whether the action may be taken. A deny is an error, *PolicyDenied, besides the decision; approval_required is a
// decision, to be waited for with WaitForApproval. Act only when the decision IsAllowed.
//
// Other errors are *ServerUnreachable, *VerdictError, *InvalidRequest, and that of the context.
func (c *Client) Evaluate(ctx context.Context, request Request, options ...EvaluateOption) (Decision, error) {
	decision, err := c.decide(ctx, request)
	if err == nil && decision.Decision == Deny && !slices.ContainsFunc(options, EvaluateOption.returnsDeny) {
		return decision, denied(decision)
	}
	return decision, err
}

// For the canonical form of a request of ordinary size; a larger one has its own.
type bodySpace [1024]byte

var bodySpaces = sync.Pool{New: func() any { return new(bodySpace) }}

// decide is Evaluate where a deny is no error: from the cache, from the server, or by the fail mode.
func (c *Client) decide(ctx context.Context, request Request) (Decision, error) {
	if isUnset(&request.Identity) {
		request.Identity = c.config.identity
	}
	space := bodySpaces.Get().(*bodySpace)
	defer bodySpaces.Put(space)
	body, err := appendRequest(space[:0], &request)
	if err != nil {
		return Decision{}, err
	}
	if c.follower != nil {
		c.follower.begin()
	}
	hasGrant := request.ApprovalID != ""
	isKeyed := !hasGrant && c.cache.isOn()
	var key cacheKey
	if isKeyed {
		key = sha256.Sum256(body)
		if decision, isKept := c.cache.kept(key); isKept {
			return decision, nil
		}
	}
	sent := append([]byte(nil), body...)
	// Of the whole call, also of one that waits for another's answer first.
	deadline := time.Now().Add(c.config.timeout)
	ask := func(ctx context.Context) (Decision, error) { return c.ask(ctx, sent, deadline, hasGrant) }
	if hasGrant {
		return c.cache.seen(ask(ctx))
	}
	if !isKeyed {
		return c.orFailOpen(c.cache.seen(ask(ctx)))
	}
	return c.orFailOpen(c.cache.answer(ctx, key, ask))
}

// ask asks the server. INVARIANT: a request that uses up a grant is sent once.
func (c *Client) ask(ctx context.Context, body []byte, deadline time.Time, hasGrant bool) (Decision, error) {
	got, err := c.call(ctx, exchange{
		method:     http.MethodPost,
		path:       "/v1/policy/evaluate",
		body:       body,
		timeout:    time.Until(deadline),
		retries:    retriesMax,
		countsOnce: hasGrant,
	})
	if err != nil {
		return Decision{}, err
	}
	object, isObject := parseObject(got.body)
	if !isObject {
		return Decision{}, malformed("The answer is not a JSON object.")
	}
	return decisionOf(object), nil
}

// orFailOpen turns a server that cannot be reached into an allow, in the fail mode open.
//
// SECURITY: nothing else is: no HTTP error, no malformed answer, no context of the caller's that ended.
func (c *Client) orFailOpen(decision Decision, err error) (Decision, error) {
	if !c.failsOpen(err) {
		return decision, err
	}
	c.config.logger.Warn("verdict: the server cannot be reached, and the fail mode is open: allowed without a decision", "error", err)
	return failOpenDecision(), nil
}

func (c *Client) failsOpen(err error) bool {
	var unreachable *ServerUnreachable
	return FailMode(c.config.failMode) == FailOpen && errors.As(err, &unreachable)
}

// BatchResult is the answer to one request of a batch: a decision, which may be a deny, or an error.
type BatchResult struct {
	Decision Decision
	// Err is nil or a *VerdictError.
	Err error
}

// EvaluateBatch asks about up to 100 actions at once, and gives as many results in the same order. A deny is no error. The
// cache is neither read nor filled.
func (c *Client) EvaluateBatch(ctx context.Context, requests []Request) ([]BatchResult, error) {
	body, hasGrant, err := c.batchBody(requests)
	if err != nil {
		return nil, err
	}
	got, err := c.call(ctx, exchange{
		method:     http.MethodPost,
		path:       "/v1/policy/evaluate/batch",
		body:       body,
		timeout:    c.config.timeout,
		retries:    retriesMax,
		countsOnce: hasGrant,
	})
	if !hasGrant && c.failsOpen(err) {
		results := make([]BatchResult, len(requests))
		decision, _ := c.orFailOpen(Decision{}, err)
		for i := range results {
			results[i].Decision = decision
		}
		return results, nil
	}
	if err != nil {
		return nil, err
	}
	object, _ := parseObject(got.body)
	items, isList := object["results"].([]any)
	if !isList || len(items) != len(requests) {
		return nil, malformed("The answer does not have a result for each request.")
	}
	return c.batchResults(items), nil
}

func (c *Client) batchBody(requests []Request) (body []byte, hasGrant bool, err error) {
	body = append(body, `{"requests":[`...)
	for i, request := range requests {
		if i > 0 {
			body = append(body, ',')
		}
		if isUnset(&request.Identity) {
			request.Identity = c.config.identity
		}
		hasGrant = hasGrant || request.ApprovalID != ""
		if body, err = appendRequest(body, &request); err != nil {
			return nil, false, err
		}
	}
	return append(body, "]}"...), hasGrant, nil
}

func (c *Client) batchResults(items []any) []BatchResult {
	results := make([]BatchResult, len(items))
	for i, item := range items {
		object, isObject := item.(map[string]any)
		if !isObject {
			results[i].Err = malformed("A result is not a JSON object.")
			continue
		}
		if code, isError := object["code"].(string); isError {
			results[i].Err = problemOf(object, code)
			continue
		}
		results[i].Decision, _ = c.cache.seen(decisionOf(object), nil)
	}
	return results
}

// problemOf is the error of one result, whatever else that says.
func problemOf(object map[string]any, code string) *VerdictError {
	failure := &VerdictError{Status: http.StatusOK, Code: code, Problem: object}
	failure.Detail, _ = object["detail"].(string)
	if status, isNumber := object["status"].(float64); isNumber && status == math.Trunc(status) {
		failure.Status = int(status)
	}
	return failure
}

// DryRun runs fixtures against rules without deciding anything. It takes a key with the scope dry-run.
func (c *Client) DryRun(ctx context.Context, request DryRunRequest) (*DryRun, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, &InvalidRequest{Reason: "the dry run is no JSON"}
	}
	got, err := c.call(ctx, exchange{
		method:  http.MethodPost,
		path:    "/v1/policy/dry-run",
		body:    body,
		timeout: c.config.timeout,
		retries: retriesMax,
	})
	if err != nil {
		return nil, err
	}
	if _, isObject := parseObject(got.body); !isObject {
		return nil, malformed("The answer is not a JSON object.")
	}
	var result DryRun
	if err := json.Unmarshal(got.body, &result); err != nil {
		return nil, malformed("The answer is not that of a dry run.")
	}
	return &result, nil
}
