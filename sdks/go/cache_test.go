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
