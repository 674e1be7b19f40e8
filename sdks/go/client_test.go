package verdict

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var reading = Request{ActionType: "tool_call", ActionName: "crm.get_customer", Arguments: map[string]any{"id": "cus_42"}}

const keptAllow = `{"decision":"allow","reason":"r","reason_code":"rule_matched","request_id":"i","policy_revision":"sha256:aa",` +
	`"cache_ttl_seconds":60,"obligations":[{"type":"redact","params":{"fields":["email"]}}],"rules":[],"errors":[],"latency_ms":1}`

func newClient(t *testing.T, url string, options ...Option) *Client {
	t.Helper()
	log := &warningLog{}
	client, err := New(append([]Option{WithURL(url), WithAPIKey(vectorsKey), WithLogger(log.logger()), inEnvironment(nil)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// hang answers nothing until the client goes away, which a server notices once it has read the body.
func hang(request *http.Request) {
	io.Copy(io.Discard, request.Body)
	<-request.Context().Done()
}

// serveRaw answers each connection with the text and closes it; the text may have what was sent in it.
func serveRaw(t *testing.T, answer func(sent string) string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				sent := make([]byte, 4096)
				n, _ := connection.Read(sent)
				io.WriteString(connection, answer(string(sent[:n])))
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

func TestARedirectToWhatIsNoAddressIsNoOutage(t *testing.T) {
	for _, location := range []string{"http://%zz", "", "::", "http://a b/"} {
		url := serveRaw(t, func(string) string {
			return "HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n"
		})
		_, err := newClient(t, url, WithFailMode(FailOpen)).Evaluate(context.Background(), reading)
		var failed *VerdictError
		if !errors.As(err, &failed) || failed.Status != 302 {
			t.Errorf("Location %q: got %v", location, err)
		}
	}
}

func TestAnotherProtocolIsNoAllowAndDoesNotHang(t *testing.T) {
	url := serveRaw(t, func(string) string {
		return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
	})
	_, err := newClient(t, url, WithFailMode(FailOpen)).Evaluate(context.Background(), reading)
	var failed *VerdictError
	if !errors.As(err, &failed) || failed.Status != 101 {
		t.Errorf("got %v", err)
	}
}

func TestTheErrorOfAnAnswerThatIsNoHTTPDoesNotQuoteTheKey(t *testing.T) {
	url := serveRaw(t, func(sent string) string {
		_, key, _ := strings.Cut(sent, "Authorization: ")
		return key
	})
	_, err := newClient(t, url).Evaluate(context.Background(), reading)
	if !errors.Is(err, ErrServerUnreachable) {
		t.Errorf("got %v", err)
	}
	checkNever(t, err, []string{vectorsKey})
}

func TestAnEscapedKeyInAnAnswerIsTakenOutToo(t *testing.T) {
	escaped := strings.Replace(vectorsKey, "v", `\u0076`, 1)
	url := serve(t, func(writer http.ResponseWriter, _ *http.Request) {
		writer.WriteHeader(400)
		fmt.Fprintf(writer, `{"code":"x","detail":"%s","%s":["%s"]}`, escaped, escaped, escaped)
	})
	_, err := newClient(t, url).Evaluate(context.Background(), reading)
	checkNever(t, err, []string{vectorsKey})
	var failed *VerdictError
	if !errors.As(err, &failed) || failed.Detail != redacted {
		t.Errorf("got %v", err)
	}
}

func TestAContextThatEndedIsNoOutageAndNoAllow(t *testing.T) {
	url := serve(t, func(_ http.ResponseWriter, request *http.Request) { hang(request) })
	for _, ttl := range []time.Duration{0, time.Minute} {
		client := newClient(t, url, WithFailMode(FailOpen), WithCacheTTL(ttl))
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		decision, err := client.Evaluate(ctx, reading)
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrServerUnreachable) || decision.IsAllowed() {
			t.Errorf("evaluate: %v, %v", decision, err)
		}
		if isAllowed, err := client.Check(ctx, reading); isAllowed || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("check: %v, %v", isAllowed, err)
		}
		err = client.Guard(ctx, reading, func(context.Context) error {
			t.Error("the action ran")
			return nil
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("guard: %v", err)
		}
		if _, err := client.WaitForApproval(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("wait: %v", err)
		}
	}
}

func TestWhoeverAskedFirstMayGiveUpWithoutAnErrorForTheOthers(t *testing.T) {
	asked := make(chan struct{})
	release := make(chan struct{})
	var requests atomic.Int32
	url := serve(t, func(writer http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		close(asked)
		<-release
		io.WriteString(writer, keptAllow)
	})
	client := newClient(t, url)
	first, giveUp := context.WithCancel(context.Background())
	firstDone := make(chan error)
	go func() {
		_, err := client.Evaluate(first, reading)
		firstDone <- err
	}()
	<-asked
	secondDone := make(chan Decision)
	go func() {
		decision, _ := client.Evaluate(context.Background(), reading)
		secondDone <- decision
	}()
	waitUntil(t, func() bool { return waiting(client) == 2 })
	giveUp()
	if err := <-firstDone; !errors.Is(err, context.Canceled) {
		t.Errorf("the first got %v", err)
	}
	close(release)
	if decision := <-secondDone; !decision.IsAllowed() || !decision.Cached {
		t.Errorf("the second got %+v", decision)
	}
	if requests.Load() != 1 {
		t.Errorf("%d requests", requests.Load())
	}
}

func waiting(client *Client) int {
	client.cache.mu.Lock()
	defer client.cache.mu.Unlock()
	for _, flight := range client.cache.flights {
		return flight.waiting
	}
	return 0
}

func waitUntil(t *testing.T, isSo func() bool) {
	t.Helper()
	for begin := time.Now(); !isSo(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatal("it did not become so")
		}
	}
}

func TestNobodyWaitingEndsTheRequest(t *testing.T) {
	ended := make(chan struct{})
	asked := make(chan struct{})
	url := serve(t, func(_ http.ResponseWriter, request *http.Request) {
		close(asked)
		hang(request)
		close(ended)
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := newClient(t, url).Evaluate(ctx, reading); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-ended
}

func TestWhatACallerWritesToADecisionDoesNotReachTheNext(t *testing.T) {
	url := serve(t, func(writer http.ResponseWriter, _ *http.Request) { io.WriteString(writer, keptAllow) })
	client := newClient(t, url)
	for range 3 {
		decision, err := client.Evaluate(context.Background(), reading)
		if err != nil {
			t.Fatal(err)
		}
		fields := decision.Obligations[0].Params["fields"].([]any)
		if fields[0] != "email" || decision.Obligations[0].Type != "redact" {
			t.Errorf("got %v", decision.Obligations)
		}
		fields[0] = "nothing"
		decision.Obligations[0].Params = nil
		decision.Obligations[0].Type = "nothing"
	}
}

func TestNoProxyOfTheEnvironmentIsToldTheKey(t *testing.T) {
	client := newClient(t, "http://verdict.example")
	for _, transport := range []http.RoundTripper{client.transport, client.freshTransport} {
		if transport.(*http.Transport).Proxy != nil {
			t.Error("a proxy may be asked")
		}
	}
}

func TestAGuardForAnActionWithoutAResultRunsItOnce(t *testing.T) {
	url := serve(t, func(writer http.ResponseWriter, _ *http.Request) { io.WriteString(writer, keptAllow) })
	ran := 0
	err := newClient(t, url).Guard(context.Background(), reading, func(ctx context.Context) error {
		ran++
		if decision, isThere := DecisionFrom(ctx); !isThere || len(decision.Obligations) != 1 {
			t.Errorf("the action was given %+v", decision)
		}
		return errOfAction
	})
	var ours Error
	if err != errOfAction || ran != 1 || errors.As(err, &ours) {
		t.Errorf("ran %d times, %v", ran, err)
	}
}

func TestADryRunIsAskedForAndRead(t *testing.T) {
	url := serve(t, func(writer http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		if request.URL.Path != "/v1/policy/dry-run" || !strings.Contains(string(body), `"path":"a.test.yaml"`) {
			t.Errorf("%s %s", request.URL, body)
		}
		io.WriteString(writer, `{"revision":"sha256:aa","passed":1,"failed":0,"cases":[],"warnings":[]}`)
	})
	result, err := newClient(t, url).DryRun(context.Background(), DryRunRequest{
		Fixtures: []FixtureFile{{Path: "a.test.yaml", Content: "cases: []"}},
	})
	if err != nil || result.Passed != 1 {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestTheVersionIsThatOfTheWhole(t *testing.T) {
	text, err := os.ReadFile("../../package.json")
	if err != nil {
		t.Skip("this folder stands alone")
	}
	var manifest struct{ Version string }
	if err := json.Unmarshal(text, &manifest); err != nil || manifest.Version != Version {
		t.Errorf("package.json has %q (%v), version.go %q", manifest.Version, err, Version)
	}
}

func TestAServiceThatWantsToBeAskedAgainAtOnceIsNotAskedInATightLoop(t *testing.T) {
	url := serve(t, func(writer http.ResponseWriter, _ *http.Request) {
		writer.Header().Set("Retry-After", "0")
		writer.WriteHeader(http.StatusTooManyRequests)
	})
	wait := approvalWait{client: newClient(t, url), id: "a", deadline: time.Now().Add(time.Minute)}
	pause, approval, err := wait.poll(context.Background())
	if pause < pollPause || approval != nil || err != nil {
		t.Errorf("got %s, %v, %v", pause, approval, err)
	}
}
