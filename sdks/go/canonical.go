package verdict

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// CacheKey is the lower-case hex SHA-256 of the request's canonical form (RFC 8785), which is the body that is sent for a
// client without an identity of its own.
//
// It fails with *InvalidRequest.
func CacheKey(request Request) (string, error) {
	body, err := appendRequest(nil, &request)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:]), nil
}

const (
	// What the service takes: deeper or larger is refused there, and a cycle is both.
	canonicalDepthMax = 64
	canonicalBytesMax = 8 << 20
)

var (
	errTooDeep  = errors.New("it is nested too deeply, or contains itself")
	errTooLarge = errors.New("it is too large")
	errText     = errors.New("a text in it is not valid Unicode")
	errNumber   = errors.New("a number in it is not one that a double holds; send it as text")
)

// appendValue appends the canonical form of a value. What is none of JSON's own types is what encoding/json makes of it.
func appendValue(out []byte, value any, depth int) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return append(out, "null"...), nil
	case bool:
		if value {
			return append(out, "true"...), nil
		}
		return append(out, "false"...), nil
	case string:
		return appendText(out, value)
	case map[string]any:
		return appendObject(out, value, depth)
	case []any:
		return appendArray(out, value, depth)
	case []string:
		return appendTexts(out, value)
	case float64:
		return appendNumber(out, value)
	case int:
		return appendInteger(out, int64(value))
	case int64:
		return appendInteger(out, value)
	case json.Number:
		return appendJSONNumber(out, value)
	default:
		return appendOther(out, value, depth)
	}
}

func appendObject(out []byte, object map[string]any, depth int) ([]byte, error) {
	if object == nil {
		return append(out, "null"...), nil
	}
	if depth >= canonicalDepthMax {
		return out, errTooDeep
	}
	// Most objects are small, and their keys then stay on the stack.
	var few [8]string
	keys := few[:0]
	for key := range object {
		keys = append(keys, key)
	}
	sortKeys(keys)
	var err error
	out = append(out, '{')
	for i, key := range keys {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = appendText(out, key); err != nil {
			return out, err
		}
		out = append(out, ':')
		if out, err = appendValue(out, object[key], depth+1); err != nil {
			return out, err
		}
	}
	return append(out, '}'), bounded(out)
}

func appendArray(out []byte, items []any, depth int) ([]byte, error) {
	if items == nil {
		return append(out, "null"...), nil
	}
	if depth >= canonicalDepthMax {
		return out, errTooDeep
	}
	var err error
	out = append(out, '[')
	for i, item := range items {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = appendValue(out, item, depth+1); err != nil {
			return out, err
		}
	}
	return append(out, ']'), bounded(out)
}

func appendTexts(out []byte, items []string) ([]byte, error) {
	if items == nil {
		return append(out, "null"...), nil
	}
	var err error
	out = append(out, '[')
	for i, item := range items {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = appendText(out, item); err != nil {
			return out, err
		}
	}
	return append(out, ']'), nil
}

// bounded stops what would double with each level: one map that is in itself many times by way of others.
func bounded(out []byte) error {
	if len(out) > canonicalBytesMax {
		return errTooLarge
	}
	return nil
}

// appendOther takes the way through encoding/json, which would write invalid text and halves of surrogate pairs as U+FFFD.
func appendOther(out []byte, value any, depth int) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return out, fmt.Errorf("it is no JSON: %w", withoutValue(err))
	}
	if !utf8.Valid(text) || hasReplacedText(text) {
		return out, errText
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		return out, errors.New("it is no JSON")
	}
	return appendValue(out, plain, depth)
}

// withoutValue keeps what kind of error it was: the text of encoding/json's may quote the value.
func withoutValue(err error) error {
	var unsupported *json.UnsupportedTypeError
	if errors.As(err, &unsupported) {
		return unsupported
	}
	var value *json.UnsupportedValueError
	if errors.As(err, &value) {
		return errors.New("a number that is not finite, or a value that contains itself")
	}
	return errors.New("its own MarshalJSON failed")
}

// hasReplacedText says whether JSON text has an escape that reads as U+FFFD: the one that encoding/json writes for bytes that are
// no UTF-8, and half of a surrogate pair, which it leaves in a json.RawMessage. A U+FFFD that was meant is written as itself.
func hasReplacedText(text []byte) bool {
	for i := bytes.IndexByte(text, '\\'); i >= 0 && i+1 < len(text); {
		step := 2
		if text[i+1] == 'u' && i+6 <= len(text) {
			step = 6
			switch unit := hexUnit(text[i+2 : i+6]); {
			case unit == utf8.RuneError:
				return true
			case unit >= 0xDC00 && unit <= 0xDFFF:
				return true
			case unit >= 0xD800 && unit <= 0xDBFF:
				if !isLowSurrogate(text[i+6:]) {
					return true
				}
				step = 12
			}
		}
		next := bytes.IndexByte(text[i+step:], '\\')
		if next < 0 {
			return false
		}
		i += step + next
	}
	return false
}

func isLowSurrogate(text []byte) bool {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return false
	}
	unit := hexUnit(text[2:6])
	return unit >= 0xDC00 && unit <= 0xDFFF
}

func hexUnit(digits []byte) rune {
	var unit [2]byte
	if _, err := hex.Decode(unit[:], digits); err != nil {
		return utf8.RuneError
	}
	return rune(unit[0])<<8 | rune(unit[1])
}

const hexDigits = "0123456789abcdef"

// appendText escapes what RFC 8785 section 3.2.2.2 escapes, and nothing else.
func appendText(out []byte, text string) ([]byte, error) {
	out = append(out, '"')
	begin := 0
	isASCII := true
	for i := 0; i < len(text); i++ {
		char := text[i]
		if char >= utf8.RuneSelf {
			isASCII = false
			continue
		}
		if char >= ' ' && char != '"' && char != '\\' {
			continue
		}
		out = append(out, text[begin:i]...)
		begin = i + 1
		if at := strings.IndexByte("\b\t\n\f\r\"\\", char); at >= 0 {
			out = append(out, '\\', `btnfr"\`[at])
		} else {
			out = append(out, '\\', 'u', '0', '0', hexDigits[char>>4], hexDigits[char&15])
		}
	}
	if !isASCII && !utf8.ValidString(text) {
		return out, errText
	}
	return append(append(out, text[begin:]...), '"'), nil
}

func sortKeys(keys []string) {
	if len(keys) > 12 {
		slices.SortFunc(keys, compareUTF16)
		return
	}
	for i := 1; i < len(keys); i++ {
		for j := i; j > 0 && compareUTF16(keys[j], keys[j-1]) < 0; j-- {
			keys[j], keys[j-1] = keys[j-1], keys[j]
		}
	}
}

// compareUTF16 orders as RFC 8785 section 3.2.3: by UTF-16 code units. That is the order of UTF-8's bytes, but that
// characters beyond U+FFFF, whose first unit is a surrogate, come before U+E000 to U+FFFF.
func compareUTF16(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		return len(a) - len(b)
	}
	if isBeyond(a[i]) != isBeyond(b[i]) && min(a[i], b[i]) >= firstByteAfterSurrogates {
		return int(b[i]) - int(a[i])
	}
	return int(a[i]) - int(b[i])
}

// In UTF-8, U+E000 to U+FFFF begin with 0xEE or 0xEF, what is beyond with 0xF0 to 0xF4.
const firstByteAfterSurrogates = 0xEE

func isBeyond(first byte) bool { return first >= 0xF0 }
