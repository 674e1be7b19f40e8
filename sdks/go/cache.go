package verdict

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"
)

// The SHA-256 of a body.
type cacheKey = [sha256.Size]byte

// cache keeps allows and denies for as long as the server and the configuration let it, and lets one question be asked once at a
// time. It is safe for concurrent use.
type cache struct {
	ttl        time.Duration
	maxEntries int
	now        func() time.Duration
	// Nothing is kept or given without an event stream that told a revision and was heard of lately.
	needsStream bool

	mu      sync.Mutex
	entries map[cacheKey]*entry
	// A ring: newest.next is the most recently used, newest.previous the least.
	newest   entry
	flights  map[cacheKey]*flight
	revision string
	// Another one after everything that ends answers, also those that are under way.
	epoch     int
	hasStream bool
	heardAt   time.Duration
	// No stream counts any more.
	isClosed bool
}

type entry struct {
	key            cacheKey
	decision       Decision
	expiresAt      time.Duration
	previous, next *entry
}

// flight is a question that is being asked.
type flight struct {
	landed   chan struct{}
	waiting  int
	giveUp   context.CancelFunc
	decision Decision
	err      error
	// When it was asked.
	epoch int
	// Zero when the answer may not be given again.
	expiresAt time.Duration
}

func newCache(ttl time.Duration, maxEntries int, now func() time.Duration) *cache {
	c := &cache{ttl: ttl, maxEntries: maxEntries, now: now, flights: map[cacheKey]*flight{}}
	c.empty()
	return c
}

func (c *cache) isOn() bool { return c.ttl > 0 && c.maxEntries > 0 }

// kept gives the kept answer to a question.
func (c *cache) kept(key cacheKey) (Decision, bool) {
	c.mu.Lock()
	found := c.find(key)
	if found == nil {
		c.mu.Unlock()
		return Decision{}, false
	}
	decision := found.decision
	c.mu.Unlock()
	return decision.again(), true
}

// answer gives the kept answer to a question, or that to the same question of somebody else, or asks. Whoever asked first
// may stop waiting without an error for the others; when nobody waits any more, the context of ask is ended.
func (c *cache) answer(ctx context.Context, key cacheKey, ask func(context.Context) (Decision, error)) (Decision, error) {
	c.mu.Lock()
	if kept := c.find(key); kept != nil {
		decision := kept.decision
		c.mu.Unlock()
		return decision.again(), nil
	}
	if !c.mayKeep() {
		c.mu.Unlock()
		return c.seen(ask(ctx))
	}
	asked, isShared := c.flights[key]
	if !isShared {
		asked = c.depart(ctx, key, ask)
	}
	asked.waiting++
	c.mu.Unlock()

	select {
	case <-asked.landed:
	case <-ctx.Done():
		c.leave(key, asked)
		return Decision{}, gaveUp(ctx)
	}
	if asked.err != nil || !isShared {
		return asked.decision, asked.err
	}
	if asked.expiresAt > c.now() {
		return asked.decision.again(), nil
	}
	return c.seen(ask(ctx))
}

// depart begins to ask. The lock is held.
func (c *cache) depart(ctx context.Context, key cacheKey, ask func(context.Context) (Decision, error)) *flight {
	ctx, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	begun := &flight{landed: make(chan struct{}), giveUp: giveUp, epoch: c.epoch}
	c.flights[key] = begun
	// From before it is asked: the server's time began before the answer arrived.
	askedAt := c.now()
	go func() {
		defer giveUp()
		begun.decision, begun.err = ask(ctx)
		c.land(key, begun, askedAt)
	}()
	return begun
}

func (c *cache) land(key cacheKey, landed *flight, askedAt time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flights[key] == landed {
		delete(c.flights, key)
	}
	// Its own revision ends what was asked for before it came, and not this answer.
	isOfNow := landed.epoch == c.epoch && c.mayKeep()
	c.see(landed.decision.PolicyRevision)
	if landed.err == nil && isOfNow && landed.decision.mayBeKept() {
		life := min(c.ttl, time.Duration(landed.decision.CacheTTLSeconds)*time.Second)
		landed.expiresAt = askedAt + life
		c.keep(key, landed.decision, landed.expiresAt)
	}
	close(landed.landed)
}

func (c *cache) leave(key cacheKey, left *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	left.waiting--
	if left.waiting == 0 {
		left.giveUp()
		if c.flights[key] == left {
			delete(c.flights, key)
		}
	}
}

// seen is for an answer that is not kept: it may have another revision all the same.
func (c *cache) seen(decision Decision, err error) (Decision, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.see(decision.PolicyRevision)
	return decision, err
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.empty()
}

// forget ends all answers, also those that are under way.
func (c *cache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	c.empty()
}

func (c *cache) streamBegins() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heardAt = c.now()
}

// streamSpeaks is false after too long a silence: then the stream has to begin anew.
func (c *cache) streamSpeaks() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isSilent() {
		return false
	}
	c.heardAt = c.now()
	return true
}

func (c *cache) streamTellsRevision(revision string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed || (c.hasStream && c.revision == revision) {
		return
	}
	c.hasStream, c.revision = true, revision
	c.epoch++
	c.empty()
}

// endStreams is streamEnds for good, also for who is about to take what a stream tells.
func (c *cache) endStreams() {
	c.mu.Lock()
	c.isClosed = true
	c.mu.Unlock()
	c.streamEnds()
}

func (c *cache) streamEnds() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hasStream = false
	c.epoch++
	c.empty()
}

// The lock is held in all below.

// see forgets all answers of other rules, also those that are under way.
func (c *cache) see(revision string) {
	if revision == "" || revision == c.revision {
		return
	}
	if c.revision != "" {
		c.epoch++
		c.empty()
	}
	c.revision = revision
}

func (c *cache) empty() {
	c.entries = map[cacheKey]*entry{}
	c.newest.next, c.newest.previous = &c.newest, &c.newest
}

func (c *cache) mayKeep() bool {
	return !c.needsStream || (c.hasStream && !c.isSilent())
}

func (c *cache) isSilent() bool { return c.now()-c.heardAt > silenceMax }

func (c *cache) find(key cacheKey) *entry {
	found := c.entries[key]
	if found == nil || !c.mayKeep() {
		return nil
	}
	found.unlink()
	if found.expiresAt <= c.now() {
		delete(c.entries, key)
		return nil
	}
	found.linkAfter(&c.newest)
	return found
}

func (c *cache) keep(key cacheKey, decision Decision, expiresAt time.Duration) {
	if before := c.entries[key]; before != nil {
		before.unlink()
	}
	// The one who asked has this answer too, and may write to it.
	kept := &entry{key: key, decision: decision.again(), expiresAt: expiresAt}
	c.entries[key] = kept
	kept.linkAfter(&c.newest)
	if len(c.entries) > c.maxEntries {
		oldest := c.newest.previous
		oldest.unlink()
		delete(c.entries, oldest.key)
	}
}

func (e *entry) unlink() {
	e.previous.next, e.next.previous = e.next, e.previous
}

func (e *entry) linkAfter(place *entry) {
	e.previous, e.next = place, place.next
	e.next.previous, place.next = e, e
}
