package verdict

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

type scriptedAnswer struct {
	When *struct {
		Method  string            `json:"method"`
		Path    string            `json:"path"`
		Query   *string           `json:"query"`
		Headers map[string]string `json:"headers"`
		Body    any               `json:"body"`
	} `json:"when"`
	Respond *struct {
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    any               `json:"body"`
		Raw     *string           `json:"raw"`
		DelayMS int               `json:"delay_ms"`
	} `json:"respond"`
	Behaviour string     `json:"behaviour"`
	Status    int        `json:"status"`
	Open      *string    `json:"open"`
	Stream    *streamAct `json:"stream"`
}

// streamAct is what the event stream that is open does, and what the client must have had of it then.
type streamAct struct {
	DelayMS int    `json:"delay_ms"`
	Send    string `json:"send"`
	Close   bool   `json:"close"`
	Events  *int   `json:"events"`
	Ends    *int   `json:"ends"`
}

// streamHeard counts what a client had of its event stream.
type streamHeard struct{ events, ends atomic.Int64 }

func (h *streamHeard) note(what string) {
	if what == "event" {
		h.events.Add(1)
	} else {
		h.ends.Add(1)
	}
}

func (h *streamHeard) reaches(act streamAct) bool {
	return (act.Events == nil || h.events.Load() >= int64(*act.Events)) && (act.Ends == nil || h.ends.Load() >= int64(*act.Ends))
}

func (h *streamHeard) exceeds(act streamAct) bool {
	return (act.Events != nil && h.events.Load() > int64(*act.Events)) || (act.Ends != nil && h.ends.Load() > int64(*act.Ends))
}

// scriptedServer answers one request after the other as it is told, and notes what it did not expect.
type scriptedServer struct {
	url, trap, refused string
	script             []scriptedAnswer
	// For the requests for the event stream, which are counted apart.
	streamScript []scriptedAnswer
	heard        *streamHeard
	ended        chan struct{}

	mu      sync.Mutex
	seen    int
	streams int
	open    net.Conn
	faults  []string
}

func startScriptedServer(t *testing.T, script, streamScript []scriptedAnswer, heard *streamHeard) *scriptedServer {
	server := &scriptedServer{script: script, streamScript: streamScript, heard: heard, ended: make(chan struct{}), refused: refusedAddress}
	trap := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		server.fault("the trap was called: %s %s", request.Method, request.URL)
	}))
	server.trap = trap.URL
	listening := httptest.NewServer(server)
	server.url = listening.URL
	t.Cleanup(func() {
		close(server.ended)
		listening.Close()
		trap.Close()
	})
	return server
}

// Nobody listens there. One that was free a moment ago may by now be the server of a vector that runs beside this one.
const refusedAddress = "http://127.0.0.1:2"

func (s *scriptedServer) replaceIn(text string) string {
	return strings.NewReplacer("{{trap}}", s.trap, "{{refused}}", s.refused).Replace(text)
}

func (s *scriptedServer) fault(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

func (s *scriptedServer) check(t *testing.T, requests int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fault := range s.faults {
		t.Error(fault)
	}
	if s.seen != requests {
		t.Errorf("the server saw %d requests, want %d", s.seen, requests)
	}
}

func (s *scriptedServer) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	script, count := s.script, &s.seen
	if request.URL.Path == streamPath {
		script, count = s.streamScript, &s.streams
	}
	s.mu.Lock()
	index := *count
	*count++
	s.mu.Unlock()
	if index >= len(script) {
		s.fault("request %d is not in the script: %s %s", index+1, request.Method, request.URL)
		writer.WriteHeader(http.StatusInternalServerError)
		return
	}
	answer := script[index]
	s.compare(answer, index, request, body)
	if answer.Open != nil {
		s.openStream(*answer.Open, writer)
		return
	}
	if answer.Stream != nil {
		s.act(*answer.Stream)
	}
	if answer.Behaviour != "" {
		s.behave(answer, writer, request)
		return
	}
	s.respond(answer, writer)
}

// openStream begins an event stream, and leaves it open.
func (s *scriptedServer) openStream(text string, writer http.ResponseWriter) {
	connection, _, err := writer.(http.Hijacker).Hijack()
	if err != nil {
		s.fault("the connection cannot be taken over: %v", err)
		return
	}
	defer connection.Close()
	io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"+text)
	s.mu.Lock()
	s.open = connection
	s.mu.Unlock()
	// Until the client or the script ends it.
	io.Copy(io.Discard, connection)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == connection {
		s.open = nil
	}
}

// act does what the script says with the event stream that is open, once one is.
func (s *scriptedServer) act(act streamAct) {
	time.Sleep(time.Duration(act.DelayMS) * time.Millisecond)
	var stream net.Conn
	isOpen := func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		stream = s.open
		if stream != nil && act.Close {
			s.open = nil
		}
		return stream != nil
	}
	if act.Send != "" || act.Close {
		if !isSoon(isOpen) {
			s.fault("the client opens no stream")
			return
		}
		io.WriteString(stream, act.Send)
	}
	if act.Close {
		stream.Close()
	}
	if !isSoon(func() bool { return s.heard.reaches(act) }) || s.heard.exceeds(act) {
		s.fault("the client had %d events and %d ends, want %s", s.heard.events.Load(), s.heard.ends.Load(), shown(act))
	}
}

func isSoon(isSo func() bool) bool {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if isSo() {
			return true
		}
	}
	return false
}

func (s *scriptedServer) compare(answer scriptedAnswer, index int, request *http.Request, body []byte) {
	when := answer.When
	if when == nil {
		return
	}
	place := fmt.Sprintf("request %d", index+1)
	if when.Method != request.Method || when.Path != request.URL.Path {
		s.fault("%s is %s %s, want %s %s", place, request.Method, request.URL.Path, when.Method, when.Path)
	}
	if when.Query != nil && *when.Query != request.URL.RawQuery {
		s.fault("%s has the query %s, want %s", place, request.URL.RawQuery, *when.Query)
	}
	for name, value := range when.Headers {
		if request.Header.Get(name) != value {
			s.fault("%s has %s: %s, want %s", place, name, request.Header.Get(name), value)
		}
	}
	if when.Body != nil {
		var sent any
		if err := json.Unmarshal(body, &sent); err != nil || !reflect.DeepEqual(sent, when.Body) {
			s.fault("%s has the body %s, want %s", place, body, shown(when.Body))
		}
	}
}

func (s *scriptedServer) respond(answer scriptedAnswer, writer http.ResponseWriter) {
	respond := answer.Respond
	select {
	case <-time.After(time.Duration(respond.DelayMS) * time.Millisecond):
	case <-s.ended:
	}
	for name, value := range respond.Headers {
		writer.Header().Set(name, s.replaceIn(value))
	}
	text := ""
	switch {
	case respond.Raw != nil:
		text = *respond.Raw
	case respond.Body != nil:
		var encoded bytes.Buffer
		encoder := json.NewEncoder(&encoded)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(respond.Body); err != nil {
			s.fault("the body of the script is no JSON: %v", err)
		}
		text = encoded.String()
		if writer.Header().Get("Content-Type") == "" {
			writer.Header().Set("Content-Type", "application/json")
		}
	}
	writer.WriteHeader(respond.Status)
	io.WriteString(writer, s.replaceIn(text))
}

func halfAnAllow(status int) string {
	if status == 0 {
		status = http.StatusOK
	}
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n", status, http.StatusText(status)) +
		`{"decision":"allow","reason":"Rea`
}

func (s *scriptedServer) behave(answer scriptedAnswer, writer http.ResponseWriter, request *http.Request) {
	if answer.Behaviour == "redirect" {
		writer.Header().Set("Location", request.URL.RequestURI())
		writer.WriteHeader(http.StatusTemporaryRedirect)
		return
	}
	connection, _, err := writer.(http.Hijacker).Hijack()
	if err != nil {
		s.fault("the connection cannot be taken over: %v", err)
		return
	}
	defer connection.Close()
	switch answer.Behaviour {
	case "reset":
	case "hang":
		<-s.ended
	case "close_midway":
		io.WriteString(connection, halfAnAllow(answer.Status))
	case "hang_midway":
		io.WriteString(connection, halfAnAllow(answer.Status))
		<-s.ended
	default:
		s.fault("the behaviour %s is not known", answer.Behaviour)
	}
}

func decodeStrictly[T any](t *testing.T, text []byte) T {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var value T
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return value
}
