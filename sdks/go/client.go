// Package verdict asks Verdict, a policy decision point, before an agent acts.
//
//	client, err := verdict.New() // VERDICT_URL and VERDICT_API_KEY
//	err = client.Guard(ctx, verdict.Request{ActionType: "tool_call", ActionName: "crm.get_customer"}, run)
//
// Without an answer it allows nothing, unless the fail mode is open. Every error of its own is an Error; one of a context that
// ended is not, and is never an allow.
package verdict

import (
	"net/http"
	"strings"
	"time"
)

// Client asks one service with one key. It is safe for concurrent use; make one and share it.
type Client struct {
	// SECURITY: a function, so that no way of printing a Client prints the key.
	key            func() string
	url            string
	transport      http.RoundTripper
	freshTransport http.RoundTripper
	config         *config
	cache          *cache
	// Nil unless answers are kept only with the event stream.
	follower *follower
	// Approvals looks at and answers the questions that rules put to people.
	Approvals *Approvals
}

// New makes a client from the options, then the environment, then the defaults. It fails with *ConfigurationError, and does not
// connect.
func New(options ...Option) (*Client, error) {
	made, err := newConfig(options)
	if err != nil {
		return nil, err
	}
	key := made.apiKey
	made.apiKey = ""
	client := &Client{
		key:    func() string { return key },
		url:    made.url,
		config: made,
		cache:  newCache(made.cacheTTL, made.cacheMaxEntries, made.now),
	}
	client.transport, client.freshTransport = transports(made.transport)
	client.Approvals = &Approvals{client}
	if Events(made.events) == EventsOn && client.cache.isOn() {
		client.cache.needsStream = true
		client.follower = newFollower(client)
	}
	return client, nil
}

// String names the service, and not the key.
func (c *Client) String() string { return "verdict.Client(" + c.url + ")" }

// GoString is String.
func (c *Client) GoString() string { return c.String() }

// Close ends idle connections and the event stream, and forgets all answers. A closed client can still be used, but with EventsOn it
// keeps no answer any more.
func (c *Client) Close() {
	if c.follower != nil {
		c.follower.close()
	}
	c.cache.clear()
	for _, transport := range []http.RoundTripper{c.transport, c.freshTransport} {
		if idle, can := transport.(interface{ CloseIdleConnections() }); can {
			idle.CloseIdleConnections()
		}
	}
}

const (
	connectionsMax = 64
	// Below what servers commonly wait for: a connection that the server closes while a request is on its way is an error.
	idleTimeout = 4 * time.Second
)

// transports gives one that reuses connections, and one for what must not be sent twice: net/http repeats some requests that fail on a
// connection that it reused.
func transports(given http.RoundTripper) (reusing, fresh http.RoundTripper) {
	if given == nil {
		// No proxy of the environment: it would be told the key.
		given = &http.Transport{
			ForceAttemptHTTP2:   true,
			DisableCompression:  true,
			MaxIdleConns:        connectionsMax,
			MaxIdleConnsPerHost: connectionsMax,
			IdleConnTimeout:     idleTimeout,
		}
	}
	ordinary, isOrdinary := given.(*http.Transport)
	if !isOrdinary {
		return given, given
	}
	single := ordinary.Clone()
	single.DisableKeepAlives = true
	return ordinary, single
}

// isApprovalID keeps an id from leading to another route.
func isApprovalID(id string) bool {
	return id != "" && len(id) <= 256 && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}
