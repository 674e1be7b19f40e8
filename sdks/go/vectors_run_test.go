package verdict

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var errOfAction = errors.New("the action's own error")

// runVector makes one client and takes the steps one after the other.
func runVector(t *testing.T, vector vector) {
	heard := &streamHeard{}
	server := startScriptedServer(t, vector.Server, vector.Stream, heard)
	log := &warningLog{}
	var clock atomic.Int64
	config := map[string]any{"fail_mode": "closed", "timeout_ms": 5000.0, "url": server.url, "api_key": vectorsKey}
	for name, value := range vector.Config {
		config[name] = value
		if text, isText := value.(string); isText {
			config[name] = server.replaceIn(text)
		}
	}
	client, err := New(append(optionsOf(t, config), WithLogger(log.logger()), inEnvironment(nil), func(c *config_) {
		c.now = func() time.Duration { return time.Duration(clock.Load()) }
		c.streamHeard = heard.note
	})...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for i, step := range vector.Steps {
		clock.Add(int64(step.AdvanceMS) * int64(time.Millisecond))
		if step.Call == "stream" {
			server.act(step.streamAct)
			continue
		}
		before := log.count()
		for _, result := range takeAll(t, client, step) {
			result.check(t, fmt.Sprintf("step %d, %s", i+1, step.Call), step.Outcome, vector.NeverContains)
		}
		if want := step.Outcome.Warnings; want != nil && log.count()-before != *want {
			t.Errorf("step %d: %d warnings, want %d", i+1, log.count()-before, *want)
		}
	}
	if want := vector.Warnings; want != nil && log.count() != *want {
		t.Errorf("%d warnings, want %d", log.count(), *want)
	}
	log.checkNever(t, vector.NeverContains)
	for _, text := range append(vector.NeverContains, vectorsKey) {
		if strings.Contains(fmt.Sprintf("%v %+v %#v %+v", client, client, client, *client), text) {
			t.Errorf("a printed client contains %q", text)
		}
	}
	server.check(t, vector.Requests)
}

// config_ is config, where a variable has its name.
type config_ = config

type result struct {
	kind   string
	value  any
	fields map[string]any
	items  []map[string]any
	err    error
	ran    int
}

func takeAll(t *testing.T, client *Client, step step) []result {
	results := make([]result, max(1, step.Parallel))
	var all sync.WaitGroup
	for i := range results {
		all.Add(1)
		go func() {
			defer all.Done()
			results[i] = take(t, client, step)
		}()
	}
	all.Wait()
	return results
}

func take(t *testing.T, client *Client, step step) (result result) {
	ctx := context.Background()
	var waits []WaitOption
	for _, name := range []string{"timeout_ms", "approval_timeout_ms"} {
		if ms, isThere := step.Options[name].(float64); isThere {
			waits = append(waits, WithApprovalTimeout(time.Duration(ms)*time.Millisecond))
		}
	}
	option := func(name string) string {
		text, _ := step.Options[name].(string)
		return text
	}
	body := step.Request
	if body == nil {
		body = readJSON[map[string]map[string]any](t, "bases.json")["request"]
	}
	request := requestOf(t, body)
	approval := func(approval *Approval, err error) {
		result.kind, result.err = "approval", err
		if approval != nil {
			result.fields = convert[map[string]any](t, approval)
		}
	}
	switch step.Call {
	case "evaluate":
		var options []EvaluateOption
		if step.Options["raise_on_deny"] == false {
			options = append(options, ReturnDeny())
		}
		decision, err := client.Evaluate(ctx, request, options...)
		result.kind, result.fields, result.err = "decision", decisionFields(decision), err
	case "check":
		result.value, result.err = client.Check(ctx, request, waits...)
	case "guard":
		result.value, result.err = Guard(ctx, client, request, func(context.Context) (string, error) {
			result.ran++
			if step.Action == "raises" {
				return "", errOfAction
			}
			return "ran", nil
		}, waits...)
	case "wait_for_approval":
		approval(client.WaitForApproval(ctx, step.Approval, waits...))
	case "get_approval":
		approval(client.Approvals.Get(ctx, step.Approval))
	case "approve":
		approval(client.Approvals.Approve(ctx, step.Approval, option("note")))
	case "deny":
		approval(client.Approvals.Deny(ctx, step.Approval, option("reason")))
	case "cancel":
		approval(client.Approvals.Cancel(ctx, step.Approval, option("reason")))
	case "list_approvals":
		list, err := client.Approvals.List(ctx, convert[ListApprovalsParams](t, step.Options))
		result.kind, result.err = "list", err
		if list != nil {
			result.fields = map[string]any{"items": list.Items, "next_cursor": orNil(list.NextCursor)}
		}
	case "evaluate_batch":
		result.kind = "results"
		result.items, result.err = takeBatch(t, client, step.Requests)
	default:
		t.Errorf("the call %s is not known", step.Call)
	}
	return result
}

func takeBatch(t *testing.T, client *Client, bodies []map[string]any) ([]map[string]any, error) {
	var requests []Request
	for _, body := range bodies {
		requests = append(requests, requestOf(t, body))
	}
	results, err := client.EvaluateBatch(context.Background(), requests)
	var items []map[string]any
	for _, item := range results {
		fields := decisionFields(item.Decision)
		if item.Err != nil {
			fields["error"], fields = errorFields(item.Err)
			name, _ := errorFields(item.Err)
			fields["error"] = name
		}
		items = append(items, fields)
	}
	return items, err
}

func (r result) check(t *testing.T, place string, want expectedOutcome, never []string) {
	t.Helper()
	checkNever(t, r.err, never)
	if want.Ran != nil && r.ran != *want.Ran {
		t.Errorf("%s: the action ran %d times, want %d", place, r.ran, *want.Ran)
	}
	name, fields := errorFields(r.err)
	if name != want.Raises {
		t.Errorf("%s: raised %q (%v), want %q", place, name, r.err, want.Raises)
		return
	}
	if r.err != nil {
		checkFields(t, fields, want.Fields)
		return
	}
	if r.kind == "" {
		if r.value != want.Returns {
			t.Errorf("%s: returned %v, want %v", place, r.value, want.Returns)
		}
		return
	}
	if r.kind != want.Returns {
		t.Errorf("%s: returned a %s, want %v", place, r.kind, want.Returns)
	}
	checkFields(t, r.fields, want.Fields)
	if len(r.items) != len(want.Results) {
		t.Errorf("%s: %d results, want %d", place, len(r.items), len(want.Results))
		return
	}
	for i, fields := range want.Results {
		checkFields(t, r.items[i], fields)
	}
}
