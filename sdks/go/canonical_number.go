package verdict

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

const exactIntegerMax = 1<<53 - 1

// appendNumber writes a number as ECMAScript does (RFC 8785 section 3.2.2.3): its shortest decimal form, with an exponent from
// 1e21 on and below 1e-6.
func appendNumber(out []byte, number float64) ([]byte, error) {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return out, errNumber
	}
	if number == 0 {
		// Minus zero too.
		return append(out, '0'), nil
	}
	if size := math.Abs(number); size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(out, number, 'f', -1, 64), nil
	}
	out = strconv.AppendFloat(out, number, 'e', -1, 64)
	// Go writes an exponent with two digits at least.
	if end := len(out); out[end-2] == '0' && (out[end-3] == '-' || out[end-3] == '+') {
		out = append(out[:end-2], out[end-1])
	}
	return out, nil
}

// appendInteger refuses what others would read as another number: two of them must not have one key.
func appendInteger(out []byte, number int64) ([]byte, error) {
	if number > exactIntegerMax || number < -exactIntegerMax {
		return out, errNumber
	}
	return strconv.AppendInt(out, number, 10), nil
}

func appendJSONNumber(out []byte, number json.Number) ([]byte, error) {
	text := string(number)
	if !json.Valid([]byte(text)) || strings.Trim(text, "-+.eE0123456789") != "" || text == "" {
		return out, errNumber
	}
	if !strings.ContainsAny(text, ".eE") {
		whole, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return out, errNumber
		}
		return appendInteger(out, whole)
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return out, errNumber
	}
	return appendNumber(out, value)
}
