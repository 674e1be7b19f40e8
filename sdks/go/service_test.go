package verdict

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const serviceRules = `version: 1
policy: shop
rules:
  - id: read
    action: { type: http_request, name: GET }
    when: "true"
    decision: allow
    reason: Reading is ordinary.
  - id: status
    action: { type: command_exec }
    when: arguments.command == "git status"
    decision: allow
    reason: Looking is ordinary.
  - id: drop
    action: { type: sql_query }
    when: arguments.query.startsWith("DROP")
    decision: deny
    reason: Tables stay.
    help_text: Ask for a migration.
  - id: refund
    action: { type: tool_call, name: stripe.refund }
    when: "true"
    decision: approval_required
    reason: Refunds need a person.
`

type service struct {
	url  string
	keys map[string]string
	kill func()
}

// startService runs the built service, or skips the test where there is none.
func startService(t *testing.T) *service {
	t.Helper()
	main, err := filepath.Abs("../../dist/main.js")
	if err != nil {
		t.Fatal(err)
	}
	_, built := os.Stat(main)
	node, found := exec.LookPath("node")
	if built != nil || found != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no built service to test with, or no Node.js")
		}
		t.Skip("skipped: there is no built service (npm run build), or no Node.js")
	}
	data, rules := filepath.Join(t.TempDir(), "data"), t.TempDir()
	if err := os.WriteFile(filepath.Join(rules, "shop.yaml"), []byte(serviceRules), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(node, main, "serve")
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "VERDICT_LISTEN=127.0.0.1:0", "VERDICT_DATA_DIR=" + data, "VERDICT_RULES_DIR=" + rules,
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	running := &service{kill: func() {
		command.Process.Kill()
		command.Wait()
	}}
	t.Cleanup(running.kill)
	running.url = listening(t, bufio.NewScanner(output))
	waitUntil(t, func() bool {
		text, err := os.ReadFile(filepath.Join(data, "initial-keys.json"))
		return err == nil && json.Unmarshal(text, &running.keys) == nil
	})
	waitUntil(t, func() bool {
		_, err := running.client(t, "agent").Evaluate(context.Background(), get)
		return err == nil
	})
	return running
}

// listening reads the log until it says where the service is, and goes on reading it so that it does not block.
func listening(t *testing.T, log *bufio.Scanner) string {
	t.Helper()
	var seen strings.Builder
	for log.Scan() {
		seen.WriteString(log.Text() + "\n")
		if url := regexp.MustCompile(`"url":"([^"]+)".*"msg":"listening"`).FindStringSubmatch(log.Text()); url != nil {
			go func() {
				for log.Scan() {
				}
			}()
			return url[1]
		}
	}
	t.Fatalf("the service ended:\n%s", seen.String())
	return ""
}

func (s *service) client(t *testing.T, role string, options ...Option) *Client {
	t.Helper()
	return newClient(t, s.url, append([]Option{WithAPIKey(s.keys[role])}, options...)...)
}

var (
	get    = Request{ActionType: "http_request", ActionName: "GET", Destination: Destination{URL: "https://example.com/"}}
	drop   = Request{ActionType: "sql_query", ActionName: "db", Arguments: map[string]any{"query": "DROP TABLE a"}}
	refund = Request{ActionType: "tool_call", ActionName: "stripe.refund", Arguments: map[string]any{"amount": 120}}
)

func TestTheServiceItself(t *testing.T) {
	running := startService(t)
	ctx := context.Background()
	agent := running.client(t, "agent")

	t.Run("allows and denies", func(t *testing.T) {
		if decision, err := agent.Evaluate(ctx, get); err != nil || !decision.IsAllowed() || decision.RuleID != "shop/read" {
			t.Errorf("got %+v, %v", decision, err)
		}
		_, err := agent.Evaluate(ctx, drop)
		var denied *PolicyDenied
		if !errors.As(err, &denied) || denied.RuleID != "shop/drop" || denied.HelpText != "Ask for a migration." {
			t.Errorf("got %v", err)
		}
		results, err := agent.EvaluateBatch(ctx, []Request{get, drop})
		if err != nil || !results[0].Decision.IsAllowed() || results[1].Decision.Decision != Deny {
			t.Errorf("got %+v, %v", results, err)
		}
	})

	t.Run("runs an action that a person approves, once", func(t *testing.T) {
		people := running.client(t, "admin")
		done := make(chan error)
		ran := 0
		go func() {
			done <- agent.Guard(ctx, refund, func(context.Context) error {
				ran++
				return nil
			})
		}()
		approve(t, people)
		if err := <-done; err != nil || ran != 1 {
			t.Errorf("ran %d times, %v", ran, err)
		}
	})

	t.Run("does not run what a person denies", func(t *testing.T) {
		people := running.client(t, "admin")
		done := make(chan error)
		go func() {
			done <- agent.Guard(ctx, refund, func(context.Context) error {
				t.Error("the action ran")
				return nil
			})
		}()
		if _, err := people.Approvals.Deny(ctx, pending(t, people), "It was paid."); err != nil {
			t.Fatal(err)
		}
		var denied *ApprovalDenied
		if err := <-done; !errors.As(err, &denied) || denied.Reason != "It was paid." {
			t.Errorf("got %v", err)
		}
	})

	t.Run("knows no other key", func(t *testing.T) {
		_, err := newClient(t, running.url).Evaluate(ctx, get)
		var failed *VerdictError
		if !errors.As(err, &failed) || failed.Code != "unauthenticated" {
			t.Errorf("got %v", err)
		}
	})

	t.Run("decides for the agent of the README", func(t *testing.T) { runReadmeAgent(t, running) })

	t.Run("is unreachable once it is killed", func(t *testing.T) {
		running.kill()
		// Without what the agent has kept.
		if _, err := running.client(t, "agent").Evaluate(ctx, drop); !errors.Is(err, ErrServerUnreachable) {
			t.Errorf("closed: %v", err)
		}
		decision, err := running.client(t, "agent", WithFailMode(FailOpen)).Evaluate(ctx, drop)
		if err != nil || !decision.FailOpen {
			t.Errorf("open: %+v, %v", decision, err)
		}
	})
}

func approve(t *testing.T, people *Client) {
	t.Helper()
	if _, err := people.Approvals.Approve(context.Background(), pending(t, people), "Checked."); err != nil {
		t.Fatal(err)
	}
}

func pending(t *testing.T, people *Client) (id string) {
	t.Helper()
	waitUntil(t, func() bool {
		list, err := people.Approvals.List(context.Background(), ListApprovalsParams{Status: "pending"})
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Items) > 0 {
			id = list.Items[0].ID
		}
		return id != ""
	})
	return id
}

func TestTheAgentOfTheReadmeIsTheExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("examples/agent/main.go")
	if err != nil || !strings.Contains(string(readme), "```go\n"+string(example)+"```\n") {
		t.Errorf("examples/agent/main.go (%v) is not in README.md as it is", err)
	}
}

func runReadmeAgent(t *testing.T, running *service) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "go", "run", "./examples/agent")
	command.Env = append(os.Environ(), "VERDICT_URL="+running.url, "VERDICT_API_KEY="+running.keys["agent"])
	output, err := command.CombinedOutput()
	want := "done: http_request\nnot done: verdict: denied by shop/drop: Tables stay.\ndone: command_exec\n"
	if err != nil || string(output) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, output, want)
	}
}
