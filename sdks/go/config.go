package verdict

import (
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// FailMode says what becomes of a call when Verdict cannot be reached.
type FailMode string

const (
	// FailClosed is the default: the call fails with *ServerUnreachable.
	FailClosed FailMode = "closed"
	// FailOpen allows the action, marks the decision and logs a warning.
	FailOpen FailMode = "open"
)

// Events says whether the event stream of the service is followed.
type Events string

const (
	// EventsOff is the default: answers are kept for as long as the service said when it gave them.
	EventsOff Events = "off"
	// EventsOn keeps answers only while the event stream is there, which ends them when the rules change or a key is revoked.
	EventsOn Events = "on"
)

// Option is an argument of New. It wins over the environment.
type Option func(*config)

// WithURL sets where the service is: http or https, without user, query or fragment.
func WithURL(address string) Option { return func(c *config) { c.url = address } }

// WithAPIKey sets the key to authenticate with.
func WithAPIKey(key string) Option { return func(c *config) { c.apiKey = key } }

// WithFailMode sets the fail mode. What is neither of the two is FailClosed, with a warning.
func WithFailMode(mode FailMode) Option {
	return func(c *config) { c.failMode = string(mode) }
}

// WithTimeout bounds a call with all its retries.
func WithTimeout(timeout time.Duration) Option {
	return func(c *config) {
		if timeout <= 0 {
			c.warn("the timeout is not positive, so the default applies")
			timeout = defaultTimeoutMS * time.Millisecond
		}
		c.timeout, c.hasTimeout = timeout, true
	}
}

// WithCacheTTL bounds how long an answer is kept; the server's own word may be shorter. Zero turns the cache off.
func WithCacheTTL(ttl time.Duration) Option {
	return func(c *config) {
		if ttl < 0 {
			c.warn("the cache time is negative, so the default applies")
			ttl = defaultCacheTTLSeconds * time.Second
		}
		c.cacheTTL, c.hasCacheTTL = ttl, true
	}
}

// WithCacheMaxEntries bounds how many answers are kept. Zero turns the cache off.
func WithCacheMaxEntries(entries int) Option {
	return func(c *config) {
		if entries < 0 {
			c.warn("the cache size is negative, so the default applies")
			entries = defaultCacheMaxEntries
		}
		c.cacheMaxEntries, c.hasCacheMaxEntries = entries, true
	}
}

// WithEvents says whether the event stream is followed, from the first question until Close. What is neither of the two is EventsOn,
// with a warning.
func WithEvents(events Events) Option {
	return func(c *config) { c.events = string(events) }
}

// WithIdentity sets on whose behalf requests are that name no identity of their own. It takes a key with the scope evaluate:as.
func WithIdentity(identity Identity) Option {
	return func(c *config) { c.identity, c.hasIdentity = identity, true }
}

// WithLogger sets where warnings go; slog.Default() otherwise.
func WithLogger(logger *slog.Logger) Option { return func(c *config) { c.logger = logger } }

// WithTransport sets how connections are made, such as through a proxy, which is otherwise not asked.
// It must not follow redirects.
func WithTransport(transport http.RoundTripper) Option {
	return func(c *config) { c.transport = transport }
}

const (
	defaultURL             = "http://127.0.0.1:8181"
	defaultTimeoutMS       = 5000
	defaultCacheTTLSeconds = 5
	defaultCacheMaxEntries = 1000
)

type config struct {
	url                string
	apiKey             string
	failMode           string
	timeout            time.Duration
	hasTimeout         bool
	cacheTTL           time.Duration
	hasCacheTTL        bool
	cacheMaxEntries    int
	hasCacheMaxEntries bool
	events             string
	identity           Identity
	hasIdentity        bool
	logger             *slog.Logger
	transport          http.RoundTripper
	environment        func(name string) string
	// Since some moment; for the life of answers.
	now      func() time.Duration
	warnings []string
	// For tests.
	streamHeard func(what string)
}

func (c *config) warn(message string) { c.warnings = append(c.warnings, message) }

// newConfig applies the options, then the environment, then the defaults. It fails with *ConfigurationError.
func newConfig(options []Option) (*config, error) {
	begin := time.Now()
	c := &config{
		environment: os.Getenv,
		now:         func() time.Duration { return time.Since(begin) },
	}
	for _, option := range options {
		option(c)
	}
	if c.logger == nil {
		c.logger = slog.Default()
	}
	c.url = firstOf(c.url, c.environment("VERDICT_URL"), defaultURL)
	c.apiKey = firstOf(c.apiKey, c.environment("VERDICT_API_KEY"))
	c.readFailMode()
	c.readNumbers()
	c.readEvents()
	c.readIdentity()
	for _, warning := range c.warnings {
		c.logger.Warn("verdict: " + warning)
	}
	if err := checkKey(c.apiKey); err != nil {
		return nil, err
	}
	if err := checkURL(c.url); err != nil {
		return nil, err
	}
	c.url = strings.TrimRight(c.url, "/")
	return c, nil
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func (c *config) readFailMode() {
	mode := FailMode(firstOf(c.failMode, c.environment("VERDICT_FAIL_MODE"), string(FailClosed)))
	if mode != FailClosed && mode != FailOpen {
		c.warn("the fail mode is neither `closed` nor `open`, so it is closed")
		mode = FailClosed
	}
	c.failMode = string(mode)
}

func (c *config) readNumbers() {
	if !c.hasTimeout {
		c.timeout = time.Duration(c.number("VERDICT_TIMEOUT_MS", 1, defaultTimeoutMS)) * time.Millisecond
	}
	if !c.hasCacheTTL {
		c.cacheTTL = time.Duration(c.number("VERDICT_CACHE_TTL_SECONDS", 0, defaultCacheTTLSeconds)) * time.Second
	}
	if !c.hasCacheMaxEntries {
		c.cacheMaxEntries = c.number("VERDICT_CACHE_MAX_ENTRIES", 0, defaultCacheMaxEntries)
	}
}

func (c *config) number(name string, least, byDefault int) int {
	text := c.environment(name)
	if text == "" {
		return byDefault
	}
	number, err := strconv.ParseUint(text, 10, 31)
	if err != nil || int64(number) < int64(least) {
		c.warn(fmt.Sprintf("%s is not a whole number from %d to %d, so it is %d", name, least, math.MaxInt32, byDefault))
		return byDefault
	}
	return int(number)
}

// SECURITY: what is misspelt keeps fewer answers, not more.
func (c *config) readEvents() {
	events := Events(firstOf(c.events, c.environment("VERDICT_EVENTS"), string(EventsOff)))
	if events != EventsOn && events != EventsOff {
		c.warn("`events` is neither `on` nor `off`, so they are on")
		events = EventsOn
	}
	c.events = string(events)
}

func (c *config) readIdentity() {
	if c.hasIdentity {
		return
	}
	c.identity.Name = c.environment("VERDICT_IDENTITY_NAME")
	for _, role := range strings.Split(c.environment("VERDICT_IDENTITY_ROLES"), ",") {
		if role = strings.TrimSpace(role); role != "" {
			c.identity.Roles = append(c.identity.Roles, role)
		}
	}
}

func checkKey(key string) error {
	if key == "" {
		return &ConfigurationError{"there is no API key: set VERDICT_API_KEY, or give WithAPIKey"}
	}
	for i := 0; i < len(key); i++ {
		if key[i] <= ' ' || key[i] > '~' {
			return &ConfigurationError{"the API key has characters that no key has; was it copied whole?"}
		}
	}
	return nil
}

// checkURL does not repeat the address: it may hold a password.
func checkURL(address string) error {
	parsed, err := url.Parse(address)
	isFine := err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Hostname() != "" &&
		parsed.User == nil && !strings.ContainsAny(address, "?#")
	if !isFine {
		return &ConfigurationError{"the URL of the service is not one: write it as https://host/path, without user, `?` or `#`"}
	}
	return nil
}
