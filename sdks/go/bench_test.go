package verdict

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func benchmarkServer(b *testing.B) string {
	answer := strings.Replace(keptAllow, `[{"type":"redact","params":{"fields":["email"]}}]`, "[]", 1)
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		io.Copy(io.Discard, request.Body)
		io.WriteString(writer, answer)
	}))
	b.Cleanup(server.Close)
	return server.URL
}

func benchmarkClient(b *testing.B, options ...Option) *Client {
	client, err := New(append(options, WithURL(benchmarkServer(b)), WithAPIKey(vectorsKey), inEnvironment(nil))...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.Close)
	return client
}

// The canonical form, its SHA-256 and the look-up; once a minute the server is asked.
func BenchmarkCachedDecision(b *testing.B) {
	client := benchmarkClient(b, WithCacheTTL(1<<40))
	ctx := context.Background()
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if decision, err := client.Evaluate(ctx, reading); err != nil || !decision.IsAllowed() {
			b.Fatal(decision, err)
		}
	}
}

func BenchmarkUncachedDecision(b *testing.B) {
	client := benchmarkClient(b, WithCacheTTL(0))
	ctx := context.Background()
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if decision, err := client.Evaluate(ctx, reading); err != nil || !decision.IsAllowed() {
			b.Fatal(decision, err)
		}
	}
}

// The same request and answer with nothing but net/http, to subtract.
func BenchmarkBareHTTP(b *testing.B) {
	url := benchmarkServer(b) + "/v1/policy/evaluate"
	body, err := appendRequest(nil, &reading)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		request, _ := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
		request.Header.Set("Authorization", "Bearer "+vectorsKey)
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}
