//go:build !processors

package main

import (
	"errors"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottldatapoint"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlexemplar"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlmetric"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlresource"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlscope"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspanevent"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
)

func resourceFunctions() map[string]ottl.Factory[*ottlresource.TransformContext] {
	return ottlfuncs.StandardFuncs[*ottlresource.TransformContext]()
}

func scopeFunctions() map[string]ottl.Factory[*ottlscope.TransformContext] {
	return ottlfuncs.StandardFuncs[*ottlscope.TransformContext]()
}

func logFunctions() map[string]ottl.Factory[*ottllog.TransformContext] {
	return ottlfuncs.StandardFuncs[*ottllog.TransformContext]()
}

func spanFunctions() map[string]ottl.Factory[*ottlspan.TransformContext] {
	functions := ottlfuncs.StandardFuncs[*ottlspan.TransformContext]()
	isRoot := ottlfuncs.NewIsRootSpanFactory()
	functions[isRoot.Name()] = isRoot
	return functions
}

func spanEventFunctions() map[string]ottl.Factory[*ottlspanevent.TransformContext] {
	return ottlfuncs.StandardFuncs[*ottlspanevent.TransformContext]()
}

func metricFunctions() map[string]ottl.Factory[*ottlmetric.TransformContext] {
	return ottlfuncs.StandardFuncs[*ottlmetric.TransformContext]()
}

func dataPointFunctions() map[string]ottl.Factory[*ottldatapoint.TransformContext] {
	return ottlfuncs.StandardFuncs[*ottldatapoint.TransformContext]()
}

func exemplarFunctions() map[string]ottl.Factory[*ottlexemplar.TransformContext] {
	return ottlfuncs.StandardFuncs[*ottlexemplar.TransformContext]()
}

func moreContexts(ottl.ErrorMode, map[string]walk) []option { return nil }

func readMore(signal string, _ []byte) (any, error) {
	return nil, errors.New("no document of " + signal)
}

func writeMore(any) ([]byte, error) { return nil, nil }

func runConfig(c testCase) result {
	return result{ID: c.ID, Phase: "input", Error: "this build has no processors"}
}
