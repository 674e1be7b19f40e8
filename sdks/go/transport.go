package verdict

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	retriesMax = 2
	retryBase  = 50 * time.Millisecond
	// More than the largest page of approvals.
	answerBytesMax = 64 << 20
)

// exchange is one request, and what may be repeated of it.
type exchange struct {
	method string
	path   string
	body   []byte
	// For the whole of it, retries included.
	timeout time.Duration
	retries int
	// It may have counted although no answer came.
	countsOnce bool
	// Nor is it repeated after a 503.
	isVote bool
}

// answer is one with HTTP status 200. The key is nowhere in its body.
type answer struct{ body []byte }

// call sends a request, again where that is allowed. It fails with *ServerUnreachable, *VerdictError or the context's error.
func (c *Client) call(ctx context.Context, ex exchange) (answer, error) {
	deadline := time.Now().Add(ex.timeout)
	timed, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	for attempt := 0; ; attempt++ {
		got, again, err := c.send(timed, ex)
		if err == nil {
			return got, nil
		}
		if ctx.Err() != nil {
			return answer{}, gaveUp(ctx)
		}
		if !again.isAllowed || attempt >= ex.retries {
			return answer{}, err
		}
		pause := again.after + jitter(attempt)
		if time.Until(deadline) <= pause || !sleep(timed, pause) {
			return answer{}, err
		}
	}
}

// retry says whether a failed request may be sent again, and how much later at least.
type retry struct {
	isAllowed bool
	after     time.Duration
}

// send makes one attempt.
//
// SECURITY: by a RoundTripper and not by http.Client, which reads a redirect's target before it can be told not to follow it, and has
// an error for one that is no URL: that would be a failed connection, and so an allow in the fail mode open.
func (c *Client) send(ctx context.Context, ex exchange) (answer, retry, error) {
	request, err := http.NewRequestWithContext(ctx, ex.method, c.url+ex.path, nil)
	if err != nil {
		return answer{}, retry{}, &InvalidRequest{Reason: "the address of the request is not one"}
	}
	c.setHeaders(request)
	if ex.body != nil {
		request.Header.Set("Content-Type", "application/json")
		// Without GetBody, so that the transport does not repeat it on its own.
		request.Body = io.NopCloser(bytes.NewReader(ex.body))
		request.ContentLength = int64(len(ex.body))
	}
	transport := c.transport
	if ex.countsOnce || ex.method == http.MethodGet {
		transport = c.freshTransport
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		again := retry{isAllowed: ctx.Err() == nil && (!ex.countsOnce || wasNotSent(err))}
		return answer{}, again, c.unreachable(err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusSwitchingProtocols {
		// Its body is the connection, which no context ends.
		return answer{}, retry{}, c.problem(response.StatusCode, nil)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, answerBytesMax+1))
	if response.StatusCode != http.StatusOK {
		// SECURITY: an error is one whatever becomes of its body: as an outage it would be allowed in the fail mode open.
		return answer{}, retryOf(response, ex), c.problem(response.StatusCode, body)
	}
	if err != nil {
		return answer{}, retry{}, c.unreachable(err)
	}
	if len(body) > answerBytesMax {
		return answer{}, retry{}, malformed("The answer is too large.")
	}
	return answer{c.clean(body)}, retry{}, nil
}

func (c *Client) setHeaders(request *http.Request) {
	request.Header.Set("Authorization", "Bearer "+c.key())
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "verdict-go/"+Version)
}

func retryOf(response *http.Response, ex exchange) retry {
	isBusy := response.StatusCode == http.StatusTooManyRequests ||
		(response.StatusCode == http.StatusServiceUnavailable && !ex.isVote)
	after, isSaid := retryAfter(response.Header.Get("Retry-After"))
	return retry{isAllowed: isBusy && isSaid, after: after}
}

// retryAfter reads whole seconds. A date is none: clocks differ.
func retryAfter(text string) (time.Duration, bool) {
	seconds, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31)
	return time.Duration(seconds) * time.Second, err == nil
}

func wasNotSent(err error) bool {
	var operation *net.OpError
	return errors.As(err, &operation) && operation.Op == "dial"
}

// jitter is anything up to the pause before a retry, so that clients that failed together do not come back together.
func jitter(attempt int) time.Duration {
	return rand.N(retryBase<<min(attempt, 6) + 1)
}

// sleep is false when the context ended before.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// gaveUp is for a context that the caller ended. It is no outage, so it never fails open.
func gaveUp(ctx context.Context) error {
	return fmt.Errorf("verdict: gave up waiting for an answer: %w", ctx.Err())
}

func malformed(detail string) *VerdictError {
	return &VerdictError{Status: http.StatusOK, Code: "malformed_answer", Detail: detail}
}

// problem is the error in an answer of any status but 200 (RFC 9457).
func (c *Client) problem(status int, body []byte) *VerdictError {
	failure := &VerdictError{Status: status, Code: "http_error", Detail: fmt.Sprintf("The server answered HTTP %d.", status)}
	if len(body) <= answerBytesMax {
		failure.Problem, _ = parseObject(c.clean(body))
	}
	if code, isText := failure.Problem["code"].(string); isText {
		failure.Code = code
		if detail, isText := failure.Problem["detail"].(string); isText {
			failure.Detail = detail
		}
	}
	return failure
}

// unreachable keeps the connection's error, unless it quotes an answer that quotes the key.
func (c *Client) unreachable(cause error) *ServerUnreachable {
	if text := cause.Error(); strings.Contains(text, c.key()) {
		cause = errors.New(strings.ReplaceAll(text, c.key(), redacted))
	}
	return &ServerUnreachable{cause: cause}
}

const redacted = "[redacted]"

// clean takes the key out of an answer, however it is escaped there.
func (c *Client) clean(body []byte) []byte {
	key := []byte(c.key())
	if !bytes.Contains(body, key) && bytes.IndexByte(body, '\\') < 0 {
		return body
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if !json.Valid(body) || decoder.Decode(&value) != nil || !holds(value, c.key()) {
		return bytes.ReplaceAll(body, key, []byte(redacted))
	}
	cleaned, err := json.Marshal(without(value, c.key()))
	if err != nil {
		return nil
	}
	return cleaned
}

// holds says whether a text of the value has the key in it.
func holds(value any, key string) bool {
	switch value := value.(type) {
	case string:
		return strings.Contains(value, key)
	case []any:
		for _, item := range value {
			if holds(item, key) {
				return true
			}
		}
	case map[string]any:
		for name, item := range value {
			if strings.Contains(name, key) || holds(item, key) {
				return true
			}
		}
	}
	return false
}

func without(value any, key string) any {
	switch value := value.(type) {
	case string:
		return strings.ReplaceAll(value, key, redacted)
	case []any:
		for i, item := range value {
			value[i] = without(item, key)
		}
	case map[string]any:
		cleaned := make(map[string]any, len(value))
		for name, item := range value {
			cleaned[strings.ReplaceAll(name, key, redacted)] = without(item, key)
		}
		return cleaned
	}
	return value
}
