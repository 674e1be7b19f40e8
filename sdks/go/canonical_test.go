package verdict

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestWhatHasNoCanonicalFormIsRefusedBeforeAnythingIsSent(t *testing.T) {
	cycle := map[string]any{}
	cycle["again"] = cycle
	list := []any{nil}
	list[0] = list
	type linked struct{ Next *linked }
	ring := &linked{}
	ring.Next = ring
	doubling := map[string]any{"text": strings.Repeat("x", 1<<20)}
	for range 10 {
		doubling = map[string]any{"a": doubling, "b": doubling}
	}
	for name, value := range map[string]any{
		"NaN":                             math.NaN(),
		"infinity":                        math.Inf(1),
		"NaN in a float32":                float32(math.NaN()),
		"a whole number beyond 2^53":      int64(1<<53 + 1),
		"one below -2^53":                 int64(-1<<53 - 1),
		"an unsigned one":                 uint64(math.MaxUint64),
		"a json.Number beyond 2^53":       json.Number("9007199254740993"),
		"a json.Number that is none":      json.Number("x"),
		"a json.Number that is JSON":      json.Number("true"),
		"a json.Number that is infinite":  json.Number("1e999"),
		"text that is no UTF-8":           "\xff",
		"a key that is no UTF-8":          map[string]any{"\xff": 1},
		"text of a list":                  []string{"\xff"},
		"text of a struct":                struct{ A string }{"\xff"},
		"raw JSON that is no UTF-8":       json.RawMessage("\"\xff\""),
		"half of a pair in raw JSON":      json.RawMessage(`"\ud83d"`),
		"the other half in raw JSON":      json.RawMessage(`"\udE00"`),
		"two halves in the wrong order":   json.RawMessage(`"\\\ude00\ud83d"`),
		"a half before another escape":    json.RawMessage(`"\ud83d\u0041"`),
		"a half before an escaped slash":  json.RawMessage(`"\ud83d\\ude00"`),
		"a map that contains itself":      cycle,
		"a list that contains itself":     list,
		"a struct that contains itself":   ring,
		"a function":                      func() {},
		"a channel":                       make(chan int),
		"what grows with each level":      doubling,
		"what is nested deeper than sent": nested(70),
	} {
		t.Run(name, func(t *testing.T) {
			request := Request{ActionType: "tool_call", ActionName: "t", Arguments: map[string]any{"secret": value}}
			_, err := CacheKey(request)
			var invalid *InvalidRequest
			if !errors.As(err, &invalid) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func nested(levels int) any {
	var value any = 1
	for range levels {
		value = []any{value}
	}
	return value
}

func TestValuesOfGoHaveTheFormOfTheirJSON(t *testing.T) {
	for want, value := range map[string]any{
		`{"a":1,"b":["x"]}`: struct {
			B []string "json:\"b\""
			A int      "json:\"a\""
		}{[]string{"x"}, 1},
		`{"a":"1","z":"2"}`: map[string]string{"z": "2", "a": "1"},
		`[1,2]`:             []int{1, 2},
		`"😀\\ud83d"`:        json.RawMessage(`"\ud83d\ude00\\ud83d"`),
		`0`:                 math.Copysign(0, -1),
		`9007199254740991`:  uint64(1<<53 - 1),
		`1.5`:               float32(1.5),
		`100`:               json.Number("1e2"),
		`null`:              (*int)(nil),
		`"<&>\u2028"`:       "<&>\u2028",
	} {
		if strings.Contains(want, `\u2028`) {
			want = "\"<&>\u2028\""
		}
		if text, err := appendValue(nil, value, 0); err != nil || string(text) != want {
			t.Errorf("got %s, %v, want %s", text, err, want)
		}
	}
}

func TestKeysAreOrderedAsUTF16(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	letters := []rune("ab\u007f\u0080\u07ff\u0800\ud7ff\ue000\uf8ff\ufffd\uffff\U00010000\U0010ffff")
	for range 20_000 {
		a, b := randomText(random, letters), randomText(random, letters)
		want := slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		if got := compareUTF16(a, b); sign(got) != want {
			t.Fatalf("%q and %q compare as %d, want %d", a, b, got, want)
		}
	}
}

func TestTheCanonicalFormIsTheSameValueAndItsOwnForm(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 5_000 {
		value := randomValue(random, 4)
		text, err := appendValue(nil, value, 0)
		if err != nil {
			t.Fatal(err)
		}
		var read any
		if err := json.Unmarshal(text, &read); err != nil || !reflect.DeepEqual(read, value) {
			t.Fatalf("%s reads as %v, %v, want %v", text, read, err, value)
		}
		if again, _ := appendValue(nil, read, 0); string(again) != string(text) {
			t.Fatalf("%s becomes %s", text, again)
		}
	}
}

func randomText(random *rand.Rand, letters []rune) string {
	var text []rune
	for range random.IntN(5) {
		text = append(text, letters[random.IntN(len(letters))])
	}
	return string(text)
}

func randomValue(random *rand.Rand, levels int) any {
	kind := random.IntN(7)
	if levels == 0 {
		kind = random.IntN(5)
	}
	switch kind {
	case 0:
		return nil
	case 1:
		return random.IntN(2) == 0
	case 2:
		return randomText(random, []rune("a\"\\\n\u0001\u2028é😀"))
	case 3:
		return float64(random.Int64N(1<<53)) * math.Pow10(random.IntN(30)-20)
	case 4:
		return float64(random.IntN(1000))
	case 5:
		items := []any{}
		for range random.IntN(4) {
			items = append(items, randomValue(random, levels-1))
		}
		return items
	default:
		object := map[string]any{}
		for range random.IntN(20) {
			object[randomText(random, []rune("ab\u0001é\uf8ff😀"))] = randomValue(random, levels-1)
		}
		return object
	}
}

func sign(number int) int { return max(-1, min(1, number)) }

// A field that is generated one day and forgotten in appendRequest would be missing from the cache's key.
func TestEveryFieldOfARequestIsSentAndPartOfTheKey(t *testing.T) {
	full := filled(reflect.TypeOf(Request{})).Interface().(Request)
	text, err := appendRequest(nil, &full)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal(full)
	var sent, expected any
	json.Unmarshal(text, &sent)
	json.Unmarshal(want, &expected)
	if !reflect.DeepEqual(sent, expected) {
		t.Errorf("sent %s\nwant %s", text, want)
	}
	if canonical, _ := appendValue(nil, sent, 0); string(canonical) != string(text) {
		t.Errorf("sent %s\nwhose canonical form is %s", text, canonical)
	}
}

func filled(kind reflect.Type) reflect.Value {
	value := reflect.New(kind).Elem()
	switch kind.Kind() {
	case reflect.Struct:
		for i := range kind.NumField() {
			value.Field(i).Set(filled(kind.Field(i).Type))
		}
	case reflect.String:
		value.SetString("x")
	case reflect.Int:
		value.SetInt(7)
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Map:
		value.Set(reflect.ValueOf(map[string]any{"k": "v"}))
	case reflect.Slice:
		value.Set(reflect.ValueOf([]string{"r"}))
	}
	return value
}

func TestAnEmptyMapIsSentAndAnAbsentOneIsNot(t *testing.T) {
	absent, _ := CacheKey(Request{ActionType: "t", ActionName: "n"})
	empty, _ := CacheKey(Request{ActionType: "t", ActionName: "n", Arguments: map[string]any{}})
	noRoles, _ := CacheKey(Request{ActionType: "t", ActionName: "n", Identity: Identity{Roles: []string{}}})
	if absent == empty || absent == noRoles || empty == noRoles {
		t.Error("they have one key")
	}
}
