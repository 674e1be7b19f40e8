package verdict

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	streamPath = "/v1/policy/stream"
	// More than two of the comments that the server sends every 15 seconds.
	silenceMax = 40 * time.Second
	// Before the stream is opened again: up to this, then twice that, and so on.
	streamPause    = 500 * time.Millisecond
	streamPauseMax = 30 * time.Second
	// Far more than an event of the server has; whoever sends more without an end would only fill the memory.
	eventBytesMax = 64 << 10
)

// follower reads the event stream that tells what makes kept answers untrue, one connection after the other.
type follower struct {
	client *Client
	// Told of each "event" once it has had its effect, and of each "end" of a stream.
	heard func(what string)
	once  sync.Once
	ctx   context.Context
	stop  context.CancelFunc
	ended chan struct{}

	hasWarned bool
}

func newFollower(client *Client) *follower {
	ctx, stop := context.WithCancel(context.Background())
	heard := client.config.streamHeard
	if heard == nil {
		heard = func(string) {}
	}
	return &follower{client: client, heard: heard, ctx: ctx, stop: stop, ended: make(chan struct{})}
}

// begin is for every question; the first one opens the stream.
func (f *follower) begin() {
	f.once.Do(func() { go f.run() })
}

// close ends the stream for good. What was kept with it is not given any more.
func (f *follower) close() {
	f.stop()
	f.client.cache.endStreams()
}

func (f *follower) run() {
	defer close(f.ended)
	cache := f.client.cache
	for attempt := 0; f.ctx.Err() == nil; attempt++ {
		beganAt := cache.now()
		f.follow()
		cache.streamEnds()
		f.heard("end")
		if cache.now()-beganAt > streamPauseMax {
			attempt = 0
		}
		// Anything up to it, so that clients that lost the same server do not come back together.
		sleep(f.ctx, rand.N(min(streamPauseMax, streamPause<<min(attempt, 6))+1))
	}
}

// follow reads one connection until it ends. What ends it is nobody's matter.
func (f *follower) follow() {
	client := f.client
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	timer := time.AfterFunc(client.config.timeout, cancel)
	defer timer.Stop()
	client.cache.streamBegins()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, client.url+streamPath, nil)
	if err != nil {
		return
	}
	client.setHeaders(request)
	request.Header.Set("Accept", "text/event-stream")
	// SECURITY: a RoundTripper follows no redirect.
	response, err := client.freshTransport.RoundTrip(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode != http.StatusOK || kind != "text/event-stream" {
		f.refused(response.StatusCode)
		return
	}
	f.read(response.Body, timer)
}

func (f *follower) read(body io.Reader, timer *time.Timer) {
	var reader eventReader
	chunk := make([]byte, 4096)
	for {
		timer.Reset(silenceMax)
		length, err := body.Read(chunk)
		if f.ctx.Err() != nil || (length > 0 && !f.client.cache.streamSpeaks()) {
			return
		}
		events, isReadable := reader.read(chunk[:length])
		for _, event := range events {
			f.take(event)
		}
		if err != nil || !isReadable {
			return
		}
	}
}

// take does what an event says. INVARIANT: what is not a revision that can be read ends every answer, whatever it is.
func (f *follower) take(event streamEvent) {
	revision := ""
	if event.kind == "revision" {
		revision = readRevision(event.data)
	}
	if revision == "" {
		f.client.cache.forget()
	} else {
		f.hasWarned = false
		f.client.cache.streamTellsRevision(revision)
	}
	f.heard("event")
}

// refused repeats nothing of the answer, which may quote the key.
func (f *follower) refused(status int) {
	if f.hasWarned {
		return
	}
	f.hasWarned = true
	f.client.config.logger.Warn("verdict: the event stream was refused: until it is there, no answer is kept", "status", status)
}

func readRevision(data string) string {
	var revision struct {
		PolicyRevision string `json:"policy_revision"`
	}
	if json.Unmarshal([]byte(data), &revision) != nil {
		return ""
	}
	return revision.PolicyRevision
}

type streamEvent struct{ kind, data string }

// eventReader reads server-sent events (WHATWG HTML section 9.2.6) as they come, but for id and retry. An event without data,
// which that standard drops, is one here: it says that something happened.
type eventReader struct {
	pending   []byte
	hasBegun  bool
	kind      string
	data      []string
	dataBytes int
}

// read gives the events that the chunk completes, and false when one is too long.
func (r *eventReader) read(chunk []byte) ([]streamEvent, bool) {
	var events []streamEvent
	r.pending = append(r.pending, chunk...)
	for {
		line, isWhole := r.line()
		if !isWhole {
			break
		}
		if line != "" {
			r.field(line)
			continue
		}
		if r.kind != "" || r.data != nil {
			events = append(events, streamEvent{firstOf(r.kind, "message"), strings.Join(r.data, "\n")})
		}
		r.kind, r.data, r.dataBytes = "", nil, 0
	}
	return events, len(r.pending)+r.dataBytes <= eventBytesMax
}

// line takes the next one. It ends with a line feed, a carriage return, or both.
func (r *eventReader) line() (string, bool) {
	end := bytes.IndexAny(r.pending, "\r\n")
	if end < 0 {
		return "", false
	}
	next := end + 1
	if r.pending[end] == '\r' {
		if next == len(r.pending) {
			// It may be half of an end.
			return "", false
		}
		if r.pending[next] == '\n' {
			next++
		}
	}
	line := string(r.pending[:end])
	r.pending = append(r.pending[:0], r.pending[next:]...)
	if !r.hasBegun {
		r.hasBegun = true
		line = strings.TrimPrefix(line, "\ufeff")
	}
	return line, true
}

func (r *eventReader) field(line string) {
	name, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch name {
	case "event":
		r.kind = value
	case "data":
		r.data = append(r.data, value)
		// A line of nothing is one.
		r.dataBytes += len(value) + 1
	}
}
