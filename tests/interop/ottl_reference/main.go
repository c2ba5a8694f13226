// Runs OTTL through the reference implementation: a case a line in, its result a line out, in JSON.
//
// Without a build tag it has the functions of the library (go.mod); with the tag "processors" those
// of the transform and filter processors, profiles, and whole configurations (processors.mod, which
// is of an earlier version because the processors' modules are).
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"

	"go.opentelemetry.io/collector/featuregate"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
)

// A testCase is one thing to run. Exactly one of Statements, Condition, ValueExpression and Config is given.
type testCase struct {
	ID              string          `json:"id"`
	Context         string          `json:"context"`
	Statements      []string        `json:"statements"`
	Condition       *string         `json:"condition"`
	ValueExpression *string         `json:"value_expression"`
	Config          json.RawMessage `json:"config"`
	Input           json.RawMessage `json:"input"`
	Gates           []string        `json:"gates"`
	ErrorMode       string          `json:"error_mode"`
}

// A result is what came of a case: Phase is ok, parse, execute, panic, or input where the case itself
// is wrong. Value and Condition are of the first record, Output is the document afterwards.
type result struct {
	ID        string          `json:"id"`
	Phase     string          `json:"phase"`
	Error     string          `json:"error,omitempty"`
	Value     any             `json:"value,omitempty"`
	GoType    string          `json:"go_type,omitempty"`
	Condition *bool           `json:"condition,omitempty"`
	Output    json.RawMessage `json:"output,omitempty"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			encoder := json.NewEncoder(out)
			encoder.SetEscapeHTML(false)
			_ = encoder.Encode(runLine(line))
			if in.Buffered() == 0 {
				out.Flush()
			}
		}
		if err != nil {
			break
		}
	}
	out.Flush()
}

func runLine(line []byte) (res result) {
	var c testCase
	defer func() {
		if failure := recover(); failure != nil {
			res = result{ID: c.ID, Phase: "panic", Error: fmt.Sprintf("%v\n%s", failure, debug.Stack())}
		}
	}()
	if err := json.Unmarshal(line, &c); err != nil {
		return result{Phase: "input", Error: err.Error()}
	}
	restore := setGates(c.Gates)
	defer restore()
	if c.Config != nil {
		return runConfig(c)
	}
	return run(c)
}

// setGates switches gates on for one case.
func setGates(names []string) func() {
	before := map[string]bool{}
	featuregate.GlobalRegistry().VisitAll(func(gate *featuregate.Gate) {
		for _, name := range names {
			if gate.ID() == name {
				before[name] = gate.IsEnabled()
			}
		}
	})
	for name := range before {
		_ = featuregate.GlobalRegistry().Set(name, true)
	}
	return func() {
		for name, value := range before {
			_ = featuregate.GlobalRegistry().Set(name, value)
		}
	}
}

// A program runs on one item of a context and gives a value, a condition's answer, or nothing.
type program func(item any) (any, error)

func run(c testCase) (res result) {
	res.ID = c.ID
	fail := func(phase string, err error) result {
		res.Phase, res.Error = phase, err.Error()
		return res
	}
	doc, err := readDocument(c.Input)
	if err != nil {
		return fail("input", err)
	}
	options, walk := contexts(errorMode(c.ErrorMode))
	visit, known := walk[c.Context]
	if !known {
		return fail("input", fmt.Errorf("no context %q", c.Context))
	}
	collection, err := ottl.NewParserCollection(settings, options...)
	if err != nil {
		return fail("input", err)
	}
	var compiled program
	switch {
	case c.Condition != nil:
		compiled, err = collection.ParseConditionsWithContext(c.Context, ottl.NewConditionsGetter([]string{*c.Condition}), true)
	case c.ValueExpression != nil:
		compiled, err = collection.ParseValueExpressionsWithContext(c.Context, ottl.NewValueExpressionsGetter([]string{*c.ValueExpression}), true)
	default:
		compiled, err = collection.ParseStatementsWithContext(c.Context, ottl.NewStatementsGetter(c.Statements), true)
	}
	if err != nil {
		return fail("parse", err)
	}
	isFirst := true
	err = visit(doc, func(item any) error {
		value, err := compiled(item)
		if err != nil {
			return err
		}
		if answer, isAnswer := value.(bool); isAnswer && c.Condition != nil && isFirst {
			res.Condition = &answer
		} else if c.ValueExpression != nil && isFirst {
			res.Value, res.GoType = anyValue(value), fmt.Sprintf("%T", value)
		}
		isFirst = false
		return nil
	})
	if c.Statements != nil {
		output, writeErr := doc.write()
		if writeErr != nil {
			return fail("input", writeErr)
		}
		res.Output = output
	}
	if err != nil {
		return fail("execute", err)
	}
	res.Phase = "ok"
	return res
}

func errorMode(name string) ottl.ErrorMode {
	if name == "" {
		return ottl.PropagateError
	}
	return ottl.ErrorMode(name)
}
