package verdict

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

const vectorsKey = "vdt_key_of_the_vectors"

type vector struct {
	Name          string           `json:"name"`
	Config        map[string]any   `json:"config"`
	Server        []scriptedAnswer `json:"server"`
	Stream        []scriptedAnswer `json:"stream"`
	Steps         []step           `json:"steps"`
	Requests      int              `json:"requests"`
	NeverContains []string         `json:"never_contains"`
	Warnings      *int             `json:"warnings"`
}

type step struct {
	streamAct
	AdvanceMS int              `json:"advance_ms"`
	Call      string           `json:"call"`
	Request   map[string]any   `json:"request"`
	Requests  []map[string]any `json:"requests"`
	Approval  string           `json:"approval"`
	Action    string           `json:"action"`
	Options   map[string]any   `json:"options"`
	Parallel  int              `json:"parallel"`
	Outcome   expectedOutcome  `json:"outcome"`
}

type expectedOutcome struct {
	Returns  any              `json:"returns"`
	Raises   string           `json:"raises"`
	Fields   map[string]any   `json:"fields"`
	Results  []map[string]any `json:"results"`
	Ran      *int             `json:"ran"`
	Warnings *int             `json:"warnings"`
}

func TestVectorsBehaveAsInEveryLanguage(t *testing.T) {
	for _, file := range []string{"errors", "fail-modes", "cache", "events", "approvals", "hostile"} {
		t.Run(file, func(t *testing.T) {
			vectors := readVectors[vector](t, file+".json")
			t.Logf("%d vectors", len(vectors))
			for _, vector := range vectors {
				t.Run(vector.Name, func(t *testing.T) {
					t.Parallel()
					runVector(t, vector)
				})
			}
		})
	}
}

func TestCanonicalFormAndKeyAreThoseOfEveryLanguage(t *testing.T) {
	type canonicalVector struct {
		Name      string         `json:"name"`
		Body      map[string]any `json:"body"`
		Canonical string         `json:"canonical"`
		Key       string         `json:"key"`
	}
	vectors := readVectors[canonicalVector](t, "canonical.json")
	t.Logf("%d vectors", len(vectors))
	for _, vector := range vectors {
		t.Run(vector.Name, func(t *testing.T) {
			text, err := appendValue(nil, vector.Body, 0)
			if err != nil || string(text) != vector.Canonical {
				t.Fatalf("got %s, %v\nwant %s", text, err, vector.Canonical)
			}
			if len(vector.Body) == 0 {
				return
			}
			request := requestOf(t, vector.Body)
			key, err := CacheKey(request)
			if err != nil || key != vector.Key {
				t.Fatalf("got the key %s, %v, want %s", key, err, vector.Key)
			}
		})
	}
}

func TestConfigurationIsThatOfEveryLanguage(t *testing.T) {
	type configurationVector struct {
		Name          string            `json:"name"`
		Args          map[string]any    `json:"args"`
		Env           map[string]string `json:"env"`
		Effective     map[string]any    `json:"effective"`
		Warnings      int               `json:"warnings"`
		Raises        string            `json:"raises"`
		NeverContains []string          `json:"never_contains"`
	}
	vectors := readVectors[configurationVector](t, "configuration.json")
	t.Logf("%d vectors", len(vectors))
	for _, vector := range vectors {
		t.Run(vector.Name, func(t *testing.T) {
			log := &warningLog{}
			client, err := New(append(optionsOf(t, vector.Args), WithLogger(log.logger()), inEnvironment(vector.Env))...)
			log.checkNever(t, vector.NeverContains)
			checkNever(t, err, vector.NeverContains)
			if name, _ := errorFields(err); name != vector.Raises {
				t.Fatalf("raised %q (%v), want %q", name, err, vector.Raises)
			}
			if err != nil {
				return
			}
			if got := log.count(); got != vector.Warnings {
				t.Errorf("%d warnings, want %d", got, vector.Warnings)
			}
			checkFields(t, effectiveOf(client), vector.Effective)
		})
	}
}

func effectiveOf(client *Client) map[string]any {
	effective := map[string]any{
		"url":               client.url,
		"fail_mode":         client.config.failMode,
		"timeout_ms":        client.config.timeout.Milliseconds(),
		"cache_ttl_seconds": client.config.cacheTTL / time.Second,
		"cache_max_entries": client.config.cacheMaxEntries,
		"events":            client.config.events,
	}
	identity := client.config.identity
	if !isUnset(&identity) {
		fields := map[string]any{}
		if identity.Name != "" {
			fields["name"] = identity.Name
		}
		if identity.Roles != nil {
			fields["roles"] = identity.Roles
		}
		effective["identity"] = fields
	}
	return effective
}

func optionsOf(t *testing.T, args map[string]any) []Option {
	t.Helper()
	var options []Option
	for name, value := range args {
		number, _ := value.(float64)
		text, _ := value.(string)
		switch name {
		case "url":
			options = append(options, WithURL(text))
		case "api_key":
			options = append(options, WithAPIKey(text))
		case "fail_mode":
			options = append(options, WithFailMode(FailMode(text)))
		case "timeout_ms":
			options = append(options, WithTimeout(time.Duration(number)*time.Millisecond))
		case "cache_ttl_seconds":
			options = append(options, WithCacheTTL(time.Duration(number)*time.Second))
		case "cache_max_entries":
			options = append(options, WithCacheMaxEntries(int(number)))
		case "events":
			options = append(options, WithEvents(Events(text)))
		case "identity":
			options = append(options, WithIdentity(convert[Identity](t, value)))
		default:
			t.Fatalf("the argument %s is not known", name)
		}
	}
	return options
}

func inEnvironment(env map[string]string) Option {
	return func(c *config) { c.environment = func(name string) string { return env[name] } }
}

// requestOf puts a vector's request into the struct, whose fields must hold all of it.
func requestOf(t *testing.T, body map[string]any) Request {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return decodeStrictly[Request](t, text)
}

func convert[T any](t *testing.T, value any) T {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return decodeStrictly[T](t, text)
}

// readVectors reads a file of vectors, with every `like` put in.
func readVectors[T any](t *testing.T, name string) []T {
	t.Helper()
	bases := readJSON[map[string]any](t, "bases.json")
	file := readJSON[struct {
		Vectors []map[string]any `json:"vectors"`
	}](t, name)
	vectors := make([]T, len(file.Vectors))
	for i, vector := range file.Vectors {
		for _, part := range []string{"server", "stream", "steps"} {
			if vector[part] != nil {
				vector[part] = withBases(t, vector[part], bases)
			}
		}
		vectors[i] = convert[T](t, vector)
	}
	return vectors
}

func withBases(t *testing.T, value any, bases map[string]any) any {
	switch value := value.(type) {
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = withBases(t, item, bases)
		}
		return items
	case map[string]any:
		made := map[string]any{}
		name, isLike := value["like"].(string)
		if isLike {
			base, isThere := bases[name].(map[string]any)
			if !isThere {
				t.Fatalf("there is no base %s", name)
			}
			for key, item := range base {
				made[key] = item
			}
		}
		for key, item := range value {
			switch {
			case isLike && key == "like":
			case isLike && item == nil:
				delete(made, key)
			default:
				made[key] = withBases(t, item, bases)
			}
		}
		return made
	default:
		return value
	}
}

func readJSON[T any](t *testing.T, name string) T {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	var value T
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

// checkFields compares those fields that are expected, as JSON; null is a field that is absent.
func checkFields(t *testing.T, got, want map[string]any) {
	t.Helper()
	for name, expected := range want {
		if actual := convertAny(t, got[name]); !reflect.DeepEqual(actual, expected) {
			t.Errorf("%s is %s, want %s", name, shown(actual), shown(expected))
		}
	}
}

func convertAny(t *testing.T, value any) any {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	return plain
}

func shown(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
