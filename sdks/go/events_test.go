package verdict

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const toldRevision = "event: revision\ndata: {\"policy_revision\":\"sha256:aa\"}\n\n"

// serveEvents answers questions, and the stream with what comes out of the channel, until that is closed or the client goes.
func serveEvents(t *testing.T, sent <-chan string, answer func() string) string {
	return serve(t, func(writer http.ResponseWriter, request *http.Request) {
		if request.URL.Path != streamPath {
			io.WriteString(writer, answer())
			return
		}
		writer.Header().Set("Content-Type", "text/event-stream")
		writer.(http.Flusher).Flush()
		for {
			select {
			case text, isOpen := <-sent:
				if !isOpen {
					return
				}
				io.WriteString(writer, text)
				writer.(http.Flusher).Flush()
			case <-request.Context().Done():
				return
			}
		}
	})
}

func alwaysAllow() string { return keptAllow }

func isKept(t *testing.T, client *Client) bool {
	t.Helper()
	decision, err := client.Evaluate(context.Background(), reading)
	if err != nil {
		t.Fatal(err)
	}
	return decision.Cached
}

func TestCloseEndsTheStreamAndItsGoroutine(t *testing.T) {
	sent := make(chan string, 1)
	client := newClient(t, serveEvents(t, sent, alwaysAllow), WithEvents(EventsOn))
	sent <- toldRevision
	waitUntil(t, func() bool { return isKept(t, client) })
	client.Close()
	<-client.follower.ended
	for range 2 {
		if isKept(t, client) {
			t.Error("an answer was kept without a stream")
		}
	}
}

func TestCloseEndsThePauseBeforeTheNextStream(t *testing.T) {
	heard := &streamHeard{}
	url := serve(t, func(writer http.ResponseWriter, request *http.Request) { io.WriteString(writer, keptAllow) })
	client := newClient(t, url, WithEvents(EventsOn), func(c *config) { c.streamHeard = heard.note })
	isKept(t, client)
	waitUntil(t, func() bool { return heard.ends.Load() > 0 })
	client.Close()
	<-client.follower.ended
}

func TestAClientThatIsClosedOrOffHasNoStream(t *testing.T) {
	url := serve(t, func(writer http.ResponseWriter, request *http.Request) {
		if request.URL.Path == streamPath {
			t.Error("a stream was opened")
		}
		io.WriteString(writer, keptAllow)
	})
	closed := newClient(t, url, WithEvents(EventsOn))
	closed.Close()
	isKept(t, closed)
	<-closed.follower.ended
	if newClient(t, url, WithEvents(EventsOn), WithCacheTTL(0)).follower != nil || newClient(t, url).follower != nil {
		t.Error("a client that keeps nothing follows")
	}
}

func TestAStreamThatIsNotAnsweredInTimeIsGivenUp(t *testing.T) {
	heard := &streamHeard{}
	url := serve(t, func(writer http.ResponseWriter, request *http.Request) {
		if request.URL.Path == streamPath {
			hang(request)
		}
		io.WriteString(writer, keptAllow)
	})
	client := newClient(t, url, WithEvents(EventsOn), WithTimeout(100*time.Millisecond), func(c *config) { c.streamHeard = heard.note })
	isKept(t, client)
	waitUntil(t, func() bool { return heard.ends.Load() > 0 })
}

// However many ask meanwhile: who asks after the client had an event is given no answer from before that event was sent.
func TestNoAnswerOutlivesAnEvent(t *testing.T) {
	var generation atomic.Int64
	sent := make(chan string)
	heard := &streamHeard{}
	url := serveEvents(t, sent, func() string {
		return strings.Replace(keptAllow, `"reason":"r"`, fmt.Sprintf(`"reason":"%d"`, generation.Load()), 1)
	})
	client := newClient(t, url, WithEvents(EventsOn), func(c *config) { c.streamHeard = heard.note })
	isKept(t, client)
	sent <- toldRevision
	waitUntil(t, func() bool { return heard.events.Load() == 1 })
	var all sync.WaitGroup
	var kept atomic.Int64
	ctx, stop := context.WithCancel(context.Background())
	for range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			for ctx.Err() == nil {
				least := heard.events.Load() - 1
				decision, err := client.Evaluate(context.Background(), reading)
				if got, _ := strconv.ParseInt(decision.Reason, 10, 64); err != nil || got < least {
					t.Errorf("an answer of generation %d after event %d, %v", got, least, err)
				}
				if decision.Cached {
					kept.Add(1)
				}
			}
		}()
	}
	for n := range int64(200) {
		generation.Add(1)
		sent <- "event: revoked\ndata: {}\n\n"
		waitUntil(t, func() bool { return heard.events.Load() == n+2 })
	}
	before := kept.Load()
	waitUntil(t, func() bool { return kept.Load() > before })
	stop()
	all.Wait()
}

func TestAnAnswerOfAnEarlierEpochIsNotKept(t *testing.T) {
	cache := newCache(time.Minute, 10, func() time.Duration { return 0 })
	cache.needsStream = true
	cache.streamTellsRevision("r")
	key := cacheKey{1}
	for name, event := range map[string]func(){
		"forget": cache.forget,
		"ends":   func() { cache.streamEnds(); cache.streamTellsRevision("r") },
	} {
		answer := Decision{Decision: Allow, PolicyRevision: "r", CacheTTLSeconds: 60}
		_, err := cache.answer(context.Background(), key, func(context.Context) (Decision, error) {
			event()
			return answer, nil
		})
		if _, isKept := cache.kept(key); err != nil || isKept {
			t.Errorf("%s: %v, kept: %v", name, err, isKept)
		}
	}
}

func TestEventsAreTheSameInWhateverPiecesTheyCome(t *testing.T) {
	text := "\ufeffevent: a\r\ndata: b\rdata:c\n\n: x\n\nid: 1\n\ndata\n\nevent:\n\nevent: ä\r\r\n\ndata: y\n\n"
	want := []streamEvent{{"a", "b\nc"}, {"message", ""}, {"ä", ""}, {"message", "y"}}
	for size := 1; size <= len(text); size++ {
		var reader eventReader
		var got []streamEvent
		for at := 0; at < len(text); at += size {
			events, _ := reader.read([]byte(text[at:min(at+size, len(text))]))
			got = append(got, events...)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("in pieces of %d: %q", size, got)
		}
	}
}

func TestAnEventThatDoesNotEndEndsTheStream(t *testing.T) {
	for _, piece := range []string{strings.Repeat("x", 1000), "data: " + strings.Repeat("x", 1000) + "\n"} {
		var reader eventReader
		isReadable := true
		for n := 0; isReadable; n++ {
			if n > 100 {
				t.Fatal("it is read on")
			}
			_, isReadable = reader.read([]byte(piece))
		}
	}
}

func TestTheServiceEndsWhatWasKeptBeforeAKeyWasRevoked(t *testing.T) {
	running := startService(t)
	client := running.client(t, "agent", WithEvents(EventsOn), WithCacheTTL(time.Minute))
	kept := func() bool {
		decision, err := client.Evaluate(context.Background(), get)
		return err == nil && decision.Cached
	}
	waitUntil(t, kept)
	revokeKey(t, running)
	waitUntil(t, func() bool { return !kept() })
	waitUntil(t, kept)
}

// revokeKey makes a key and revokes it.
func revokeKey(t *testing.T, running *service) {
	t.Helper()
	call := func(method, path, body string) string {
		request, err := http.NewRequest(method, running.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+running.keys["admin"])
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil || response.StatusCode/100 != 2 {
			t.Fatalf("%s %s: %v, %v", method, path, response, err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	made, _ := parseObject([]byte(call(http.MethodPost, "/v1/keys", `{"identity":{"name":"other"},"roles":["agent"]}`)))
	call(http.MethodDelete, fmt.Sprintf("/v1/keys/%v", made["id"]), "")
}

func TestAnEventOfLinesWithoutAnEndIsGivenUp(t *testing.T) {
	for _, line := range []string{"data\n", "data:\n", "data: x\n", "data: \r\n"} {
		var reader eventReader
		isReadable := true
		for n := 0; n < 100 && isReadable; n++ {
			_, isReadable = reader.read([]byte(strings.Repeat(line, 1000)))
		}
		if isReadable {
			t.Errorf("%q is read without an end", line)
		}
	}
}

func TestWhatAStreamStillTellsAfterCloseTurnsNothingOn(t *testing.T) {
	kept := newCache(time.Minute, 10, func() time.Duration { return 0 })
	kept.needsStream = true
	kept.streamBegins()
	kept.streamTellsRevision("a")
	if !kept.mayKeep() {
		t.Error("a stream that told a revision does not count")
	}
	kept.endStreams()
	kept.streamTellsRevision("b")
	if kept.mayKeep() {
		t.Error("a stream counts after the end")
	}
}
