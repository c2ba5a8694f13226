//go:build processors

package main

import (
	"bufio"
	"encoding/binary"
	"io"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// A form is how files hold requests. What read gives is nobody else's; it ends with io.EOF.
type form struct {
	ptrace.Unmarshaler
	ptrace.Marshaler
	read func(*bufio.Reader) ([]byte, error)
	end  []byte
}

// Protobuf is read behind lengths and written as otx does: requests together parse as one.
var forms = map[string]form{
	"protobuf": {&ptrace.ProtoUnmarshaler{}, &ptrace.ProtoMarshaler{}, readFrame, nil},
	"json":     {&ptrace.JSONUnmarshaler{}, &ptrace.JSONMarshaler{}, readLine, []byte("\n")},
}

func readFrame(file *bufio.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(file, length[:]); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(length[:]))
	if _, err := io.ReadFull(file, body); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return body, nil
}

func readLine(file *bufio.Reader) ([]byte, error) {
	line, err := file.ReadBytes('\n')
	if len(line) > 0 && err == io.EOF {
		return line, nil
	}
	return line, err
}

// through is from the bytes of a request to the bytes of what is left of it.
func (f form) through(request []byte, change process) ([]byte, error) {
	traces, err := f.UnmarshalTraces(request)
	if err != nil {
		return nil, err
	}
	if err := change(traces); err != nil {
		return nil, err
	}
	return f.MarshalTraces(traces)
}
