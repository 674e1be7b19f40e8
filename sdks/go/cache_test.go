package verdict

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Many callers of few questions, some of whom give up, while the rules change: each answer is that of its own question, from a
// revision that the server had, and nothing is left behind.
func TestManyCallersGetTheAnswersToTheirOwnQuestions(t *testing.T) {
	var revision atomic.Int64
	url := serve(t, func(writer http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		_, name, _ := strings.Cut(string(body), `"action_name":"`)
		name, _, _ = strings.Cut(name, `"`)
		answer := strings.Replace(keptAllow, `"reason":"r"`, fmt.Sprintf(`"reason":"%s"`, name), 1)
		fmt.Fprint(writer, strings.Replace(answer, "sha256:aa", fmt.Sprintf("sha256:%d", revision.Load()/50), 1))
		revision.Add(1)
	})
	client := newClient(t, url, WithCacheMaxEntries(5))
	var all sync.WaitGroup
	for range 16 {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 60 {
				name := fmt.Sprintf("n%d", rand.IntN(8))
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rand.IntN(2000))*time.Microsecond)
				if rand.IntN(2) == 0 {
					cancel()
					ctx, cancel = context.WithCancel(context.Background())
				}
				decision, err := client.Evaluate(ctx, Request{ActionType: "tool_call", ActionName: name})
				cancel()
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v", err)
				}
				if err == nil && decision.Reason != name {
					t.Errorf("%s was given the answer to %s", name, decision.Reason)
				}
			}
		}()
	}
	all.Wait()
	waitUntil(t, func() bool {
		client.cache.mu.Lock()
		defer client.cache.mu.Unlock()
		return len(client.cache.flights) == 0
	})
	length := 0
	for kept := client.cache.newest.next; kept != &client.cache.newest; kept = kept.next {
		length++
	}
	if kept := len(client.cache.entries); length != kept || kept > 5 {
		t.Errorf("%d in the ring, %d in the map", length, kept)
	}
}

// heldAnswers answers a question when the test says so, by its action's name.
type heldAnswers struct {
	mu      sync.Mutex
	waiting map[string][]chan string
}

func (h *heldAnswers) serve(t *testing.T) string {
	h.waiting = map[string][]chan string{}
	return serve(t, func(writer http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		_, name, _ := strings.Cut(string(body), `"action_name":"`)
		name, _, _ = strings.Cut(name, `"`)
		held := make(chan string, 1)
		h.mu.Lock()
		h.waiting[name] = append(h.waiting[name], held)
		h.mu.Unlock()
		select {
		case text := <-held:
			io.WriteString(writer, text)
		case <-request.Context().Done():
		}
	})
}

// isAsked says whether the question was asked so often.
func (h *heldAnswers) isAsked(name string, times int) func() bool {
	return func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.waiting[name]) == times
	}
}

// release answers the question that was asked last.
func (h *heldAnswers) release(name, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	held := h.waiting[name]
	held[len(held)-1] <- text
}

func named(name string) Request { return Request{ActionType: "tool_call", ActionName: name} }

func TestWhatWasAskedForBeforeAnotherRevisionWasSeenIsGivenAndNotKept(t *testing.T) {
	held := &heldAnswers{}
	client := newClient(t, held.serve(t))
	answers := map[string]chan Decision{}
	ask := func(name string, times int) {
		answer := make(chan Decision, 1)
		answers[name] = answer
		go func() {
			decision, _ := client.Evaluate(context.Background(), named(name), ReturnDeny())
			answer <- decision
		}()
		waitUntil(t, held.isAsked(name, times))
	}
	for _, name := range []string{"older", "old", "fresh"} {
		ask(name, 1)
	}
	held.release("older", keptAllow)
	<-answers["older"]
	held.release("fresh", strings.Replace(keptAllow, "sha256:aa", "sha256:bb", 1))
	<-answers["fresh"]
	held.release("old", keptAllow)
	if decision := <-answers["old"]; !decision.IsAllowed() || decision.Cached {
		t.Errorf("got %+v", decision)
	}
	ask("old", 2)
	held.release("old", strings.Replace(strings.Replace(keptAllow, "sha256:aa", "sha256:bb", 1), "allow", "deny", 1))
	if decision := <-answers["old"]; decision.Decision != Deny {
		t.Errorf("got %+v", decision)
	}
}

func TestTheTimeoutIsOfTheWholeCallAlsoForWhoWaitedForAnothersAnswer(t *testing.T) {
	held := &heldAnswers{}
	client := newClient(t, held.serve(t), WithTimeout(2*time.Second))
	go client.Evaluate(context.Background(), named("a"))
	waitUntil(t, held.isAsked("a", 1))
	begun := time.Now()
	second := make(chan error, 1)
	go func() {
		_, err := client.Evaluate(context.Background(), named("a"))
		second <- err
	}()
	waitUntil(t, func() bool { return waiting(client) == 2 })
	time.Sleep(time.Second)
	held.release("a", strings.Replace(keptAllow, `"cache_ttl_seconds":60`, `"cache_ttl_seconds":0`, 1))
	if err := <-second; !errors.Is(err, ErrServerUnreachable) {
		t.Errorf("got %v", err)
	}
	// Beyond it, it would be three.
	if took := time.Since(begun); took > 2900*time.Millisecond {
		t.Errorf("it took %s", took)
	}
}
